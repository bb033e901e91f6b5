import type { Event, FaultEvent } from "../model/event.ts";
import type { Evidence } from "../model/evidence.ts";
import type { Json } from "../model/json.ts";
import { absent, value } from "../model/measured.ts";
import type { StepMeasurement } from "../model/measurement.ts";
import type { Plan, PlannedStep } from "../model/plan.ts";
import type { Us } from "../model/quantity.ts";
import { showTarget } from "../model/target.ts";

type Edge = Extract<Event, { readonly type: "fault" }>;
type EdgeOf<N extends FaultEvent["edge"]> = Edge & { readonly edge: N };

/** The edges of one step, in order. */
export function edgesOf(events: readonly Event[], id: string): readonly Edge[] {
  return events.filter((event): event is Edge => event.type === "fault" && event.id === id);
}

function pick<N extends FaultEvent["edge"]>(
  edges: readonly Edge[],
  ...names: readonly N[]
): readonly EdgeOf<N>[] {
  return edges.filter((edge): edge is EdgeOf<N> => names.some((name) => name === edge.edge));
}

/** When one step took hold and let go, as far as is known. */
export interface StepTimes {
  readonly id: PlannedStep["id"];
  readonly step: PlannedStep;
  readonly reqUs: Us;
  /**
   * The holder's stamp, and the last instant at which the effect is known not to have been there.
   */
  readonly inj: { readonly stampUs: Us; readonly lowUs: Us } | null;
  /** When the effect was gone; null: not known to be. */
  readonly clr: { readonly atUs: Us; readonly lowUs: Us } | null;
  readonly proved: StepMeasurement["proved"];
}

/** Null: its inject was never asked for. */
export function stepTimes(step: PlannedStep, events: readonly Event[]): StepTimes | null {
  const edges = edgesOf(events, step.id);
  const begin = pick(edges, "inject-begin")[0];
  if (!begin) return null;
  const end = pick(edges, "inject-end")[0];
  const inj = end
    ? { stampUs: end.stampUs, lowUs: notYetUs(edges, begin.atUs, end.stampUs) }
    : null;
  const proved = provedOf(edges);
  return { id: step.id, step, reqUs: begin.atUs, inj, clr: clearedOf(step, edges, inj), proved };
}

/** The effect was not there when it was asked for, nor at any later look that found it absent. */
function notYetUs(edges: readonly Edge[], beginUs: Us, stampUs: Us): Us {
  const looks = pick(edges, "unproved")
    .filter(({ evidence, lookedUs }) => evidence.effect === "absent" && lookedUs <= stampUs)
    .map(({ lookedUs }) => lookedUs);
  return Math.min(stampUs, Math.max(beginUs, ...looks));
}

function clearedOf(
  step: PlannedStep,
  edges: readonly Edge[],
  inj: StepTimes["inj"],
): StepTimes["clr"] {
  if (step.healMs === null) return inj && { atUs: inj.stampUs, lowUs: inj.lowUs };
  const lapsed = pick(edges, "lapsed")[0];
  if (lapsed) return { atUs: lapsed.atUs, lowUs: inj?.stampUs ?? lapsed.atUs };
  const end = pick(edges, "heal-end").at(-1);
  if (!end || isOpen(edges)) return null;
  const begin = pick(edges, "heal-begin").at(-1);
  return { atUs: end.atUs, lowUs: Math.min(end.atUs, begin?.atUs ?? end.atUs) };
}

/** Begun after the last time it ended. */
function isOpen(edges: readonly Edge[]): boolean {
  const begun = edges.findLastIndex(({ edge }) => edge === "inject-begin");
  return begun > edges.findLastIndex(({ edge }) => edge === "heal-end");
}

function provedOf(edges: readonly Edge[]): StepMeasurement["proved"] {
  const looks = pick(edges, "proved", "unproved");
  // Each meeting of a step with new targets is proved apart: one that was not spoils the rest.
  const begun = pick(edges, "inject-begin").length;
  if (looks.some(({ edge }) => edge === "unproved")) return "unproved";
  return begun > 0 && looks.length >= begun ? "proved" : "unknown";
}

/** What became of every planned step. */
export function stepsOf(plan: Plan, events: readonly Event[]): readonly StepMeasurement[] {
  return plan.steps.map((step) => stepOf(step, edgesOf(events, step.id)));
}

function stepOf(step: PlannedStep, edges: readonly Edge[]): StepMeasurement {
  const begun = pick(edges, "inject-begin");
  const ended = pick(edges, "inject-end");
  const failed = pick(edges, "inject-failed").length > 0;
  const first = begun[0];
  const stampUs = ended[0]?.stampUs;
  return {
    id: step.id,
    fault: step.fault,
    targets: [...new Set(begun.flatMap(({ targets }) => targets.map(showTarget)))],
    injected: begun.length > 0 && ended.length >= begun.length && !failed,
    proved: provedOf(edges),
    ...healing(step, edges),
    lapsed: pick(edges, "lapsed").length > 0,
    late: first ? value("ms", { value: first.lateUs / 1_000, n: 1 }) : absent("ms", "not injected"),
    injectTook:
      first && stampUs !== undefined
        ? value("ms", { value: Math.max(0, stampUs - first.atUs) / 1_000, n: 1 })
        : absent("ms", "no stamp of the effect"),
    evidence: {
      proved: told(pick(edges, "proved", "unproved").at(-1)?.evidence),
      healProved: told(pick(edges, "heal-proved", "heal-unproved").at(-1)?.evidence),
    },
  };
}

function told(evidence: Evidence | undefined): Json {
  if (!evidence) return null;
  const { effect, by, saw, needed } = evidence;
  return { effect, by, saw, needed };
}

function healing(
  step: PlannedStep,
  edges: readonly Edge[],
): Pick<StepMeasurement, "healed" | "healProved"> {
  const begun = pick(edges, "inject-begin").length > 0;
  if (step.healMs === null || !begun) {
    return { healed: "nothing-to-heal", healProved: "nothing-to-heal" };
  }
  const look = pick(edges, "heal-proved", "heal-unproved").at(-1);
  const healProved = !look ? "unknown" : look.edge === "heal-proved" ? "proved" : "unproved";
  const last = pick(edges, "heal-end", "heal-failed").at(-1);
  if (last?.edge === "heal-failed") return { healed: "failed", healProved };
  return { healed: isOpen(edges) ? "open" : "healed", healProved };
}
