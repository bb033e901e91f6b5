import { describe, expect, test } from "vitest";
import { serverMessage } from "../../src/clusters/kube/answer.ts";
import { exitCode } from "../../src/clusters/kube/exec.ts";
import { differences, hasRealGpus, notReady, workers } from "../../src/clusters/kube/inventory.ts";
import { LineSplitter, Tail } from "../../src/clusters/kube/lines.ts";
import { permissionsFor, showPermission } from "../../src/clusters/kube/permissions.ts";
import { builtIn, discovered, groupPath, objectPath } from "../../src/clusters/kube/resources.ts";
import { pause, withinMs } from "../../src/clusters/kube/time-limit.ts";
import { heard } from "../../src/clusters/kube/witness.ts";
import type { KubeObject } from "../../src/model/json.ts";

describe("lines", () => {
  test("are cut wherever the chunks are cut, inside a character too", () => {
    const bytes = Buffer.from("a\nżółw\n\nrest");
    for (let at = 0; at <= bytes.length; at += 1) {
      const splitter = new LineSplitter(100);
      const lines = [bytes.subarray(0, at), bytes.subarray(at)].flatMap((one) =>
        splitter.push(one),
      );
      expect(lines).toEqual(["a", "żółw", ""]);
      expect(splitter.rest()).toBe("rest");
    }
  });

  test("longer than the bound are refused, also when no line feed ever comes", () => {
    const splitter = new LineSplitter(4);
    expect(splitter.push(Buffer.from("four\n"))).toEqual(["four"]);
    splitter.push(Buffer.from("fo"));
    expect(() => splitter.push(Buffer.from("ive"))).toThrow("at most 4 bytes");
  });

  test("a tail keeps the end", () => {
    const tail = new Tail(4);
    tail.add("abc");
    tail.add("def");
    expect(tail.text()).toBe("cdef");
  });
});

describe("time limits", () => {
  const late = (): Error => new Error("late");
  const forever = async (signal: AbortSignal): Promise<void> =>
    new Promise((_, reject) => signal.addEventListener("abort", () => reject(new Error("inner"))));

  test("give the work's result and leave no listener on the parent", async () => {
    const parent = new AbortController();
    expect(await withinMs(10_000, parent.signal, late, async () => 7)).toBe(7);
    parent.abort();
  });

  test("reject with what came first: the time or the parent's reason", async () => {
    await expect(withinMs(1, undefined, late, forever)).rejects.toThrow("late");
    const parent = new AbortController();
    const work = withinMs(10_000, parent.signal, late, forever);
    parent.abort(new Error("parent"));
    await expect(work).rejects.toThrow("parent");
    await expect(withinMs(1, parent.signal, late, forever)).rejects.toThrow("parent");
  });

  test("a pause ends with its signal", async () => {
    const stop = new AbortController();
    const paused = pause(60_000, stop.signal);
    stop.abort();
    await paused;
    await pause(60_000, stop.signal);
  });
});

describe("resources", () => {
  const object = (apiVersion: string, kind: string, namespace?: string): KubeObject => ({
    apiVersion,
    kind,
    metadata: { name: "x", ...(namespace === undefined ? {} : { namespace }) },
  });
  const pathOf = (one: KubeObject): string => {
    const resource = builtIn(one.apiVersion, one.kind);
    return resource === null ? "unknown" : objectPath(one, resource);
  };

  test.each([
    [object("v1", "Pod", "a"), "api/v1/namespaces/a/pods/x"],
    [object("v1", "Namespace"), "api/v1/namespaces/x"],
    [object("v1", "Endpoints", "a"), "api/v1/namespaces/a/endpoints/x"],
    [object("apps/v1", "DaemonSet", "a"), "apis/apps/v1/namespaces/a/daemonsets/x"],
    [
      object("policy/v1", "PodDisruptionBudget", "a"),
      "apis/policy/v1/namespaces/a/poddisruptionbudgets/x",
    ],
    [
      object("networking.k8s.io/v1", "NetworkPolicy", "a"),
      "apis/networking.k8s.io/v1/namespaces/a/networkpolicies/x",
    ],
    [object("storage.k8s.io/v1", "StorageClass"), "apis/storage.k8s.io/v1/storageclasses/x"],
    [
      object("rbac.authorization.k8s.io/v1", "ClusterRole"),
      "apis/rbac.authorization.k8s.io/v1/clusterroles/x",
    ],
    [object("example.com/v1", "Goose", "a"), "unknown"],
  ])("are found by kind: %j", (one, path) => {
    expect(pathOf(one)).toBe(path);
  });

  test("a namespaced object without a namespace is refused", () => {
    expect(() => pathOf(object("v1", "Pod"))).toThrow("metadata.namespace must be set");
  });

  test("are read from discovery, subresources aside", () => {
    const resources = [
      { name: "geese/status", kind: "Goose", namespaced: true },
      { name: "geese", kind: "Goose", namespaced: false },
    ];
    expect(groupPath("example.com/v1")).toBe("apis/example.com/v1");
    expect(discovered({ resources }, "Goose")).toEqual({ plural: "geese", namespaced: false });
    expect(discovered({ resources }, "Duck")).toBeNull();
    expect(discovered(null, "Goose")).toBeNull();
  });
});

test("an exec ends with the code in its status", () => {
  const tail = new Tail(100);
  expect(exitCode('{"status":"Success"}', tail)).toBe(0);
  const causes = [{ reason: "ExitCode", message: "137" }];
  expect(exitCode(JSON.stringify({ status: "Failure", details: { causes } }), tail)).toBe(137);
  expect(tail.text()).toBe("");
  expect(exitCode('{"status":"Failure","message":"no such container"}', tail)).toBeNull();
  expect(tail.text()).toContain("no such container");
  expect(exitCode("not json", tail)).toBeNull();
});

describe("the witness hears", () => {
  const status = (code: number, message: string, kind = "services"): string =>
    JSON.stringify({
      kind: "Status",
      apiVersion: "v1",
      status: "Failure",
      message,
      code,
      details: { kind },
    });

  test("a pod, whatever its status and body", () => {
    expect(heard("p", 200, "ok")).toEqual({ answered: true, status: 200, body: "ok" });
    expect(heard("p", 503, "no")).toEqual({ answered: true, status: 503, body: "no" });
    expect(heard("p", 404, '{"error":"x"}')).toMatchObject({ answered: true, status: 404 });
    expect(heard("p", 200, status(200, "a pod may say this"))).toMatchObject({ answered: true });
  });

  test("nobody, where the API server could not reach the pod", () => {
    const dial = "error trying to reach service: dial tcp 10.0.0.1:1: connect: connection refused";
    expect(heard("p", 503, status(503, dial))).toEqual({
      answered: false,
      status: 503,
      body: dial,
    });
    const gone = status(404, 'pods "x" not found', "pods");
    expect(heard("p", 404, gone)).toMatchObject({ answered: false });
  });

  test("a refusal to look as an error", () => {
    expect(() => heard("p", 403, status(403, "forbidden"))).toThrow("403: forbidden");
    expect(() => heard("p", 503, status(503, "etcd is down"))).toThrow("etcd is down");
  });

  test("messages of any kind", () => {
    expect(serverMessage("")).toBe("no message");
    expect(serverMessage("x".repeat(1_000))).toHaveLength(500);
    expect(serverMessage(status(409, "conflict"))).toBe("conflict");
  });
});

describe("the inventory", () => {
  const node = (name: string, of: object = {}): KubeObject => ({
    apiVersion: "v1",
    kind: "Node",
    metadata: { name },
    status: {
      conditions: [{ type: "Ready", status: "True" }],
      capacity: { "nvidia.com/gpu": "2" },
      allocatable: { "nvidia.com/gpu": "2" },
    },
    ...of,
  });
  const master = node("m", {
    spec: { taints: [{ key: "node-role.kubernetes.io/control-plane", effect: "NoSchedule" }] },
  });
  const plan = {
    nodes: 1,
    gpusPerNode: 2,
    nodeGraceMs: null,
    nodeLeaseMs: null,
    backoffMaxMs: null,
  };

  test("counts only nodes that take pods", () => {
    const cordoned = node("c", { spec: { unschedulable: true } });
    expect(workers([master, cordoned, node("w")]).map((one) => one.metadata.name)).toEqual(["w"]);
    expect(differences(plan, [master, node("w")], 36)).toEqual([]);
    expect(differences({ ...plan, backoffMaxMs: 1 }, [], 35)).toHaveLength(3);
  });

  test("says what is not ready", () => {
    expect(notReady([master])).toEqual(["worker nodes: must be at least 1, got 0"]);
    expect(notReady([node("w")])).toEqual([]);
    expect(notReady([node("w", { status: {} })])).toEqual(["node w: must be Ready"]);
    const lacking = node("w", {
      status: {
        conditions: [{ type: "Ready", status: "True" }],
        capacity: { "nvidia.com/gpu": "2" },
        allocatable: { "nvidia.com/gpu": "1" },
      },
    });
    expect(notReady([lacking])).toEqual(["node w: all of its 2 GPUs must be allocatable, got 1"]);
  });

  test("takes GPUs for real only where NVIDIA's plugin runs", () => {
    const set = (image: string): KubeObject => ({
      apiVersion: "apps/v1",
      kind: "DaemonSet",
      metadata: { name: "gpu-plugin" },
      spec: { template: { spec: { containers: [{ image }] } } },
    });
    const ours = set("ninety.local/programs:abc");
    const real = set("nvcr.io/nvidia/k8s-device-plugin:v0.18.0");
    expect(hasRealGpus([node("w")], [ours])).toBe(false);
    expect(hasRealGpus([node("w")], [ours, real])).toBe(true);
    expect(hasRealGpus([node("w", { status: {} })], [real])).toBe(false);
  });
});

test("permissions are shown the way kubectl auth can-i takes them", () => {
  const shown = permissionsFor({ changes: true }).map(showPermission);
  expect(shown).toContain("create pods/exec");
  expect(shown).toContain("patch deployments.apps");
  expect(new Set(shown).size).toBe(shown.length);
  // A run that brings nothing asks for no more than it does.
  const looks = permissionsFor({ changes: false }).map(showPermission);
  const changing = looks.filter((one) => /^(create|patch|delete)/.test(one));
  expect(changing).toEqual([
    "delete pods",
    "create pods/proxy",
    "create leases.coordination.k8s.io",
    "patch leases.coordination.k8s.io",
    "delete leases.coordination.k8s.io",
  ]);
  expect(shown).toEqual(expect.arrayContaining([...looks]));
  const evicts = permissionsFor({ changes: false, evicts: true }).map(showPermission);
  expect(evicts).toEqual([...looks, "create pods/eviction"]);
  const guarded = permissionsFor({ changes: true, guarded: true }).map(showPermission);
  expect(guarded).toEqual([...shown, "patch nodes", "patch pods", "create pods/eviction"]);
});
