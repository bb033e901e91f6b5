// The cells of the matrix, and which of them a change is tested with.
import { randomOf, type Random } from "../../src/kernel/prng.ts";
import type { EffectKind } from "../../src/model/effect.ts";
import { EFFECT_FACTS } from "../../src/model/effect-facts.ts";
import { BENCHES } from "./registry.ts";

/** Where a step is when somebody is killed. `during`: asked of the holder, and not answered. */
export const MOMENTS = ["before inject", "during inject", "after", "during heal"] as const;
export type Moment = (typeof MOMENTS)[number];

/** SIGKILL to whom. `all`: and to the processes that carry the effect. */
export const KILLED = ["runner", "holder", "both", "all"] as const;
export type Killed = (typeof KILLED)[number];

/** What `npm test` runs of it. */
export const SAMPLE = { seed: "kills", count: 24 } as const;

export interface Cell {
  readonly kind: EffectKind;
  readonly moment: Moment;
  readonly killed: Killed;
}

export const nameOf = ({ kind, moment, killed }: Cell): string => `${kind}, ${moment}: ${killed}`;

/** What happens once is not healed. */
export function momentsOf(kind: EffectKind): readonly Moment[] {
  return MOMENTS.filter((moment) => moment !== "during heal" || !EFFECT_FACTS[kind].once);
}

export const KINDS = Object.keys(BENCHES) as EffectKind[];

/** All of them, in the order of a seed. */
export function allCells(seed: string): readonly Cell[] {
  const cells = KINDS.flatMap((kind) =>
    momentsOf(kind).flatMap((moment) => KILLED.map((killed) => ({ kind, moment, killed }))),
  );
  return shuffled(cells, randomOf(seed, "cells"));
}

/**
 * So many of them: first one for each moment and killed, of the kinds that were drawn least; then
 * kinds that were not drawn yet; then any.
 */
export function sampleCells(seed: string, count: number): readonly Cell[] {
  const left = [...allCells(seed)];
  const drawn: Cell[] = [];
  const timesOf = (kind: EffectKind): number => drawn.filter((one) => one.kind === kind).length;
  const draw = (fits: (cell: Cell) => boolean): void => {
    const [first] = left.filter(fits).toSorted((a, b) => timesOf(a.kind) - timesOf(b.kind));
    if (first === undefined) return;
    left.splice(left.indexOf(first), 1);
    drawn.push(first);
  };
  for (const moment of MOMENTS) {
    for (const killed of KILLED) {
      draw((cell) => cell.moment === moment && cell.killed === killed);
    }
  }
  while (drawn.length < count && left.length > 0) draw(() => true);
  return drawn.slice(0, count);
}

function shuffled<T>(all: readonly T[], random: Random): readonly T[] {
  const left = [...all];
  return all.map(() => left.splice(Math.floor(random() * left.length), 1)).flat();
}
