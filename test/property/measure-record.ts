import type { Event, PodDetail } from "../../src/model/event.ts";
import type { JsonObject } from "../../src/model/json.ts";
import type { Plan } from "../../src/model/plan.ts";
import type { RunRecord } from "../../src/model/record.ts";
import type { Request } from "../../src/model/request.ts";

// Makes records of runs whose truth is known. Shares no code with what measures them.

/** Numbers in [0, 1) from a seed. */
export function randomFrom(seed: number): () => number {
  let state = (seed * 2654435761 + 1) >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return ((z ^ (z >>> 15)) >>> 0) / 2 ** 32;
  };
}

interface Outage {
  readonly fromS: number;
  readonly untilS: number;
  readonly share: number;
}

export interface Made {
  readonly seed?: number;
  readonly rateRps?: number;
  readonly connections?: readonly ("new" | "reused")[];
  readonly steadyS?: number;
  readonly faultS?: number;
  readonly observeS?: number;
  /** From the start of phase faults. */
  readonly outages?: readonly Outage[];
  /** Share of bad requests at any time. */
  readonly background?: number;
  /** From the start of phase faults: a pod away. Null: never. */
  readonly podAwayS?: readonly [number, number] | null;
  /** How much later than the effect it was proved. */
  readonly proofDelayS?: number;
  readonly slo?: Plan["slo"];
}

const DEFAULTS = {
  seed: 1,
  rateRps: 20,
  connections: ["new", "reused"],
  steadyS: 30,
  faultS: 20,
  observeS: 40,
  outages: [{ fromS: 1, untilS: 6, share: 1 }],
  background: 0.0005,
  podAwayS: [1, 15],
  proofDelayS: 0.5,
  slo: { withinMs: 250, goodRatio: 0.99, breachRatio: 0.95 },
} satisfies Required<Made>;

const WARMUP_S = 5;
const DEPLOYED_S = 3;
const S = 1_000_000;

function planOf(made: Made): Plan {
  const of = { ...DEFAULTS, ...made };
  return {
    schema: 1,
    experiment: "made",
    hypothesis: "A made record is measured as it was made.",
    seed: String(of.seed),
    cluster: { nodes: 3, gpusPerNode: 2, nodeGraceMs: null, nodeLeaseMs: null, backoffMaxMs: null },
    stack: [
      {
        part: "server",
        objects: [],
        selector: "ninety/part=server",
        replicas: 3,
        gpusPerPod: 1,
        service: { name: "server", port: 8501 },
      },
    ],
    load: {
      load: "predict",
      to: "server",
      rateRps: of.rateRps,
      timeoutMs: 1_000,
      scenarios: of.connections.map((connection) => ({ name: connection, connection })),
      options: {},
    },
    slo: of.slo,
    phasesMs: {
      warmup: WARMUP_S * 1_000,
      steady: of.steadyS * 1_000,
      faults: of.faultS * 1_000,
      observe: of.observeS * 1_000,
    },
    steps: [
      {
        id: "f01",
        fault: "gpu-lost",
        params: {},
        on: { kind: "gpu", part: "server", count: 1 },
        slots: [0],
        injectMs: 0,
        healMs: of.faultS * 1_000,
        follow: false,
      },
    ],
    checks: [],
    accepts: [],
  };
}

export function podEvent(
  atUs: number,
  name: string,
  change: Partial<PodDetail>,
): Extract<Event, { type: "cluster" }> {
  const detail: JsonObject & PodDetail = {
    part: "server",
    uid: `uid-${name}`,
    node: `n${name.length % 3}`,
    ready: true,
    terminating: false,
    gone: false,
    restarts: 0,
    reason: "",
    devices: [{ id: "GPU-n1-0", health: "Healthy" }],
    ...change,
  };
  return {
    atUs,
    type: "cluster",
    object: `pod/ninety-made/${name}`,
    change: "changed",
    notBeforeUs: Math.max(0, atUs - 2_000),
    detail,
  };
}

/** When phase faults begins. */
export function faultsUs(made: Made): number {
  return (DEPLOYED_S + WARMUP_S + { ...DEFAULTS, ...made }.steadyS) * S;
}

/** The effect is there this long after inject was asked for. */
export const EFFECT_AFTER_US = 40_000;

function eventsOf(made: Made): Event[] {
  const of = { ...DEFAULTS, ...made };
  const faults = faultsUs(made);
  const observe = faults + of.faultS * S;
  const teardown = observe + of.observeS * S;
  const evidence = (effect: "present" | "absent") => ({
    effect,
    by: "GET of the node",
    saw: 1,
    needed: "1",
  });
  const proof = of.proofDelayS * S;
  const away: readonly Event[] = of.podAwayS
    ? [
        podEvent(faults + of.podAwayS[0] * S, "server-a", { ready: false }),
        podEvent(faults + of.podAwayS[1] * S, "server-a", { ready: true, restarts: 1 }),
        // Nobody looks any more once it is over.
      ].filter(({ atUs }) => atUs < faults + (of.faultS + of.observeS) * S)
    : [];
  return [
    { atUs: 0, type: "phase", phase: "preflight" },
    { atUs: 1 * S, type: "phase", phase: "deploy" },
    podEvent(2 * S, "server-a", {}),
    podEvent(2 * S, "server-b", {}),
    podEvent(2 * S, "server-c", {}),
    { atUs: DEPLOYED_S * S, type: "phase", phase: "warmup" },
    { atUs: (DEPLOYED_S + WARMUP_S) * S, type: "phase", phase: "steady" },
    { atUs: faults, type: "phase", phase: "faults" },
    {
      atUs: faults + 10_000,
      type: "fault",
      id: "f01",
      edge: "inject-begin",
      targets: [{ kind: "gpu", node: "n1", device: "GPU-n1-0", holder: null }],
      effects: [],
      lateUs: 10_000,
    },
    {
      atUs: faults + 70_000,
      type: "fault",
      id: "f01",
      edge: "inject-end",
      stampUs: faults + EFFECT_AFTER_US,
    },
    {
      atUs: faults + 70_000 + proof,
      type: "fault",
      id: "f01",
      edge: "proved",
      evidence: evidence("present"),
      lookedUs: faults + 60_000 + proof,
    },
    ...away,
    { atUs: observe - 30_000, type: "fault", id: "f01", edge: "heal-begin" },
    { atUs: observe - 10_000, type: "fault", id: "f01", edge: "heal-end" },
    { atUs: observe, type: "phase", phase: "observe" },
    {
      atUs: observe + 400_000,
      type: "fault",
      id: "f01",
      edge: "heal-proved",
      evidence: evidence("absent"),
      lookedUs: observe + 300_000,
    },
    { atUs: teardown + 1 * S, type: "phase", phase: "teardown" },
    { atUs: teardown + 2 * S, type: "phase", phase: "end" },
  ];
}

function requestsOf(made: Made): Request[] {
  const of = { ...DEFAULTS, ...made };
  const random = randomFrom(of.seed);
  const faults = faultsUs(made);
  const from = DEPLOYED_S * S;
  const until = faults + (of.faultS + of.observeS) * S;
  const out: Request[] = [];
  for (const connection of of.connections) {
    const phase = random();
    for (let id = 0; ; id += 1) {
      const intendedUs = Math.round(from + ((id + phase) / of.rateRps) * S);
      if (intendedUs >= until) break;
      const hit = of.outages.find(
        ({ fromS, untilS }) => intendedUs >= faults + fromS * S && intendedUs < faults + untilS * S,
      );
      const bad = random() < (hit?.share ?? of.background);
      const startUs = intendedUs + Math.floor(random() * 500);
      const endUs = startUs + 3_000 + Math.floor(random() * 4_000);
      const sent = { id, scenario: connection, intendedUs, attempts: 1, startUs, endUs };
      out.push(
        bad
          ? { ...sent, outcome: "refused" }
          : {
              ...sent,
              connection,
              outcome: "ok",
              firstByteUs: endUs - 100,
              status: 200,
              backend: "server-a",
            },
      );
    }
  }
  return out.sort((a, b) => a.intendedUs - b.intendedUs);
}

/** With its requests as an array, for tests to change. */
export interface MadeRecord extends RunRecord {
  readonly requests: readonly Request[];
}

/** A complete record of a run that went as `made` says. */
export function makeRecord(made: Made = {}): MadeRecord {
  const requests = requestsOf(made);
  return {
    plan: planOf(made),
    environment: null,
    events: eventsOf(made),
    requests,
    requestsEnd: { requests: requests.length },
    samples: [],
    problems: [],
  };
}

/** In any order, by the seed. */
export function shuffled<T>(list: readonly T[], seed: number): readonly T[] {
  const random = randomFrom(seed);
  const out = [...list];
  for (let i = out.length - 1; i > 0; i -= 1) {
    const j = Math.floor(random() * (i + 1));
    [out[i], out[j]] = [out[j]!, out[i]!];
  }
  return out;
}
