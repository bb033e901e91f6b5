// How far off any estimate must be where two ways to end look alike: a cell whose share of bad
// requests falls slowly, and the cell most like it among those of the other shape, in which the
// estimate keeps what is asked of it. Who is allowed to know both, to the instant, tells them apart
// by the ratio of their likelihoods, and nobody does better (Neyman and Pearson).
import { randomOf } from "../../src/kernel/prng.ts";
import { askedS } from "./asked.ts";
import type { Cell } from "./draw.ts";

const DRAWS = 20_000;

/** Chance of a bad request at each of the same instants, under the cell and under another. */
interface Pair {
  readonly own: readonly number[];
  readonly other: readonly number[];
  /** Between the two ends. */
  readonly apartS: number;
  /** By how much the mean may be off in the other cell. */
  readonly askedS: number;
}

/**
 * The least mean error in seconds, on the cell's side, of any estimate that lies between both ends
 * and that keeps what is asked in the other cell; 0 for a cell that ends at once.
 */
export function leastBiasS(cell: Cell): number {
  const pairs = cell.shape === "ramp" ? steps(cell) : cell.shape === "stairs" ? ramps(cell) : [];
  const byNormal = pairs.map((pair) => biasOf(pair, moments));
  const worst = pairs[byNormal.indexOf(Math.max(...byNormal))];
  return worst ? biasOf(worst, drawn) : 0;
}

/** Of bad requests so long after the begin, as the cells are drawn. */
function shareAt({ share, shape, outageS }: Cell, atS: number): number {
  if (atS >= outageS) return 0;
  const left = (3 * (outageS - atS)) / outageS;
  return shape === "stairs" ? (share * Math.ceil(left)) / 3 : share * Math.min(1, left);
}

/** Steps whose share is the cell's mean up to their end. */
function steps(cell: Cell): readonly Pair[] {
  return range(cell.outageS * 0.7, cell.outageS * 0.995, 60).map((endS) => {
    const own = chances(cell, cell.outageS, (atS) => shareAt(cell, atS));
    const inStep = own.slice(0, Math.floor(endS * cell.rate));
    const share = inStep.reduce((sum, one) => sum + one, 0) / inStep.length;
    const other = chances(cell, cell.outageS, (atS) => (atS < endS ? share : 0));
    return { own, other, apartS: cell.outageS - endS, askedS: askedS({ ...cell, share }) };
  });
}

/** Ramps that lose as many requests as the cell. */
function ramps(cell: Cell): readonly Pair[] {
  const { outageS } = cell;
  return range(outageS * 1.01, outageS * 1.4, 40).flatMap((endS) =>
    range(0, outageS * 0.7, 15).map((fromS) => {
      const shape = (atS: number): number =>
        Math.max(0, Math.min(1, (endS - atS) / (endS - fromS)));
      const own = chances(cell, endS, (atS) => shareAt(cell, atS));
      const lost = own.reduce((sum, one) => sum + one, 0);
      const whole = chances({ ...cell, background: 0 }, endS, shape);
      const share = Math.min(1, lost / whole.reduce((sum, one) => sum + one, 0));
      const other = chances(cell, endS, (atS) => share * shape(atS));
      return { own, other, apartS: endS - outageS, askedS: askedS({ ...cell, share }) };
    }),
  );
}

/** One of the two distributions of the log-likelihood ratio: its tails and its quantiles. */
interface Ratio {
  /** Chance of more than that. */
  readonly above: (ratio: number) => number;
  /** What is exceeded with that chance. */
  readonly exceeded: (chance: number) => number;
}

function biasOf(pair: Pair, of: (pair: Pair, isOwn: boolean) => Ratio): number {
  if (pair.apartS <= pair.askedS) return 0;
  // In the other cell the estimate may lean to this one's end by that share, on the mean.
  const threshold = of(pair, false).exceeded(pair.askedS / pair.apartS);
  return pair.apartS * (1 - of(pair, true).above(threshold));
}

/** As if the ratio were normal: near enough to choose a pair by. */
function moments({ own, other }: Pair, isOwn: boolean): Ratio {
  let mean = 0;
  let variance = 0;
  for (const [at, p] of own.entries()) {
    const q = other[at]!;
    const chance = isOwn ? p : q;
    const [bad, good] = [Math.log(p / q), Math.log((1 - p) / (1 - q))];
    mean += chance * bad + (1 - chance) * good;
    variance += chance * (1 - chance) * (bad - good) ** 2;
  }
  const deviation = Math.sqrt(variance);
  return {
    above: (ratio) => normalTail((ratio - mean) / deviation),
    exceeded: (chance) => {
      let [low, high] = [-10, 10];
      for (let nth = 0; nth < 50; nth += 1) {
        const middle = (low + high) / 2;
        if (normalTail(middle) > chance) low = middle;
        else high = middle;
      }
      return mean + low * deviation;
    },
  };
}

/** Chance of more than z: Abramowitz and Stegun 26.2.17, to 1e-7. */
function normalTail(z: number): number {
  if (z < 0) return 1 - normalTail(-z);
  const t = 1 / (1 + 0.2316419 * z);
  const terms = [0.31938153, -0.356563782, 1.781477937, -1.821255978, 1.330274429];
  const sum = terms.reduceRight((inner, term) => t * (term + inner), 0);
  return (sum * Math.exp((-z * z) / 2)) / Math.sqrt(2 * Math.PI);
}

function drawn({ own, other }: Pair, isOwn: boolean): Ratio {
  const random = randomOf("bound", isOwn ? "own" : "other");
  const chance = isOwn ? own : other;
  const bad = own.map((p, at) => Math.log(p / other[at]!));
  const good = own.map((p, at) => Math.log((1 - p) / (1 - other[at]!)));
  const ratios = Array.from({ length: DRAWS }, () =>
    chance.reduce((sum, p, at) => sum + (random() < p ? bad[at]! : good[at]!), 0),
  ).sort((a, b) => b - a);
  return {
    above: (ratio) => ratios.filter((one) => one > ratio).length / DRAWS,
    exceeded: (share) => ratios[Math.min(DRAWS - 1, Math.round(share * DRAWS))]!,
  };
}

/** At each request from the begin of the outage on; never nothing: a ratio would have no end. */
function chances(
  { rate, background }: Cell,
  untilS: number,
  share: (atS: number) => number,
): readonly number[] {
  return Array.from({ length: Math.floor(untilS * rate) }, (_, nth) =>
    Math.min(1 - 1e-9, Math.max(background, share((nth + 0.5) / rate), 1e-9)),
  );
}

const range = (from: number, to: number, count: number): readonly number[] =>
  Array.from({ length: count }, (_, nth) => from + ((to - from) * (nth + 0.5)) / count);
