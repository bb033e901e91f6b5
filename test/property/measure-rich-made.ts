import type { ArtifactIndex } from "../../src/model/artifact.ts";
import type { Event, PodDetail } from "../../src/model/event.ts";
import type { Json, KubeObject } from "../../src/model/json.ts";
import type { Segment } from "../../src/model/measurement.ts";
import type { Plan } from "../../src/model/plan.ts";
import type { Environment } from "../../src/model/record.ts";
import type { Request, Sample } from "../../src/model/request.ts";
import { after, endpoints, node, pod } from "./measure-reasons-made.ts";
import { faultsUs, makeRecord, type Made, type MadeRecord } from "./measure-record.ts";

// A record with something of all that reports can show: see what each part of it is for.

const S = 1_000_000;
const RICH: Made = {
  rateRps: 25,
  steadyS: 40,
  faultS: 40,
  observeS: 80,
  podAwayS: null,
  background: 0,
  outages: [
    { fromS: 0.4, untilS: 6, share: 0.8 },
    { fromS: 6, untilS: 11, share: 0.3 },
    { fromS: 70.1, untilS: 74, share: 0.25 },
  ],
};

const at = (seconds: number): number => after(RICH, seconds);
const PROBE = {
  httpGet: { path: "/health/ready", port: 8501 },
  periodSeconds: 5,
  timeoutSeconds: 2,
  failureThreshold: 3,
};
const DEPLOYMENT: KubeObject = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "server" },
  spec: { template: { spec: { containers: [{ name: "server", readinessProbe: PROBE }] } } },
};

/** Two steps, the second after a while of its own: two episodes. */
function planOf(plan: Plan): Plan {
  const [first] = plan.steps;
  const delay = {
    ...first!,
    id: "f02",
    fault: "net-loss",
    params: { lossRatio: 0.25 },
    on: { kind: "pod", part: "server", count: 1 },
    injectMs: 70_000,
    healMs: 74_000,
  } as const;
  return {
    ...plan,
    experiment: "rich",
    hypothesis: "A replica that loses its GPU hurts clients for at most 8 s, and <nobody> else.",
    stack: plan.stack.map((part) => ({ ...part, objects: [DEPLOYMENT] })),
    phasesMs: { ...plan.phasesMs, faults: 80_000, observe: 40_000 },
    steps: [first!, delay],
    accepts: ["pdb-broken"],
    checks: [
      { name: "recovery", params: { serviceMs: 8_000, capacityMs: 40_000 } },
      { name: "availability", params: { atLeastRatio: 0.95, during: "faults" } },
      ...[
        "cluster-clean",
        "fault-took-effect",
        "load-held",
        "predicted-damage",
        "steady-clean",
        "waterfall",
      ].map((name) => ({ name, params: {} })),
    ],
  };
}

const foretold = (
  edge: readonly [from: string, to: string],
  setting: string,
  of: { readonly value: Json; readonly s: readonly [low: number, high: number] },
): Segment => ({
  from: edge[0],
  to: edge[1],
  took: { is: "absent", unit: "ms", why: "predicted" },
  cause: {
    object: "Deployment/server/server",
    setting,
    value: of.value,
    predicted: { lowMs: of.s[0] * 1_000, highMs: of.s[1] * 1_000 },
  },
});

/** As predictions tell a probe. */
const TOLD = { path: "/health/ready", periodSeconds: 5, timeoutSeconds: 2, failureThreshold: 3 };
const PREDICTED = [
  foretold(["inj", "det:pod-not-ready"], "readinessProbe", { value: TOLD, s: [10, 17] }),
  foretold(["inj", "evicted"], "mover.every", { value: "1s", s: [0, 2] }),
  foretold(["evicted", "created"], "ReplicaSet", { value: null, s: [0, 1] }),
  foretold(["created", "scheduled"], "scheduler", { value: null, s: [0, 1] }),
  foretold(["scheduled", "started"], "image", { value: "on the node", s: [0, 3] }),
  foretold(["started", "full"], "readinessProbe", { value: TOLD, s: [4, 12] }),
];

const SICK = [{ id: "GPU-n1-0", health: "Unhealthy" }];

/** server-a's device goes, it is told to end, and server-d takes its place on another node. */
function eventsOf(): readonly Event[] {
  const told = (seconds: number, name: string, of: Partial<PodDetail>): Event =>
    pod(at(seconds), name, of);
  const fresh = { ready: false, devices: [] };
  return [
    ...["server-a", "server-b", "server-c"].flatMap((name) => [
      pod(2 * S, name),
      node(2 * S, `n-${name.at(-1)}`, "added"),
    ]),
    endpoints(2.5 * S, "server-a", "server-b", "server-c"),
    { atUs: at(0) - 60_000, type: "prediction", segments: PREDICTED },
    {
      atUs: at(0) - 55_000,
      type: "damage",
      accept: "pdb-broken",
      id: "f01",
      what: "disruption budget of server broken",
      observed: 1,
      limit: { max: 0 },
      rule: "a budget of 0 lets no pod go",
    },
    told(0.6, "server-a", { devices: SICK }),
    told(1.8, "server-a", { devices: SICK, ready: false, reason: "Error" }),
    endpoints(at(2.1), "server-b", "server-c"),
    told(2.4, "server-a", { devices: SICK, ready: false, terminating: true }),
    told(2.7, "server-d", { ...fresh, node: "" }),
    told(3, "server-d", { ...fresh, reason: "ContainerCreating" }),
    told(6.2, "server-d", { ...fresh, reason: "" }),
    told(7, "server-a", { ready: false, terminating: true, gone: true }),
    told(11, "server-d", { ready: true }),
    endpoints(at(11.2), "server-b", "server-c", "server-d"),
    ...secondStep(),
  ];
}

function secondStep(): readonly Event[] {
  const step = { type: "fault", id: "f02" } as const;
  const looked = (effect: "present" | "absent") => ({
    evidence: { effect, by: "20 pings", saw: "5 lost", needed: "3 to 8 lost" } as never,
    lookedUs: at(effect === "present" ? 71 : 74.5),
  });
  return [
    {
      ...step,
      atUs: at(69.9),
      edge: "inject-begin",
      targets: [{ kind: "pod", namespace: "ninety-made", name: "server-b", uid: "u", node: "n-b" }],
      effects: [],
      lateUs: 9_000,
    },
    { ...step, atUs: at(70.05), edge: "inject-end", stampUs: at(70) },
    { ...step, atUs: at(71.5), edge: "proved", ...looked("present") },
    { ...step, atUs: at(73.9), edge: "heal-begin" },
    { ...step, atUs: at(74), edge: "heal-end" },
    { ...step, atUs: at(75), edge: "heal-proved", ...looked("absent") },
  ];
}

/** The same instants as the first record's, each with another fate; some come, but too late. */
function requestOf(one: Request): Request {
  const seconds = (one.intendedUs - at(0)) / S;
  if (one.outcome === "ok" && seconds > 11 && seconds < 14 && one.id % 3 === 0) {
    return { ...one, endUs: one.intendedUs + 310_000 + (one.id % 7) * 9_000 };
  }
  if (one.outcome !== "refused") return one;
  const { connection } = { connection: one.scenario as "new" | "reused" };
  if (seconds > 60) {
    return { ...one, outcome: "timeout", connection, firstByteUs: null, endUs: one.startUs + S };
  }
  if (seconds < 2) return { ...one, outcome: "connect-timeout", endUs: one.startUs + S };
  const answered = { connection, firstByteUs: one.endUs, status: 503, backend: "server-a" };
  const kinds = ["http-5xx", "http-5xx", "reset", "shed", "refused"] as const;
  const outcome = kinds[one.id % kinds.length]!;
  if (outcome === "refused") return one;
  if (outcome === "reset") return { ...one, outcome, connection, firstByteUs: null };
  return { ...one, outcome, ...answered };
}

function samplesOf(untilUs: number): readonly Sample[] {
  const samples: Sample[] = [];
  for (let atUs = S; atUs < untilUs; atUs += S) {
    const seconds = (atUs - at(0)) / S;
    const put = (metric: string, value: number, tags: Sample["tags"] = {}): void =>
      void samples.push({ atUs, metric, value, tags });
    put("gpus_healthy", seconds > 0.5 && seconds < 40 ? 5 : 6);
    put("gpus_capacity", 6);
    put("nodes_ready", 3);
    put("machine_cpu_busy_ratio", 0.3 + (Math.floor(seconds) % 5) / 50);
    put("load_in_flight", seconds > 0 && seconds < 8 ? 20 : 2, { scenario: "new" });
  }
  return samples;
}

const ENVIRONMENT: Environment = {
  schema: 1,
  ninety: "0.1.0",
  startedAt: "2026-01-01T00:00:00.000Z",
  monotonicStartUs: 1,
  gitCommit: "0123456789abcdef0123456789abcdef01234567",
  cluster: {
    kind: "simulated",
    instance: "made",
    kubernetes: "v1.36.0",
    nodes: [],
    differences: ["there was no cluster: this record was made", "devices are <virtual>"],
    versions: { containerd: "2.2.0", runc: "1.4.0", k6: "1.4.0" },
  },
  level: "simulated",
  machine: { cpus: 2, kernel: "6.1.0", memoryBytes: 8_000_000_000 },
};

const ARTIFACTS: ArtifactIndex = {
  schema: 1,
  files: [
    { path: "logs/ninety-made/server-a/server.log", bytes: 12_345, cutBytes: 0 },
    { path: "logs/ninety-made/server-a/server.previous.log", bytes: 1_048_576, cutBytes: 99 },
    { path: "objects/pods.json", bytes: 44_000, cutBytes: null },
  ],
  leftOut: [{ what: "metrics-server", why: "it is not part of this cluster" }],
  bytes: 1_104_921,
  tookMs: 900,
  besideRun: { reads: 3, readMs: 40 },
};

/** Two episodes, two scenarios, six outcomes, a waterfall with advice, and a verdict of fail. */
export function richRecord(): MadeRecord {
  const record = makeRecord(RICH);
  const isPod = (event: Event): boolean => event.type === "cluster";
  const faults = faultsUs(RICH);
  const own = record.events
    .filter((event) => !isPod(event))
    .map((event) =>
      event.type === "phase" && event.phase === "observe"
        ? { ...event, atUs: faults + 80 * S }
        : event,
    );
  const events = [...own, ...eventsOf()].sort((a, b) => a.atUs - b.atUs);
  const requests = record.requests.map(requestOf);
  return {
    ...record,
    plan: planOf(record.plan),
    environment: ENVIRONMENT,
    events,
    requests,
    samples: samplesOf(faults + 120 * S),
    artifacts: ARTIFACTS,
  };
}
