import { askedS } from "./asked.ts";
import { leastBiasS } from "./bound.ts";
import { excluded, nameOf } from "./cells.ts";
import { drawRun, type Cell } from "./draw.ts";
import { firstSuccess, fixedBins, ours, scrape, type Told } from "./estimators.ts";

/** What one cell came to, over all its runs. */
export interface CellResult {
  readonly name: string;
  readonly cell: Cell;
  readonly runs: number;
  readonly masked: number;
  readonly unrecovered: number;
  /** Of those that were seen: told as a ramp. */
  readonly ramps: number;
  /** Of those that were seen. Seconds. */
  readonly biasS: number;
  readonly biasErrorS: number;
  readonly coverage: number;
  readonly widthS: number;
  /** Mean errors of others on the same runs. */
  readonly others: {
    readonly firstSuccess: number;
    readonly bins: number;
    readonly scrape: number;
  };
}

export function resultOf(cell: Cell, runs: number, seed: number): CellResult {
  const told: Told[] = [];
  const others = { firstSuccess: 0, bins: 0, scrape: 0 };
  for (let nth = 0; nth < runs; nth += 1) {
    const run = drawRun(cell, seed * 100_003 + nth);
    told.push(ours(cell, run));
    others.firstSuccess += firstSuccess(run) / runs;
    others.bins += fixedBins(run) / runs;
    others.scrape += scrape(run) / runs;
  }
  const seen = told.filter((one) => one.class !== "masked");
  const mean = (of: (one: Told) => number): number =>
    seen.reduce((sum, one) => sum + of(one), 0) / Math.max(1, seen.length);
  const biasS = mean(({ errorS }) => errorS);
  const variance = mean(({ errorS }) => (errorS - biasS) ** 2);
  return {
    name: nameOf(cell),
    cell,
    runs,
    masked: runs - seen.length,
    unrecovered: seen.filter((one) => one.class === "unrecovered").length,
    ramps: seen.filter(({ ramp }) => ramp).length,
    biasS,
    biasErrorS: Math.sqrt(variance / Math.max(1, seen.length)),
    coverage: mean(({ covered }) => Number(covered)),
    widthS: mean(({ widthS }) => widthS),
    others,
  };
}

/** What a judged cell must keep and does not. */
export function broken({ cell, biasS, coverage, runs, masked }: CellResult): readonly string[] {
  if (excluded(cell) !== null || masked === runs) return [];
  const { share } = cell;
  const mostS = askedS(cell);
  const low = coverage < 0.93 ? [`covers ${percent(coverage)}, at least 93 %`] : [];
  const high = share < 1 && coverage > 0.99 ? [`covers ${percent(coverage)}, at most 99 %`] : [];
  const off =
    Math.abs(biasS) > mostS && leastBiasS(cell) <= mostS
      ? [`off by ${biasS.toFixed(4)} s, at most ${mostS.toFixed(4)} s`]
      : [];
  return [...off, ...low, ...high];
}

/** Why a cell is not judged by its bias; nothing where it is, or keeps what is asked anyhow. */
export function unjudged({ cell, biasS }: CellResult): readonly string[] {
  const mostS = askedS(cell);
  if (Math.abs(biasS) <= mostS) return [];
  const leastS = leastBiasS(cell);
  if (leastS <= mostS) return [];
  const requests = (leastS * cell.rate).toFixed(1);
  return [`bias not judged: ${requests} for whoever keeps what is asked of the shape like it`];
}

export const percent = (ratio: number): string => `${(100 * ratio).toFixed(1)} %`;
