import { STAMP_SLACK_US, type Event, type FaultEvent } from "../model/event.ts";
import type { Evidence } from "../model/evidence.ts";
import type { Plan, PlannedStep } from "../model/plan.ts";
import type { Us } from "../model/quantity.ts";
import type { Problems } from "./problems.ts";

/** The clock of the steps starts when phase faults was told, or a moment before. */
const PLANNED_SLACK_US = 1_000_000;

type Edge = Extract<Event, { readonly type: "fault" }>;
type Name = FaultEvent["edge"];

/** What the evidence of a proof may say. */
const SAYS: Readonly<Partial<Record<Name, readonly Evidence["effect"][]>>> = {
  proved: ["present"],
  unproved: ["absent", "unclear"],
  "heal-proved": ["absent"],
  "heal-unproved": ["present", "unclear"],
};

/** What must have been told before, as often at least; the others as often as they like. */
const AFTER: Readonly<Partial<Record<Name, readonly [before: Name, ends: readonly Name[]]>>> = {
  "inject-end": ["inject-begin", ["inject-end", "inject-failed"]],
  "inject-failed": ["inject-begin", ["inject-end", "inject-failed"]],
  proved: ["inject-end", ["proved", "unproved"]],
  unproved: ["inject-end", ["proved", "unproved"]],
  "heal-end": ["heal-begin", ["heal-end", "heal-failed"]],
  "heal-failed": ["heal-begin", ["heal-end", "heal-failed"]],
  "heal-proved": ["heal-end", ["heal-proved", "heal-unproved"]],
  "heal-unproved": ["heal-end", ["heal-proved", "heal-unproved"]],
};

/**
 * Whether the edges of each step can have come like this: of a planned step, none without the one
 * that it follows from, none before its planned time. What is not so is a problem.
 *
 * @param events ordered
 */
export function checkSteps(events: readonly Event[], plan: Plan, problems: Problems): void {
  const faultsUs = events.find((one) => one.type === "phase" && one.phase === "faults")?.atUs;
  // What ended before its time was healed before its time.
  const isWhole = !events.some(({ type }) => type === "error");
  const steps = Map.groupBy(
    events.filter((event): event is Edge => event.type === "fault"),
    ({ id }) => id,
  );
  for (const [id, edges] of steps) {
    const step = plan.steps.find((one) => one.id === id);
    if (!step) {
      problems.add("events: a fault event of a step that is not planned");
      continue;
    }
    const tell = (what: string): void => problems.add(`events: ${id} has ${what}`);
    checkOrder(edges, tell);
    checkLooks(edges, tell);
    if (faultsUs !== undefined && isWhole) checkPlanned(step, edges, { faultsUs, tell });
  }
}

type Tell = (what: string) => void;

function checkOrder(edges: readonly Edge[], tell: Tell): void {
  const counts = new Map<Name, number>();
  const told = (...names: readonly Name[]): number =>
    names.reduce((sum, name) => sum + (counts.get(name) ?? 0), 0);
  for (const { edge } of edges) {
    counts.set(edge, told(edge) + 1);
    const [before, ends] = AFTER[edge] ?? ["inject-begin", []];
    if (told(...ends) > told(before) || told(before) === 0) tell(`${edge} without its ${before}`);
  }
  if (told("heal-end", "heal-failed") < told("heal-begin")) tell("heal-begin without its end");
}

/** An effect cannot have been there, nor been seen, before it was asked for. */
function checkLooks(edges: readonly Edge[], tell: Tell): void {
  const last = (name: Name, beforeUs: Us): Us | undefined =>
    edges.findLast(({ edge, atUs }) => edge === name && atUs <= beforeUs)?.atUs;
  const firstUs = edges.find(({ edge }) => edge === "inject-begin")?.atUs ?? Infinity;
  for (const event of edges) {
    const { edge, atUs } = event;
    if ("evidence" in event && SAYS[edge]?.includes(event.evidence.effect) !== true) {
      tell(`${edge} by evidence that says otherwise`);
    }
    if (edge === "inject-end") {
      const sinceUs = last("inject-begin", atUs) ?? Infinity;
      if (event.stampUs < sinceUs - STAMP_SLACK_US) tell("a stamp from before it was asked for");
    }
    if ((edge === "proved" || edge === "unproved") && event.lookedUs < firstUs) {
      tell(`${edge} by a look from before it was asked for`);
    }
    if (edge === "heal-proved" || edge === "heal-unproved") {
      const healUs = edges.find((one) => one.edge === "heal-begin")?.atUs ?? Infinity;
      if (event.lookedUs < healUs) tell(`${edge} by a look from before its heal`);
    }
  }
}

function checkPlanned(
  { injectMs, healMs }: PlannedStep,
  edges: readonly Edge[],
  { faultsUs, tell }: { readonly faultsUs: Us; readonly tell: Tell },
): void {
  const early = (name: Name, plannedMs: number): boolean => {
    const first = edges.find(({ edge }) => edge === name);
    return first !== undefined && first.atUs < faultsUs + plannedMs * 1_000 - PLANNED_SLACK_US;
  };
  if (early("inject-begin", injectMs)) tell("inject-begin before its planned time");
  if (healMs !== null && early("heal-begin", healMs)) tell("heal-begin before its planned time");
}
