import type { Ratio, Us } from "../model/quantity.ts";
import type { Instant } from "./change-point.ts";
import { indexAt, type Signal } from "./signal.ts";

/** A value with its interval. */
export interface Span {
  readonly valueUs: Us;
  readonly lowUs: Us;
  readonly highUs: Us;
}

/** The share of bad requests fell to the background along a line: when that ended. */
export interface Ramp {
  readonly end: Instant;
  /** Over what time it fell; `highUs` is infinite where it may have begun before the stretch. */
  readonly length: Span;
  /** The greatest log-likelihood, comparable with that of a step on the same stretch. */
  readonly log: number;
}

export interface RampOf {
  readonly signal: Signal;
  /** The stretch was bad from here, at a bad request. */
  readonly badFrom: number;
  /** It ends after this index, and at most at `to`. */
  readonly from: number;
  readonly to: number;
  /** The share of bad requests once it is over. */
  readonly floor: Ratio;
  /** Log-likelihood of what follows each first good index from + 1 to `to`. */
  readonly tails: Float64Array;
  /** The best step: its last bad request, the share before it, and its log-likelihood. */
  readonly step: { readonly atUs: Us; readonly share: Ratio; readonly log: number };
  readonly untilUs: Us;
}

/** Fewer bad requests on the way down cannot be told from a step. */
const BAD_MIN = 15;
/** A ramp of which the likelihood is worse than that of a step by more is not looked at. */
const REACH = 4;
/**
 * Units of log-likelihood below the best that belong to the interval. Its end is nearly a regular
 * parameter: less than a step asks for, more than the 1.92 of the books.
 */
const CUT = 3;
/** What weighs less than this, in units of log-likelihood, counts for nothing. */
const BOX = 7;

/** A ramp in bins that are narrow where the share is small, each with the mean of its shares. */
const BINS = 32;
const EDGES = Float64Array.from({ length: BINS + 1 }, (_, nth) => (nth / BINS) ** 2);

/** Ends to look at, in lengths from the step's best point to the begin of the ramp. */
const ENDS = { low: -0.1, high: 1.2, step: 0.1 };
/** The fine grid: so many begins, so many ends of each. */
const FINE = { begins: 16, ends: 32 };

interface Cell {
  readonly endUs: Us;
  readonly lengthUs: Us;
  /** Half of what it stands for of `endUs`. */
  readonly halfUs: Us;
  readonly log: number;
  /** Logarithm of the area that it stands for. */
  readonly area: number;
}

/**
 * The end of a ramp: the mean of the posterior under flat priors over its begin and its end, with
 * the share before it integrated out. Null: no ramp comes near what a step explains.
 */
export function rampOf(of: RampOf): Ramp | null {
  const { signal, badFrom, to, step, floor } = of;
  const { timesUs } = signal;
  const spacingUs = (timesUs[to - 1]! - timesUs[badFrom]!) / (to - badFrom);
  const leastUs = ((2 * BAD_MIN) / step.share) * spacingUs;
  const mostUs = 2 * (step.atUs - timesUs[badFrom]!);
  if (mostUs <= leastUs || step.share <= floor) return null;
  const box = boxOf(of, leastUs, Math.ceil(Math.log2(mostUs / leastUs)) + 1);
  if (!box) return null;
  const cells = fine(of, leastUs, box);
  let best = -Infinity;
  let heaviest = -Infinity;
  for (const { log, area } of cells) {
    best = Math.max(best, log);
    heaviest = Math.max(heaviest, log + area);
  }
  let mass = 0;
  let end = 0;
  let length = 0;
  const ends = { lowUs: Infinity, highUs: -Infinity };
  const lengths = { lowUs: Infinity, highUs: -Infinity };
  const cut = Math.max(best, step.log) - CUT;
  for (const { endUs, lengthUs, halfUs, log, area } of cells) {
    const weight = Math.exp(log + area - heaviest);
    mass += weight;
    end += weight * endUs;
    length += weight * lengthUs;
    if (log < cut) continue;
    ends.lowUs = Math.min(ends.lowUs, endUs - halfUs);
    ends.highUs = Math.max(ends.highUs, endUs + halfUs);
    lengths.lowUs = Math.min(lengths.lowUs, lengthUs);
    lengths.highUs = Math.max(lengths.highUs, lengthUs);
  }
  if (mass === 0) return null;
  if (ends.lowUs - lengths.highUs <= timesUs[badFrom]!) lengths.highUs = Infinity;
  return {
    end: { atUs: end / mass, ...ends },
    length: { valueUs: length / mass, ...lengths },
    log: best,
  };
}

interface Box {
  /** Of the begin, in octaves of the least length. */
  readonly octaves: readonly [number, number];
  readonly ends: readonly [number, number];
}

/** Where in the coarse grid the likelihood is worth a closer look; null: nowhere. */
function boxOf(of: RampOf, leastUs: Us, octaves: number): Box | null {
  const { atUs, share, log: stepLog } = of.step;
  const start = logitOf(share);
  const seen: { octave: number; part: number; log: number }[] = [];
  let best = -Infinity;
  for (let octave = 0; octave < octaves; octave += 1) {
    const aheadUs = leastUs * 2 ** octave;
    for (let part = ENDS.low; part <= ENDS.high; part += ENDS.step) {
      const log = logOf(of, atUs + part * aheadUs, (1 + part) * aheadUs, start);
      best = Math.max(best, log);
      seen.push({ octave, part, log });
    }
  }
  if (best < stepLog - REACH) return null;
  const least = Math.max(best, stepLog) - BOX;
  const inside = seen.filter(({ log }) => log >= least);
  if (inside.length === 0) return null;
  const octavesIn = inside.map(({ octave }) => octave);
  const partsIn = inside.map(({ part }) => part);
  return {
    octaves: [Math.max(0, Math.min(...octavesIn) - 0.5), Math.max(...octavesIn) + 0.5],
    ends: [Math.min(...partsIn) - ENDS.step / 2, Math.max(...partsIn) + ENDS.step / 2],
  };
}

function fine(of: RampOf, leastUs: Us, { octaves, ends }: Box): readonly Cell[] {
  const { atUs, share } = of.step;
  const start = logitOf(share);
  const cells: Cell[] = [];
  const width = (ends[1] - ends[0]) / FINE.ends;
  for (let nth = 0; nth < FINE.begins; nth += 1) {
    const octave = octaves[0] + ((octaves[1] - octaves[0]) * (nth + 0.5)) / FINE.begins;
    const aheadUs = leastUs * 2 ** octave;
    for (let part = ends[0] + width / 2; part < ends[1]; part += width) {
      const endUs = atUs + part * aheadUs;
      const lengthUs = (1 + part) * aheadUs;
      const log = logOf(of, endUs, lengthUs, start);
      if (log === -Infinity) continue;
      // Begins are even by octaves, ends by parts of them: both wider the longer it is.
      const area = 2 * Math.log(aheadUs);
      cells.push({ endUs, lengthUs, halfUs: (width * aheadUs) / 2, log, area });
    }
  }
  return cells;
}

const logitOf = (share: Ratio): number => Math.log((share + 1e-3) / (1 - share + 1e-3));

/** Requests of a ramp by bins, and those before it: bad, good, how far up the ramp they are. */
const binned = {
  bad: new Float64Array(BINS + 1),
  good: new Float64Array(BINS + 1),
  level: new Float64Array(BINS + 1),
  bins: 0,
};

/** The log-likelihood of one ramp, its share integrated out (Jeffreys' prior, by Laplace). */
function logOf(of: RampOf, endUs: Us, lengthUs: Us, start: number): number {
  const end = indexAt(of.signal, endUs);
  if (end <= of.from || end > of.to || endUs > of.untilUs) return -Infinity;
  fill(of, endUs, lengthUs, end);
  return of.tails[end - of.from - 1]! + integrated(of.floor, start);
}

function fill({ signal, badFrom }: RampOf, endUs: Us, lengthUs: Us, end: number): void {
  const { timesUs, badBefore } = signal;
  const { bad, good, level } = binned;
  // The request at `badFrom` was chosen because it is bad: it says nothing about the share.
  const first = badFrom + 1;
  const firstUs = timesUs[badFrom]!;
  let until = end;
  let untilUs = endUs;
  let bins = 0;
  for (let nth = 1; nth <= BINS && until > first; nth += 1) {
    const fromUs = Math.max(firstUs, endUs - lengthUs * EDGES[nth]!);
    const from = fromUs > firstUs ? Math.max(first, indexAt(signal, fromUs)) : first;
    if (until > from) {
      bad[bins] = badBefore[until]! - badBefore[from]!;
      good[bins] = until - from - bad[bins]!;
      level[bins] = (endUs - (fromUs + untilUs) / 2) / lengthUs;
      bins += 1;
    }
    until = from;
    untilUs = fromUs;
  }
  const before = until > first ? badBefore[until]! - badBefore[first]! : 0;
  bad[bins] = before + 0.5;
  good[bins] = Math.max(0, until - first) - before + 0.5;
  level[bins] = 1;
  binned.bins = bins;
}

/** Of what is binned: Newton's way to the best share before the ramp, and its width there. */
function integrated(floor: Ratio, start: number): number {
  const { bad, good, level, bins } = binned;
  let logit = start;
  let curve = 1;
  for (let turn = 0; turn < 20; turn += 1) {
    const share = 1 / (1 + Math.exp(-logit));
    let slope = 0;
    curve = 0;
    for (let nth = 0; nth <= bins; nth += 1) {
      const up = level[nth]!;
      const here = up === 1 ? share : floor + (share - floor) * up;
      const perBad = bad[nth]! / here;
      const perGood = good[nth]! / (1 - here);
      slope += up * (perBad - perGood);
      curve += up * up * (perBad / here + perGood / (1 - here));
    }
    const odds = share * (1 - share);
    curve *= odds * odds;
    const move = Math.max(-1, Math.min(1, (odds * slope) / curve));
    logit += move;
    if (Math.abs(move) < 1e-3) break;
  }
  const share = 1 / (1 + Math.exp(-logit));
  let log = Math.log((2 * Math.PI) / curve) / 2;
  for (let nth = 0; nth <= bins; nth += 1) {
    const up = level[nth]!;
    const here = up === 1 ? share : floor + (share - floor) * up;
    log += bad[nth]! * Math.log(here) + good[nth]! * Math.log1p(-here);
  }
  return log;
}
