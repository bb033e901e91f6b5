// Parts, faults, checks and loads to test the kernel with: it names no plug-in, nor does this.
import { choice, count, duration } from "../../src/model/fields.ts";
import type { KubeObject } from "../../src/model/json.ts";
import type { PlannedPart } from "../../src/model/plan.ts";
import { experiment, one, type GpuWorkload } from "../../src/ports/author.ts";
import { defineCheck } from "../../src/ports/check.ts";
import { defineFault } from "../../src/ports/fault.ts";
import { defineLoad } from "../../src/ports/load.ts";
import { atMost, value } from "../../src/model/measured.ts";

export const jam = defineFault({
  name: "jam",
  about: "A device that jams.",
  on: "gpu",
  lasts: "held",
  kinds: ["gpu-state"],
  evidence: "What is seen.",
  params: {
    delay: duration({ about: "how slow", min: "1ms", max: "60s" }),
    jitter: duration({ about: "more or less", max: "60s", default: "0ms" }),
    how: choice(["hang", "slow"], { about: "what it does", default: "hang" }),
  },
  problems: ({ delayMs, jitterMs }) =>
    jitterMs > delayMs ? [`jitter must be at most delay, got ${jitterMs}ms over ${delayMs}ms`] : [],
  effects: ({ how }, gpu) => [{ kind: "gpu-state", gpu, state: how, signal: true, symptom: true }],
  observe: async (witness, gpu) => witness.object(`device/${gpu.device}`),
  proof: (_before, now, _params, gpu) => ({
    effect: now === "jammed" ? "present" : "absent",
    by: "the device",
    saw: now,
    needed: `jammed on ${gpu.device}`,
  }),
});

export const drop = defineFault({
  name: "drop",
  about: "Deletes a pod.",
  on: "pod",
  lasts: "once",
  kinds: ["delete"],
  evidence: "What is seen.",
  params: {},
  effects: (_params, pod) => [{ kind: "delete", pod, graceMs: 0 }],
  observe: async (witness, pod) => witness.object(`pod/${pod.name}`),
  proof: (_before, now) => ({
    effect: now === null ? "present" : "absent",
    by: "the API",
    saw: now,
    needed: "gone",
  }),
});

export const unplug = defineFault({
  name: "unplug",
  about: "Cuts a node's power.",
  on: "node",
  lasts: "held",
  kinds: ["power"],
  evidence: "What is seen.",
  params: {},
  effects: (_params, { node }) => [{ kind: "power", node }],
  observe: async (witness, { node }) => witness.object(`node/${node}`),
  proof: () => ({ effect: "unclear", by: "nothing", saw: null, needed: "a look" }),
});

export const quick = defineCheck({
  name: "quick",
  about: "It is over soon.",
  params: { service: duration({ about: "of the service", max: "1h" }) },
  judge: (measurement, { serviceMs }) =>
    atMost(
      {
        check: "quick",
        what: "recovery",
        observed: value("ms", { value: measurement.episodes.length, n: 1 }),
        about: [],
      },
      serviceMs,
    ),
});

export const always = defineCheck({
  name: "always-so",
  about: "On every run.",
  params: { most: count({ about: "most", default: 3 }) },
  always: true,
  judge: () => [],
});

export const offer = defineLoad({
  name: "offer",
  about: "Offers requests.",
  params: { requests: count({ about: "per second", min: 1, max: 1_000 }) },
  plan: ({ requests }, to) => ({
    load: "offer",
    to,
    rateRps: requests,
    timeoutMs: 2_000,
    scenarios: [{ name: "new", connection: "new" }],
    options: { requests },
  }),
});

const labels = (part: string): Record<string, string> => ({ "ninety/part": part });

/** Pods with a GPU each, a Service and a disruption budget. */
export function serving(of: {
  readonly part?: string;
  readonly replicas?: number;
  readonly gpus?: number;
  readonly problems?: readonly string[];
  readonly budget?: { minAvailable: number | string } | { maxUnavailable: number | string };
  readonly more?: readonly KubeObject[];
}): GpuWorkload {
  const { part = "server", replicas = 3, gpus = 1, problems = [], budget, more = [] } = of;
  const limits = gpus > 0 ? { "nvidia.com/gpu": String(gpus) } : {};
  const objects: KubeObject[] = [
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: part, labels: labels(part) },
      spec: {
        replicas,
        template: {
          metadata: { labels: labels(part) },
          spec: { containers: [{ name: "server", image: "programs", resources: { limits } }] },
        },
      },
    },
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name: part, labels: labels(part) },
      spec: { ports: [{ port: 80 }] },
    },
    ...(budget
      ? [
          {
            apiVersion: "policy/v1",
            kind: "PodDisruptionBudget",
            metadata: { name: part, labels: labels(part) },
            spec: budget,
          },
        ]
      : []),
    ...more,
  ];
  const planned: PlannedPart = {
    part,
    objects,
    selector: `ninety/part=${part}`,
    replicas,
    gpusPerPod: gpus,
    service: { name: part, port: 80 },
  };
  const group = <K extends string>(kind: K): { part: string; kind: K } => ({ part, kind });
  return {
    part,
    planned,
    problems,
    pods: group("pod"),
    nodes: group("node"),
    gpus: group("gpu"),
  };
}

export const server = serving({});

/** A whole experiment; `changes` replace its options, wrong ones too. */
export function written(changes: Readonly<Record<string, unknown>> = {}): unknown {
  const right = experiment({
    hypothesis: "It holds.",
    stack: [server],
    load: offer({ to: server, requests: 50 }),
    slo: { within: "250ms", good: "99%", breach: "95%" },
    faults: [jam({ on: one(server.gpus), for: "60s", delay: "40ms" })],
    observe: "2m",
    expect: [quick({ service: "20s" })],
  });
  return { ...right, options: { ...right.options, ...changes } };
}
