import { describe, expect, test } from "vitest";
import { refusedDamage, type Damage } from "../../src/model/damage.ts";
import type { KubeObject } from "../../src/model/json.ts";
import type { Plan } from "../../src/model/plan.ts";
import { exactly, one } from "../../src/ports/author.ts";
import { blastOf, drawAll, type Blast } from "../../src/kernel/blast.ts";
import { readExperiment } from "../../src/kernel/experiment.ts";
import { gpusFor } from "../../src/kernel/gpus.ts";
import { makePlan } from "../../src/kernel/planner.ts";
import { roleOf } from "../../src/kernel/victims.ts";
import { nodeOf, placementOf, podOf, RUN, type PodOf } from "../support/placement.ts";
import { drop, jam, offer, serving, unplug, written } from "./kernel-kit.ts";

type Budget = NonNullable<Parameters<typeof serving>[0]["budget"]>;

function planOf(
  changes: object,
  of: { readonly budget?: Budget; readonly gpus?: number } = {},
): Plan {
  const { budget, gpus = 0 } = of;
  const server = serving({ gpus, ...(budget ? { budget } : {}) });
  const load = offer({ to: server, requests: 5 });
  const loaded = written({ stack: [server], load, ...changes });
  return makePlan(readExperiment("sample", loaded), "s", { always: [], addOns: [] });
}
const { nodes, pods, gpus } = serving({});
const cutNode = { faults: [unplug({ on: one(nodes), for: "9s" })] };

/** All three servers on one node, so that its loss takes them all, and `others` beside them. */
function blast(
  plan: Plan,
  others: readonly PodOf[] = [],
  of: { readonly on?: readonly string[]; readonly nodes?: readonly KubeObject[] } = {},
): Blast {
  const { on = ["n1", "n1", "n1"] } = of;
  const [part] = plan.stack;
  const own = on.map((node, nth) =>
    podOf({ name: `server-${nth}`, node, part: "server", gpus: part?.gpusPerPod ?? 0 }),
  );
  const there = of.nodes ?? [nodeOf("n1", 4), nodeOf("n2", 4), nodeOf("n3", 4)];
  const placement = placementOf(plan.stack, [...own, ...others.map(podOf)], there);
  const { met, missing } = drawAll(plan.steps, placement.inventory);
  expect(missing).toEqual([]);
  return blastOf(plan, { run: RUN, steps: plan.steps, stack: plan.stack, met, placement });
}
const kinds = ({ damage }: Blast): readonly string[] => damage.map(({ accept }) => accept);
const rules = ({ damage }: Blast): readonly string[] => damage.map(({ rule }: Damage) => rule);

describe("a node takes all pods that are on it", () => {
  test("of the part it was picked by: more than a count alone would say", () => {
    const plan = planOf(cutNode, { budget: { maxUnavailable: 1 } });
    expect(rules(blast(plan))).toEqual([
      "f01 unplug must leave the disruption budget of server whole: 1 pods may be down, got 3",
    ]);
    expect(blast(plan, [], { on: ["n1", "n2", "n3"] }).damage).toEqual([]);
  });

  test("and the declared minimum is for what is left", () => {
    const plan = planOf({ ...cutNode, minimumReady: [exactly(1, pods)] });
    expect(rules(blast(plan))).toEqual([
      "f01 unplug must leave 1 Ready pods of server (minimumReady), got 0 of 3",
    ]);
    const spread = { on: ["n1", "n2", "n3"] };
    expect(blast(plan, [], spread).damage).toEqual([]);
    const all = planOf({ ...cutNode, minimumReady: [exactly(3, pods)] });
    expect(rules(blast(all, [], spread))[0]).toMatch(/got 2 of 3$/);
  });

  test("of other namespaces too, which are named once each; DaemonSets' are exempt", () => {
    const found = blast(planOf(cutNode), [
      { name: "a", node: "n1", namespace: "shop" },
      { name: "b", node: "n1", namespace: "shop" },
      { name: "c", node: "n2", namespace: "far" },
      { name: "d", node: "n1", namespace: "logs", owner: "DaemonSet d" },
    ]);
    expect(found).toEqual({ damage: [], namespaces: ["shop"] });
  });
});

describe("pods of control plane and monitoring on a node that is met", () => {
  const dns = (name: string, node: string, more: Partial<PodOf> = {}): PodOf => ({
    name,
    node,
    namespace: "kube-system",
    owner: "ReplicaSet dns",
    ...more,
  });
  test.each([
    ["alone", [dns("dns-1", "n1")], ["control-plane-pod"]],
    ["with a Ready replica elsewhere", [dns("dns-1", "n1"), dns("dns-2", "n2")], []],
    [
      "with one that is not Ready",
      [dns("dns-1", "n1"), dns("dns-2", "n2", { ready: false })],
      ["control-plane-pod"],
    ],
    [
      "with both on that node",
      [dns("dns-1", "n1"), dns("dns-2", "n1")],
      ["control-plane-pod", "control-plane-pod"],
    ],
    ["of a DaemonSet", [dns("proxy", "n1", { owner: "DaemonSet p" })], []],
    ["on another node", [dns("dns-1", "n2")], []],
    [
      "static",
      [
        { name: "etcd-n1", node: "n1", namespace: "x", owner: "Node n1" },
        { name: "etcd-n2", node: "n2", namespace: "x", owner: "Node n1" },
      ],
      ["control-plane-pod"],
    ],
    [
      "that measure",
      [{ name: "p", node: "n1", labels: { "app.kubernetes.io/name": "prometheus" } }],
      ["monitoring-pod"],
    ],
  ] as const)("%s", (_, others, expected) => {
    expect(kinds(blast(planOf(cutNode), others))).toEqual(expected);
  });

  test("are told by name, and refused unless accepted", () => {
    const found = blast(planOf(cutNode), [dns("dns-1", "n1")]);
    expect(found.namespaces).toEqual([]);
    const plan = { accepts: [] };
    expect(refusedDamage(plan, found.damage)).toEqual([
      "f01 unplug must take no pod of the control plane without a Ready replica elsewhere, " +
        'got kube-system/dns-1 on n1; accepts: ["control-plane-pod"] if that is what is tested',
    ]);
    expect(refusedDamage({ accepts: ["control-plane-pod"] }, found.damage)).toEqual([]);
  });

  test.each([
    [{ labels: { "app.kubernetes.io/part-of": "kube-prometheus" } }, "monitoring-pod"],
    [{ labels: { "app.kubernetes.io/component": "grafana" } }, "monitoring-pod"],
    [{ labels: { app: "alertmanager-main" } }, "monitoring-pod"],
    [{ labels: { "k8s-app": "metrics-server" }, namespace: "kube-system" }, "monitoring-pod"],
    [{ part: "metrics-server", namespace: "kube-system" }, "monitoring-pod"],
    [{ annotations: { "kubernetes.io/config.mirror": "x" } }, "control-plane-pod"],
    [{ spec: { priorityClassName: "system-cluster-critical" } }, "control-plane-pod"],
    [{ labels: { app: "promo" } }, null],
    [{ part: "server" }, null],
  ] as const)("%j is %s", (of, role) => {
    expect(roleOf(podOf({ name: "any", node: "n1", ...of }))).toBe(role);
  });
});

describe("surviving GPUs", () => {
  const pair = [nodeOf("n1", 4), nodeOf("n2", 3)];
  const lost = planOf(cutNode, { gpus: 1 });

  test("host what is displaced, or not", () => {
    expect(blast(lost, [], { nodes: pair }).damage).toEqual([]);
    const tight = [nodeOf("n1", 4), nodeOf("n2", 2)];
    expect(rules(blast(lost, [], { nodes: tight }))).toEqual([
      "f01 unplug must leave a free GPU for each displaced pod, got none for ninety-sample/server-2",
    ]);
  });

  test.each([
    ["are used by others", [{ name: "busy", node: "n2", gpus: 1 }], pair],
    ["are cordoned", [], [nodeOf("n1", 4), nodeOf("n2", 3, { unschedulable: true })]],
    [
      "are behind a taint",
      [],
      [nodeOf("n1", 4), nodeOf("n2", 3, { taints: [{ key: "x", effect: "NoSchedule" }] })],
    ],
    ["are asked for by displaced pods of others", [{ name: "o", node: "n1", gpus: 1 }], pair],
  ] as const)("that %s host nobody", (_, others, there) => {
    expect(kinds(blast(lost, others, { nodes: there }))).toContain("no-spare-gpu");
  });

  test("behind a taint host who tolerates it, and by node selector who is meant", () => {
    const taints = [{ key: "gpu", value: "yes", effect: "NoSchedule" }];
    const there = [nodeOf("n1", 4), nodeOf("n2", 4, { taints })];
    const of = (spec: object): readonly string[] => {
      const plan = planOf(cutNode, { gpus: 1 });
      const limits = { "nvidia.com/gpu": "1" };
      const containers = [{ name: "c", resources: { limits } }];
      const own = podOf({ name: "server-0", node: "n1", part: "server", gpus: 1 });
      const pod = { ...own, spec: { nodeName: "n1", containers, ...spec } };
      const placement = placementOf(plan.stack, [pod], there);
      const { met } = drawAll(plan.steps, placement.inventory);
      return kinds(
        blastOf(plan, { run: RUN, steps: plan.steps, stack: plan.stack, met, placement }),
      );
    };
    const tolerations = (more: object): object => ({ tolerations: [more] });
    expect(of(tolerations({ key: "gpu", operator: "Exists" }))).toEqual([]);
    expect(of(tolerations({ key: "gpu", value: "yes", effect: "NoSchedule" }))).toEqual([]);
    expect(of(tolerations({ operator: "Exists" }))).toEqual([]);
    expect(of(tolerations({ key: "gpu", value: "no" }))).toEqual(["no-spare-gpu"]);
    expect(of(tolerations({ key: "gpu", operator: "Exists", effect: "NoExecute" }))).toHaveLength(
      1,
    );
    const any = [{ operator: "Exists" }];
    expect(of({ tolerations: any, nodeSelector: { pool: "b" } })).toEqual([]);
    expect(of({ tolerations: any, nodeSelector: { pool: "a" } })).toEqual(["no-spare-gpu"]);
  });

  test("are one fewer where a device is lost", () => {
    const plan = planOf({ faults: [jam({ on: one(gpus), for: "9s", delay: "1ms" })] }, { gpus: 1 });
    const of = (devices: number): readonly string[] =>
      kinds(blast(plan, [], { nodes: [nodeOf("n1", devices)] }));
    expect(of(4)).toEqual([]);
    expect(of(3)).toEqual(["no-spare-gpu"]);
  });

  test("for parts that come: free ones on nodes that take them", () => {
    const { stack } = planOf({}, { gpus: 1 });
    const busy = podOf({ name: "busy", node: "n1", gpus: 3 });
    const shut = nodeOf("n3", 8, { taints: [{ key: "x", effect: "NoExecute" }] });
    const there = { nodes: [nodeOf("n1", 4), nodeOf("n2", 4), shut], pods: [busy] };
    expect(gpusFor(stack, there)).toBe(5);
  });
});

test("what happens at the same instant is counted together", () => {
  const faults = [drop({ on: one(pods) }), drop({ on: exactly(2, pods) })];
  const plan = planOf({ faults, minimumReady: [exactly(1, pods)] });
  const [, second] = plan.steps;
  const steps = [plan.steps[0]!, { ...second!, slots: [1, 2] }];
  const shifted = { ...plan, steps: [{ ...steps[0]!, slots: [0] }, steps[1]!] };
  expect(kinds(blast(shifted))).toEqual(["below-minimum", "below-minimum"]);
});
