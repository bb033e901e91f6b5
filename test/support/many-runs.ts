// Groups of runs made by hand: masked ones, some that never came back, one that says nothing.
import { gate, GATE_RULE } from "../../src/kernel/gate.ts";
import { compare } from "../../src/measure/compare.ts";
import type { Groups, MetricOfRun, RunFacts } from "../../src/model/comparison.ts";
import type { ManyRuns } from "../../src/ports/reporter.ts";

type Got = MetricOfRun["got"];

const back = (time: number): Got => ({ time, ended: true });
const never = (time: number): Got => ({ time, ended: false });

function factsOf(nth: number, part: string, got: readonly Got[]): RunFacts {
  const day = String(nth).padStart(2, "0");
  const lost = got[3] ?? null;
  const metrics: readonly MetricOfRun[] = [
    { metric: "service recovery, new", unit: "ms", got: got[0] ?? null },
    { metric: "service recovery, reused", unit: "ms", got: got[1] ?? null },
    { metric: "capacity recovery", unit: "ms", got: got[2] ?? null },
    { metric: "lost requests", unit: "count", got: lost },
    {
      metric: "budget share",
      unit: "ratio",
      got: lost === null ? null : { ...lost, time: lost.time / 100_000 },
    },
  ];
  return {
    schema: 1,
    run: `202601${day}T000000Z-${nth}`,
    sha256: String(nth),
    experiment: "made",
    seed: String(nth),
    startedAt: `2026-01-${day}T00:00:00.000Z`,
    outcome: "pass",
    level: "simulated",
    planSha256: "0",
    question: {},
    stack: { server: part, "mover <1>": "same" },
    environment: {
      ninety: "0.1.0",
      gitCommit: part,
      clusterKind: "simulated",
      kubernetes: "v1.36.0",
      machine: { cpus: 2 },
    },
    metrics,
  };
}

const SPREAD = [0, 310, 120, 540, 260, 410, 90, 480] as const;

const before = SPREAD.map((ms, nth) =>
  factsOf(nth + 1, "aaaa", [
    back(4_000 + ms),
    back(nth % 2 === 0 ? 0 : 600 + ms),
    back(12_000 + 3 * ms),
    back(90 + ms / 20),
  ]),
);
const after = SPREAD.slice(0, 7).map((ms, nth) =>
  factsOf(nth + 11, "bbbb", [
    nth > 4 ? never(60_000) : back(9_000 + 4 * ms),
    nth === 6 ? null : back(nth % 2 === 0 ? 0 : 500 + ms),
    back(12_050 + 3 * ms),
    back(260 + ms / 20),
  ]),
);

const linked = (runs: readonly RunFacts[]): Groups["a"] =>
  runs.map((facts) => ({ facts, link: `./../../runs/made/${facts.run}/report.html` }));

/** Of both kinds. */
export const MANY: Readonly<Record<ManyRuns["kind"], ManyRuns>> = {
  comparison: { kind: "comparison", comparison: compare(before, after) },
  gate: { kind: "gate", gate: gate(before, after, { rule: GATE_RULE }) },
};
export const GROUPS: Groups = { a: linked(before), b: linked(after) };
