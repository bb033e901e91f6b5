import type { Us } from "../model/quantity.ts";
import type { StepTimes } from "./steps.ts";

/** Steps that are measured together. */
export interface Group {
  readonly steps: readonly StepTimes[];
  /** The first inject asked for. */
  readonly fromUs: Us;
  /** The next group's, or the end of observation. */
  readonly untilUs: Us;
}

/**
 * A step belongs to the group before it when its inject was asked for while that one's effects were
 * there or less than a hold after they were gone: what followed could not be told apart.
 */
export function groupSteps(
  steps: readonly StepTimes[],
  { untilUs, holdUs }: { readonly untilUs: Us; readonly holdUs: Us },
): readonly Group[] {
  const sorted = [...steps].sort((a, b) => a.reqUs - b.reqUs || (a.id < b.id ? -1 : 1));
  const groups: StepTimes[][] = [];
  let freeUs = -Infinity;
  for (const step of sorted) {
    if (step.reqUs < freeUs && groups.length > 0) groups.at(-1)!.push(step);
    else groups.push([step]);
    freeUs = Math.max(freeUs, (step.clr?.atUs ?? Infinity) + holdUs);
  }
  return groups.map((group, i) => ({
    steps: group,
    fromUs: group[0]!.reqUs,
    untilUs: Math.max(group[0]!.reqUs, groups[i + 1]?.[0]!.reqUs ?? untilUs),
  }));
}

/** When the first effect took hold; null: no holder said so. */
export function effectOf(group: Group): { readonly stampUs: Us; readonly lowUs: Us } | null {
  const known = group.steps.flatMap(({ inj }) => (inj ? [inj] : []));
  if (known.length === 0) return null;
  return known.reduce((first, one) => (one.stampUs < first.stampUs ? one : first));
}

/** When the last effect was gone; null: one of them is not known to be. */
export function clearedOf(group: Group): { readonly atUs: Us; readonly lowUs: Us } | null {
  let last: { readonly atUs: Us; readonly lowUs: Us } | null = null;
  for (const { clr } of group.steps) {
    if (!clr) return null;
    if (!last || clr.atUs > last.atUs) last = clr;
  }
  return last;
}
