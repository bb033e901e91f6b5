import { describe, expect, it } from "vitest";
import { DEVICE_ROOT } from "../../src/model/device.ts";
import { at, listAt } from "../../src/model/json.ts";
import type { Part } from "../../src/ports/author.ts";
import { virtualGpus } from "../../workloads/parts/gpu-plugin.ts";
import { modelServer } from "../../workloads/parts/model-server.ts";
import { mover } from "../../workloads/parts/mover.ts";
import { nodeAgent } from "../../workloads/parts/node-agent.ts";

const object = (part: Part, kind: string): unknown =>
  part.planned.objects.find((one) => one.kind === kind);
const podOf = (part: Part, kind: string): unknown =>
  at(object(part, kind), "spec", "template", "spec");
const mountsOf = (part: Part): readonly unknown[] =>
  listAt(podOf(part, "DaemonSet"), "containers", 0, "volumeMounts").map((one) =>
    at(one, "mountPath"),
  );

describe("mover", () => {
  const server = modelServer({ replicas: 3, gpus: 1, probes: "deep", name: "ranker" });

  it("may read pods and ask for evictions in its own namespace, and nothing else", () => {
    const part = mover({ watches: server, atMost: 1 });
    expect(part.problems).toEqual([]);
    expect(at(object(part, "Role"), "rules")).toEqual([
      { apiGroups: [""], resources: ["pods"], verbs: ["get", "list", "watch"] },
      { apiGroups: [""], resources: ["pods/eviction"], verbs: ["create"] },
    ]);
    expect(at(object(part, "RoleBinding"), "subjects")).toEqual([
      { kind: "ServiceAccount", name: "mover" },
    ]);
    expect(podOf(part, "Deployment")).toMatchObject({
      serviceAccountName: "mover",
      automountServiceAccountToken: true,
    });
  });

  it("watches the pods of the part it was given, one mover at a time, without a GPU", () => {
    const part = mover({ watches: server, atMost: 2, gap: "3s" });
    const container = at(podOf(part, "Deployment"), "containers", 0);
    expect(listAt(container, "env")).toEqual(
      expect.arrayContaining([
        { name: "SELECTOR", value: "ninety/part=ranker" },
        { name: "AT_MOST", value: "2" },
        { name: "GAP_MS", value: "3000" },
      ]),
    );
    expect(at(object(part, "Deployment"), "spec", "strategy")).toEqual({ type: "Recreate" });
    expect(JSON.stringify(container)).not.toContain("nvidia.com/gpu");
  });

  it("tells what is wrong", () => {
    const plain = modelServer({ replicas: 1, probes: "deep" });
    const { problems, planned } = mover({ watches: plain as never, atMost: 0 });
    expect(problems).toEqual([
      "mover.atMost must be a whole number, 1 to 50, got 0",
      "mover.watches must be a part with GPUs, got server, which has none",
    ]);
    expect(planned.objects).toEqual([]);
    expect(mover({ atMost: 1 } as never).problems).toEqual([
      "mover.watches must be a part with GPUs, got undefined",
    ]);
  });
});

describe("node agent", () => {
  it("is privileged on every node, with devices, journal and socket", () => {
    const part = nodeAgent();
    expect(part.problems).toEqual([]);
    expect(part.planned.objects.map(({ kind }) => kind)).toEqual(["Namespace", "DaemonSet"]);
    expect(podOf(part, "DaemonSet")).toMatchObject({
      hostPID: true,
      priorityClassName: "system-node-critical",
      tolerations: [{ operator: "Exists" }],
      automountServiceAccountToken: false,
    });
    expect(mountsOf(part)).toEqual([DEVICE_ROOT, "/var/lib/ninety/effects", "/run/ninety"]);
  });

  it("mounts what else is asked for", () => {
    expect(mountsOf(nodeAgent({ mounts: [{ path: "/var/log" }] }))).toContain("/var/log");
  });

  it("replaces one effect's program, and is another pod for another text", () => {
    const replaced = (source: string): Part =>
      nodeAgent({ replace: { effect: "gpu-state", source } });
    const part = replaced("export {};");
    expect(at(object(part, "ConfigMap"), "data")).toEqual({ "gpu-state.ts": "export {};" });
    expect(listAt(podOf(part, "DaemonSet"), "containers", 0, "volumeMounts")).toContainEqual({
      name: "replaced",
      mountPath: "/app/src/agents/effects/gpu-state.ts",
      subPath: "gpu-state.ts",
      readOnly: true,
    });
    const template = (one: Part): string =>
      JSON.stringify(at(object(one, "DaemonSet"), "spec", "template"));
    expect(template(part)).toBe(template(replaced("export {};")));
    expect(template(part)).not.toBe(template(replaced("export { };")));
    expect(template(nodeAgent())).not.toContain("replaced");
  });

  it("replaces several programs from one place", () => {
    const part = nodeAgent({
      replace: [
        { effect: "freeze", source: "1;" },
        { effect: "gpu-state", source: "2;" },
      ],
    });
    expect(part.problems).toEqual([]);
    const data = { "freeze.ts": "1;", "gpu-state.ts": "2;" };
    expect(at(object(part, "ConfigMap"), "data")).toEqual(data);
    const mounts = JSON.stringify(listAt(podOf(part, "DaemonSet"), "containers"));
    for (const file of Object.keys(data)) expect(mounts).toContain(`"subPath":"${file}"`);
    expect(
      nodeAgent({ replace: [{ effect: "Freeze", source: "1;" }] }).problems.map(
        (one) => one.split(" ")[0],
      ),
    ).toEqual(["nodeAgent.replace[0].effect"]);
  });

  it("tells what is wrong", () => {
    const { problems } = nodeAgent({
      mounts: [{ path: "../etc" }],
      replace: { effect: "../x", source: "" },
      image: "x",
    } as never);
    expect(problems.map((one) => one.split(" ")[0])).toEqual([
      "nodeAgent.mounts[0].path",
      "nodeAgent.replace.effect",
      "nodeAgent.replace.source",
      "nodeAgent.image",
    ]);
  });
});

describe("virtual GPUs", () => {
  it("are registered by a pod that is root and has no privilege", () => {
    const part = virtualGpus({ perNode: 2 });
    const container = at(podOf(part, "DaemonSet"), "containers", 0);
    expect(at(container, "securityContext")).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
      runAsUser: 0,
    });
    expect(listAt(container, "env")).toContainEqual({ name: "GPUS", value: "2" });
    expect(mountsOf(part)).toEqual(["/var/lib/kubelet/device-plugins", DEVICE_ROOT]);
  });

  it("are 1 to 8 of a node", () => {
    expect(virtualGpus({ perNode: 9 }).problems).toEqual([
      "virtualGpus.perNode must be a whole number, 1 to 8, got 9",
    ]);
  });
});
