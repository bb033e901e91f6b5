import { expect, test } from "vitest";
import { carryOut, refusals, type ResolvedStep } from "../../src/chaos-mesh/carry.ts";
import type { Effect } from "../../src/model/effect.ts";
import type { Target } from "../../src/model/target.ts";

type NetShape = Extract<Effect, { kind: "net-shape" }>;

const pod = (nth: number, namespace = "shop"): Target<"pod"> => ({
  kind: "pod",
  namespace,
  name: `web-${nth}`,
  uid: `u-${nth}`,
  node: "n1",
});
const deleted = (nth: number, graceMs = 0): Effect => ({ kind: "delete", pod: pod(nth), graceMs });
const killed = (nth: number, container = ""): Effect => ({
  kind: "container-kill",
  pod: pod(nth),
  container,
});
const step = (effects: readonly Effect[], changes: Partial<ResolvedStep> = {}): ResolvedStep => ({
  id: "f01",
  fault: "pod-kill",
  forMs: null,
  follow: false,
  effects,
  ...changes,
});
const scene = {
  containers: { "u-1": ["web"], "u-2": ["web", "proxy"], "u-3": [] },
} as const;
const carry = (...steps: readonly ResolvedStep[]): ReturnType<typeof carryOut> =>
  carryOut(steps, { experiment: "shop", seed: "s1", scene });

test("a deleted pod is a pod-kill of that name, its grace said", () => {
  const { steps, problems } = carry(step([deleted(1, 30_000)]));
  expect(problems).toEqual([]);
  expect(steps).toEqual([
    {
      id: "f01",
      objects: [
        {
          apiVersion: "chaos-mesh.org/v1alpha1",
          kind: "PodChaos",
          metadata: {
            name: "shop-f01",
            namespace: "shop",
            labels: { "ninety/step": "f01" },
            annotations: {
              "ninety/experiment": "shop",
              "ninety/seed": "s1",
              "ninety/uids": "u-1",
            },
          },
          spec: {
            action: "pod-kill",
            gracePeriod: 30,
            mode: "all",
            selector: { pods: { shop: ["web-1"] } },
          },
        },
      ],
    },
  ]);
});

test("victims that are met alike are in one object, others in another", () => {
  const { steps } = carry(step([deleted(1), deleted(2), deleted(3, 5_000)]));
  expect(
    steps[0]?.objects.map(({ metadata, spec }) => [metadata.name, spec.selector.pods]),
  ).toEqual([
    ["shop-f01", { shop: ["web-1", "web-2"] }],
    ["shop-f01-2", { shop: ["web-3"] }],
  ]);
});

test("victims of several namespaces are named in each", () => {
  const elsewhere: Effect = { kind: "delete", pod: pod(2, "lab"), graceMs: 0 };
  const { steps } = carry(step([deleted(1), elsewhere]));
  expect(steps[0]?.objects[0]?.spec.selector.pods).toEqual({ shop: ["web-1"], lab: ["web-2"] });
});

test("a container is named, also where it is the pod's only one", () => {
  const { steps, problems } = carry(step([killed(1), killed(2, "proxy")]));
  expect(problems).toEqual([]);
  expect(steps[0]?.objects.map(({ spec }) => spec)).toMatchObject([
    { action: "container-kill", containerNames: ["web"] },
    { action: "container-kill", containerNames: ["proxy"] },
  ]);
});

test.each([
  ["no such container", killed(1, "proxy"), "web-1 must have a container proxy, got web"],
  ["several containers", killed(2), "web-2 must have one container, got web, proxy"],
  ["no container", killed(3), "web-3 must have one container, got none"],
])("%s is a problem of the step", (_about, effect, why) => {
  const fault = "container-kill";
  expect(carry(step([effect], { fault }))).toEqual({
    steps: [],
    problems: [`f01 container-kill: ${why}`],
  });
});

const shaped = (changes: Partial<NetShape> = {}): NetShape => ({
  kind: "net-shape",
  pod: pod(1),
  direction: "out",
  ports: [],
  peers: null,
  delayMs: 0,
  jitterMs: 0,
  lossRatio: 0,
  affectsProbes: true,
  ...changes,
});
const held = (effect: Effect): ResolvedStep => step([effect], { fault: "net", forMs: 60_000 });

test.each([
  [
    "a delay",
    { delayMs: 40, jitterMs: 0.5 },
    { action: "delay", delay: { latency: "40ms", jitter: "0.5ms" } },
  ],
  ["a loss", { lossRatio: 0.07 }, { action: "loss", loss: { loss: "7" } }],
  [
    "both",
    { delayMs: 2_000, lossRatio: 0.5 },
    { action: "netem", delay: { latency: "2s" }, loss: { loss: "50" } },
  ],
  ["a cut", { lossRatio: 1 }, { action: "partition" }],
  [
    "a cut from two addresses",
    { lossRatio: 1, peers: ["10.0.0.1", "10.0.0.2"], affectsProbes: false },
    { action: "partition", externalTargets: ["10.0.0.1", "10.0.0.2"] },
  ],
])("%s of what a pod sends is a NetworkChaos that ends by itself", (_about, changes, spec) => {
  const { steps, problems } = carry(held(shaped(changes)));
  expect(problems).toEqual([]);
  expect(steps[0]?.objects).toHaveLength(1);
  expect(steps[0]?.objects[0]).toMatchObject({ kind: "NetworkChaos" });
  expect(steps[0]?.objects[0]?.spec).toEqual({
    duration: "60s",
    direction: "to",
    mode: "all",
    selector: { pods: { shop: ["web-1"] } },
    ...spec,
  });
});

const cpu: Effect = {
  kind: "cpu-stress",
  pod: pod(1),
  container: "",
  workers: 2,
  loadRatio: 0.07,
};
const memory: Effect = {
  kind: "memory-stress",
  pod: pod(2),
  container: "web",
  to: { bytes: 2 ** 28 },
};

test.each([
  [cpu, { cpu: { workers: 2, load: 7 } }],
  [memory, { memory: { workers: 1, size: "268435456B" } }],
])("stress is a StressChaos in a container that is named: %j", (effect, stressors) => {
  const { steps, problems } = carry(held(effect));
  expect(problems).toEqual([]);
  expect(steps[0]?.objects[0]).toMatchObject({
    kind: "StressChaos",
    spec: { duration: "60s", containerNames: ["web"], stressors },
  });
});

test.each([
  [{ ...cpu, loadRatio: 0.125 }, "load must be a whole percentage, got 12.5%"],
  [{ ...cpu, container: "proxy" }, "web-1 must have a container proxy, got web"],
  [{ ...memory, to: { limitRatio: 0.9 } }, "must be of a size: "],
])("stress that Chaos Mesh cannot say is a problem: %j", (effect, why) => {
  const { steps, problems } = carry(held(effect));
  expect(steps).toEqual([]);
  expect(problems).toEqual([expect.stringContaining(`f01 net: ${why}`)]);
});

test.each([
  [{ direction: "both" as const }, "direction must be out: "],
  [{ direction: "in" as const }, "direction must be out: "],
  [{ ports: [80] }, "ports must be none: "],
  [{ affectsProbes: false }, "affectsProbes must be true: "],
  [{ peers: [] }, "peers must be at least one address"],
])("packets that Chaos Mesh cannot tell apart: %j", (changes, why) => {
  const { steps, problems } = carry(held(shaped({ lossRatio: 0.5, ...changes })));
  expect(steps).toEqual([]);
  expect(problems).toEqual([expect.stringContaining(`f01 net: ${why}`)]);
});

test("a pod that is deleted by then is nobody's victim", () => {
  const second = step([killed(1)], { id: "f02", fault: "container-kill" });
  expect(carry(step([deleted(1)]), second).problems).toEqual([
    "f02 container-kill: its victim shop/web-1 must be there by then, got deleted by f01",
  ]);
  expect(carry(second, step([deleted(1)])).problems).toEqual([]);
});

test("what Chaos Mesh cannot do is told with its step, all steps at once", () => {
  const power = step([{ kind: "power", node: "n1" }], { fault: "node-power-off" });
  const following = step([deleted(1)], { id: "f02", follow: true });
  const told = [
    "f01 node-power-off: Chaos Mesh has nothing that does power",
    "f02 pod-kill.follow must be false: Chaos Mesh chooses its victims once, got true",
  ];
  expect(carry(power, following)).toEqual({ steps: [], problems: told });
  expect([power, following].flatMap(refusals)).toEqual(told);
});
