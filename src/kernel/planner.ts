import { InvalidExperiment } from "../model/error.ts";
import { read } from "../model/fields.ts";
import type { Plan, PlannedCheck, PlannedPart, PlannedStep } from "../model/plan.ts";
import type { Pick } from "../model/target.ts";
import type { Part } from "../ports/author.ts";
import type { AnyCheck } from "../ports/check.ts";
import type { Reading } from "./experiment.ts";
import { drawRanks, randomOf } from "./prng.ts";
import { mostOf, type ReadStep } from "./read-steps.ts";
import { asJson } from "./shape.ts";

/** Where a part does not say how many it has, ranks are drawn from this many. */
const RANKS_MAX = 1_000;

/** Same reading, seed and additions: the same plan to the byte. Pure, and knows no cluster. */
export function makePlan(
  reading: Reading,
  seed: string,
  adds: {
    /** Checks that judge every run; one that the author lists is not added. */
    readonly always: readonly AnyCheck[];
    /** Parts of ours; one whose name the stack has is not added. */
    readonly addOns: readonly Part[];
  },
): Plan {
  const steps = planSteps(reading, seed);
  const taken = new Set(reading.stack.map(({ part }) => part));
  const added = adds.addOns.filter(({ part }) => !taken.has(part));
  const wrong = added.flatMap(({ part, problems }) => problems.map((one) => `${part}: ${one}`));
  if (wrong.length > 0) throw new InvalidExperiment(wrong);
  return {
    schema: 1,
    experiment: reading.name,
    hypothesis: reading.hypothesis,
    seed,
    cluster: reading.cluster,
    stack: [...reading.stack, ...added.map(({ planned }) => planned)],
    load: reading.load,
    slo: reading.slo,
    phasesMs: {
      warmup: reading.warmupMs,
      steady: reading.steadyMs,
      faults: Math.max(...steps.map(({ injectMs, healMs }) => healMs ?? injectMs)),
      observe: reading.observeMs,
    },
    steps,
    checks: [...reading.checks, ...alwaysOn(reading, adds.always)],
    accepts: reading.accepts,
    ...(Object.keys(reading.minimumReady).length > 0 ? { minimumReady: reading.minimumReady } : {}),
    ...(reading.abortWhen ? { abortWhen: reading.abortWhen } : {}),
    ...(reading.patches ? { patches: reading.patches } : {}),
  };
}

function alwaysOn(reading: Reading, always: readonly AnyCheck[]): readonly PlannedCheck[] {
  const listed = new Set(reading.checks.map(({ name }) => name));
  return always
    .filter(({ name }) => !listed.has(name))
    .map(({ name, params }) => {
      const problems: string[] = [];
      const plain = asJson(read(name, params, {}, problems));
      if (problems.length > 0) throw new Error(problems.join("; "));
      return { name, params: plain };
    });
}

function planSteps(reading: Reading, seed: string): readonly PlannedStep[] {
  const seen = new Map<string, number>();
  return reading.steps.map((step, index) => {
    // Named by what it is and not by its place: another step added shifts no draw of this one.
    const like = `${step.fault} ${pickText(step.on)}`;
    const nth = seen.get(like) ?? 0;
    seen.set(like, nth + 1);
    const { fault, params, on, atMs, forMs, follow } = step;
    return {
      id: `f${String(index + 1).padStart(2, "0")}`,
      fault,
      params,
      on,
      slots: slotsOf(step, reading, { seed, label: `slots of ${like} ${nth}` }),
      injectMs: atMs,
      healMs: forMs === null ? null : atMs + forMs,
      follow,
    };
  });
}

function pickText(on: Pick): string {
  if (on.kind === "cluster") return on.kind;
  return on.kind === "link" ? `${on.from.part}>${on.to.part}` : `${on.kind} ${on.part}`;
}

/** Ranks for every thing that is picked by number; `all` needs none. For a link: from, then to. */
function slotsOf(
  { on }: ReadStep,
  reading: Reading,
  draw: { readonly seed: string; readonly label: string },
): readonly number[] {
  if (on.kind === "cluster") return [];
  const singles = on.kind === "link" ? [on.from, on.to] : [on];
  return singles.flatMap((pick, end) => {
    if (pick.count === "all") return [];
    const part = reading.stack.find((one: PlannedPart) => one.part === pick.part);
    const most = part ? mostOf(pick.kind, part, reading.cluster) : RANKS_MAX;
    const random = randomOf(draw.seed, `${draw.label} ${end}`);
    return drawRanks(random, pick.count, Math.min(most, RANKS_MAX));
  });
}
