import { createServer } from "node:http";
import { networkInterfaces } from "node:os";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { kubeApi } from "../../src/clusters/kube/api.ts";
import { kubeProvider } from "../../src/clusters/kube/kube.ts";
import { kubeWitness } from "../../src/clusters/kube/witness.ts";
import { EXIT } from "../../src/model/error.ts";
import { textAt, type KubeObject } from "../../src/model/json.ts";
import type { Target } from "../../src/model/target.ts";
import { ApiError, type Api } from "../../src/ports/api.ts";
import { apiContract, Seen } from "../../src/testing/api-contract.ts";
import { TcpProxy } from "./kube-api-proxy.ts";
import { binaryFolder, startApiServer, type ApiServer } from "../support/kube-api-server.ts";

const folder = "api/v1/namespaces/default/configmaps";
const quick = { windowS: 1, graceMs: 500, seamMs: 300, backoffMs: [50, 200] } as const;
/** What is not in the cache yet is compiled first. */
const BUILD_MS = 1_200_000;
const signal = new AbortController().signal;

let server: ApiServer;
let api: Api;
beforeAll(async () => {
  server = await startApiServer(await binaryFolder(signal));
  api = kubeApi(server.kubeconfig("admin"));
}, BUILD_MS);
afterAll(() => server.stop());

const map = (name: string, step: string): KubeObject => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { name, namespace: "default" },
  data: { step },
});

describe("the Api contract against a real API server", () => {
  const later: Api = {
    get: (...args) => api.get(...args),
    list: (...args) => api.list(...args),
    apply: (...args) => api.apply(...args),
    call: (...args) => api.call(...args),
    watch: (...args) => api.watch(...args),
    exec: (...args) => api.exec(...args),
  };
  for (const { name, run } of apiContract(later, "default")) test(name, run);
});

test("a list of more than one page is whole", async () => {
  const names = Array.from({ length: 1_100 }, (_, index) => `page-${index}`);
  for (let from = 0; from < names.length; from += 50) {
    await Promise.all(names.slice(from, from + 50).map((name) => api.apply(map(name, ""))));
  }
  const found = await api.list(folder);
  const pages = found.filter((one) => one.metadata.name.startsWith("page-"));
  expect(new Set(pages.map((one) => one.metadata.name)).size).toBe(names.length);
  expect((await api.call({ method: "DELETE", path: folder })).status).toBe(200);
});

test("a kind that is not built in is found by asking the server, once", async () => {
  await api.apply({
    apiVersion: "apiextensions.k8s.io/v1",
    kind: "CustomResourceDefinition",
    metadata: { name: "geese.example.com" },
    spec: {
      group: "example.com",
      scope: "Namespaced",
      names: { kind: "Goose", plural: "geese", singular: "goose", listKind: "GooseList" },
      versions: [
        {
          name: "v1",
          served: true,
          storage: true,
          schema: {
            openAPIV3Schema: { type: "object", "x-kubernetes-preserve-unknown-fields": true },
          },
        },
      ],
    },
  });
  const goose = {
    apiVersion: "example.com/v1",
    kind: "Goose",
    metadata: { name: "g", namespace: "default" },
  };
  const untilMs = performance.now() + 15_000;
  let held: KubeObject | null = null;
  while (held === null) {
    held = await api.apply(goose).catch((error: unknown) => {
      if (performance.now() > untilMs) throw error;
      return null;
    });
  }
  expect(textAt(held, "metadata", "uid")).not.toBe("");
});

test("a patch is a merge patch for an object and a JSON patch for a list", async () => {
  await api.apply(map("patched", "1"));
  const path = `${folder}/patched`;
  await api.call({ method: "PATCH", path, body: { data: { step: "2", more: "x" } } });
  expect(textAt(await api.get(path), "data", "step")).toBe("2");
  const body = [{ op: "remove", path: "/data/more" }];
  expect((await api.call({ method: "PATCH", path, body })).status).toBe(200);
  expect(textAt(await api.get(path), "data", "more")).toBe("");
});

describe("behind a link that fails", () => {
  let proxy: TcpProxy;
  let through: Api;
  let path: string;
  beforeAll(async () => {
    proxy = await TcpProxy.to(server.port);
    path = server.kubeconfig("admin", proxy.port);
    through = kubeApi(path, undefined, { limitMs: 1_000, watch: quick });
  });
  afterAll(() => proxy.close());

  test("a request ends with its time limit and says so", async () => {
    await through.get("version");
    proxy.silence(true);
    const beganMs = performance.now();
    const error = await through.get("version").catch((error: unknown) => error);
    proxy.silence(false);
    expect(error).toBeInstanceOf(ApiError);
    expect((error as ApiError).status).toBe(0);
    expect((error as ApiError).message).toContain("must be answered within 1000 ms");
    expect(performance.now() - beganMs).toBeLessThan(2_000);
  });

  test("a socket that broke while idle is not an error", async () => {
    await through.get("version");
    proxy.cut();
    expect(textAt(await through.get("version"), "major")).toBe("1");
  });

  test("a watch runs through many streams without a gap", async () => {
    const seen = new Seen({ api: through, folder });
    const object = map("steady", "0");
    for (let step = 0; step < 30; step += 1) {
      await api.apply(map("steady", String(step)));
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await seen.until(() => seen.of(object).at(-1) === "MODIFIED 29");
    await seen.end();
    // The first may have been there before the watch was.
    expect(seen.of(object)).toHaveLength(30);
    expect(seen.gaps).toEqual([]);
  });

  test("silence is a gap as long as it was, and what happened in it is stale", async () => {
    const kept = map("kept", "1");
    const gone = map("gone", "1");
    const made = map("made", "1");
    await api.apply(kept);
    await api.apply(gone);
    const seen = new Seen({ api: through, folder });
    await seen.until(() => seen.of(gone).length === 1 && seen.of(kept).length === 1);
    proxy.silence(true);
    const beganMs = performance.now();
    await api.apply(map("kept", "2"));
    await api.apply(made);
    await api.call({ method: "DELETE", path: `${folder}/gone` });
    await seen.until(() => seen.gaps.length === 1);
    expect(performance.now() - beganMs).toBeLessThan(2_500);
    expect(seen.gaps[0]?.blindMs).toBeGreaterThan(400);
    expect(seen.of(made)).toEqual([]);
    proxy.silence(false);
    await seen.until(() => seen.of(made).length === 1 && seen.of(gone).length === 2);
    expect(seen.of(made)).toEqual(["ADDED stale 1"]);
    expect(seen.of(kept)).toEqual(["ADDED stale 1", "MODIFIED stale 2"]);
    expect(seen.of(gone)).toEqual(["ADDED stale 1", "DELETED stale 1"]);
    expect(seen.gaps).toHaveLength(1);
    await api.apply(map("made", "2"));
    await seen.until(() => seen.of(made).length === 2);
    expect(seen.of(made).at(-1)).toBe("MODIFIED 2");
    await seen.end();
  });

  test("a broken connection is a gap and is mended", async () => {
    const object = map("mended", "1");
    const seen = new Seen({ api: through, folder });
    await seen.until(() => seen.of(map("made", "")).length > 0);
    proxy.cut();
    await seen.until(() => seen.gaps.length === 1);
    await api.apply(object);
    await seen.until(() => seen.of(object).length === 1);
    await seen.end();
  });

  test("a silent API server is not taken for a silent pod", async () => {
    const witness = kubeWitness(through, { answerMs: 300 });
    proxy.silence(true);
    const look = witness.http(pod("any"), { port: 1, path: "/" });
    await expect(look).rejects.toThrow("must be answered within");
    proxy.silence(false);
  });

  test("its silence, its absence and what it says of itself are told apart", async () => {
    const witness = kubeWitness(through);
    const ping = await witness.apiServer("livez/ping", 2_000);
    expect(ping).toMatchObject({ answered: true, status: 200, body: "ok" });
    const ready = await witness.apiServer("readyz?verbose", 5_000);
    expect(ready.body).toMatch(/^\[\+\]etcd ok$/m);
    proxy.silence(true);
    const silent = await witness.apiServer("livez/ping", 300);
    expect(silent).toMatchObject({ answered: false, status: 0 });
    expect(silent.body).not.toContain("ECONN");
    expect(silent.tookMs).toBeGreaterThanOrEqual(300);
    proxy.silence(false);
    expect(await witness.apiServer("livez/ping", 2_000)).toMatchObject({ answered: true });
    const nowhere = kubeWitness(kubeApi(server.kubeconfig("admin", 1)));
    const absent = await nowhere.apiServer("livez/ping", 2_000);
    expect(absent).toMatchObject({ answered: false, status: 0 });
    expect(absent.body).toContain("ECONNREFUSED");
  });
});

const pod = (name: string): Target<"pod"> => ({
  kind: "pod",
  namespace: "default",
  name,
  uid: "",
  node: "",
});

describe("the witness", () => {
  // The API server dials no loopback address for a pod; this machine's own does not leave it.
  const address = Object.values(networkInterfaces())
    .flat()
    .find((one) => one?.internal === false && one.family === "IPv4")?.address;
  let port = 0;
  const backend = createServer((request, answer) => {
    if (request.url?.startsWith("/silent") === true) return;
    answer.statusCode = request.url?.startsWith("/busy") === true ? 503 : 200;
    request.pipe(answer);
    if (request.method === "GET") answer.end(`got ${request.url}`);
  });
  beforeAll(async () => {
    await new Promise<void>((resolve) => backend.listen(0, address, resolve));
    port = (backend.address() as { port: number }).port;
    await api.apply({
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name: "seen", namespace: "default" },
      spec: {
        nodeName: "none",
        terminationGracePeriodSeconds: 0,
        containers: [{ name: "c", image: "none.invalid/none" }],
      },
    });
    const status = { phase: "Running", podIP: address ?? "", podIPs: [{ ip: address ?? "" }] };
    const path = "api/v1/namespaces/default/pods/seen/status";
    expect((await api.call({ method: "PATCH", path, body: { status } })).status).toBe(200);
  });
  afterAll(() => {
    backend.closeAllConnections();
    backend.close();
  });

  test("passes on what the pod answers, its 503 too", async () => {
    const witness = kubeWitness(api);
    const look = await witness.http(pod("seen"), { port, path: "/a?b=c" });
    expect(look).toMatchObject({ answered: true, status: 200, body: "got /a?b=c" });
    const said = await witness.http(pod("seen"), { port, path: "say", body: { x: 1 } });
    expect(look.tookMs).toBeGreaterThan(0);
    expect(said).toMatchObject({ answered: true, status: 200, body: '{"x":1}' });
    const busy = await witness.http(pod("seen"), { port, path: "/busy" });
    expect(busy).toMatchObject({ answered: true, status: 503, body: "got /busy" });
  });

  test("tells a port that refuses, a pod that is silent and a pod that is gone", async () => {
    const witness = kubeWitness(api, { answerMs: 500 });
    const refused = await witness.http(pod("seen"), { port: 1, path: "/" });
    expect(refused).toMatchObject({ answered: false, status: 503 });
    expect(refused.body).toContain("connection refused");
    const silent = await witness.http(pod("seen"), { port, path: "/silent" });
    expect(silent).toMatchObject({ answered: false, status: 0, body: "no answer within 500 ms" });
    expect(silent.tookMs).toBeGreaterThanOrEqual(500);
    const gone = await witness.http(pod("not-there"), { port, path: "/" });
    expect(gone).toMatchObject({ answered: false, status: 404 });
  });

  test("throws where it may not look", async () => {
    const witness = kubeWitness(kubeApi(server.kubeconfig("nobody")));
    await expect(witness.http(pod("seen"), { port, path: "/" })).rejects.toThrow("403");
    await expect(witness.object("api/v1/nodes")).rejects.toThrow("403");
  });
});

describe("the kubeconfig cluster", () => {
  const images = { programs: "registry.example.com/programs@sha256:0" };
  const plan = {
    nodes: 2,
    gpusPerNode: 1,
    nodeGraceMs: 20_000,
    nodeLeaseMs: null,
    backoffMaxMs: null,
  };
  const provider = (user: "admin" | "nobody") =>
    kubeProvider({ kubeconfigPath: server.kubeconfig(user), images });

  test("is prepared for who may do all that a run does", async () => {
    await provider("admin").prepare(() => undefined, signal);
  });

  test("refuses who may not, naming each missing permission", async () => {
    const refused = provider("nobody").prepare(() => undefined, signal);
    await expect(refused).rejects.toMatchObject({ exit: EXIT.preflight });
    await expect(refused).rejects.toThrow("context test: must be allowed to create pods/exec\n");
    await expect(refused).rejects.toThrow("must be allowed to patch deployments.apps\n");
  });

  test("refuses without a kubeconfig, a context or a server", async () => {
    const kubeconfigPath = server.kubeconfig("admin");
    const prepare = (options: object) =>
      kubeProvider({ kubeconfigPath, images, ...options }).prepare(() => undefined, signal);
    const exit = { exit: EXIT.preflight };
    // Whether a run needs ninety's programs there is asked of its plan, not of the cluster.
    await expect(prepare({ images: {} })).resolves.toBeUndefined();
    await expect(prepare({ kubeconfigPath: "/not/there" })).rejects.toMatchObject(exit);
    await expect(prepare({ context: "none" })).rejects.toThrow("must be one of [test]");
    const dead = prepare({ kubeconfigPath: server.kubeconfig("admin", 1) });
    await expect(dead).rejects.toMatchObject(exit);
    await expect(dead).rejects.toThrow("the API server must answer");
  });

  test("tells nodes, level and what differs from what was asked", async () => {
    const cluster = await provider("admin").up(plan, () => undefined, signal);
    expect(cluster).toMatchObject({ kind: "kube", instance: "test", level: "virtual-gpu" });
    await api.apply({ apiVersion: "v1", kind: "Node", metadata: { name: "k1" } });
    const status = {
      capacity: { cpu: "4", memory: "8Gi", "nvidia.com/gpu": "2" },
      allocatable: { cpu: "4", memory: "8Gi", "nvidia.com/gpu": "2" },
      conditions: [{ type: "Ready", status: "True" }],
    };
    await api.call({ method: "PATCH", path: "api/v1/nodes/k1/status", body: { status } });
    const untainted = { spec: { taints: null } };
    await api.call({ method: "PATCH", path: "api/v1/nodes/k1", body: untainted });
    const told = await cluster.describe(signal);
    expect(told.kubernetes).toMatch(/^v1\.\d+/);
    expect(told.nodes).toMatchObject([{ name: "k1", ready: true, cpus: 4, gpus: 2 }]);
    expect(told.differences).toContain("The experiment asks for 2 worker nodes; there are 1.");
    expect(told.differences).toContain("The experiment asks for 1 GPUs a node; k1 has 2.");
    expect(told.differences.join()).toContain("node grace period of 20000 ms");
    await cluster.ready(signal);
    await cluster.down();
    await api.call({ method: "DELETE", path: "api/v1/nodes/k1" });
  });
});
