import { endOfBad, logTails, type Asked, type Instant, type Step } from "./change-point.ts";
import { levelsOf } from "./levels.ts";
import { rampOf, type Ramp, type Span } from "./ramp.ts";

/** The end of a bad stretch, whatever shape it has. */
export interface Ending extends Instant {
  readonly open: boolean;
  /** It ended as a ramp: over what time. Null: as a step. */
  readonly ramp: Span | null;
}

/**
 * By how much more than BIC asks for, in units of log-likelihood, one shape must explain than the
 * other for the interval to be its own alone: a ramp, a step.
 */
const RAMP_SURE = 10;
const STEP_SURE = 3;
/** Fewer bad requests say nothing about the shape. */
const SHAPE_BAD_MIN = 60;
/** So many bad requests tell the share of a level. */
const LEVEL_BAD = 15;

/**
 * When a stretch of bad requests was over: as a step, behind a share that was the same or fell in
 * up to three levels, or at the end of a ramp, whichever BIC prefers. A step's share is that of
 * `badFrom` on, or of its last level; shapes are compared from `longFrom` on, which is at most
 * `badFrom`. Where neither shape is sure the interval is that of both.
 */
export function endingOf(asked: Asked, longFrom: number): Ending {
  const { signal, to } = asked;
  const step = endOfBad(asked);
  const long = { ...asked, badFrom: longFrom };
  const one = longFrom === asked.badFrom ? step : endOfBad(long);
  const ramp = rampAt(long, one);
  if (!ramp) return ending([step], null);
  const perNumber = Math.log(to - longFrom) / 2;
  // A level has a begin and a share, a ramp has a length: so many numbers more than a step.
  const levels = levelsOf(signal, longFrom + 1, one.best.index, 2 * perNumber);
  const stepTold = levels.gain > 0 ? (lastLevel(asked, one, levels.lastFrom) ?? step) : step;
  const rampTold = { ...ramp.end, open: isOpen(asked, ramp) };
  const gain = ramp.log - perNumber - (one.best.log + levels.gain);
  const isRampSure = gain > RAMP_SURE;
  const isStepSure = gain < -perNumber - STEP_SURE;
  if (gain > 0) return ending(isRampSure ? [rampTold] : [rampTold, stepTold], ramp.length);
  return ending(isStepSure ? [stepTold] : [stepTold, rampTold], null);
}

/** The point of the first, the interval of all. */
function ending(
  told: readonly [Instant & Pick<Ending, "open">, ...(Instant & Pick<Ending, "open">)[]],
  ramp: Span | null,
): Ending {
  return {
    atUs: told[0].atUs,
    lowUs: Math.min(...told.map(({ lowUs }) => lowUs)),
    highUs: Math.max(...told.map(({ highUs }) => highUs)),
    open: told.some(({ open }) => open),
    ramp,
  };
}

/** Null: no ramp comes near what a step explains, or too little is there to tell. */
function rampAt(asked: Asked, { best }: Step): Ramp | null {
  const { signal, badFrom, after, untilUs } = asked;
  const { timesUs, badBefore } = signal;
  const badIn = badBefore[best.index]! - badBefore[badFrom]!;
  if (badIn < SHAPE_BAD_MIN) return null;
  return rampOf({
    ...asked,
    floor: after.afterGood,
    tails: logTails(asked),
    step: {
      atUs: timesUs[best.index - 1]!,
      share: badIn / (best.index - badFrom),
      log: best.log,
    },
    untilUs,
  });
}

/** As a step behind the last level alone; null: too few bad requests say what its share is. */
function lastLevel(asked: Asked, { best }: Step, lastFrom: number): Step | null {
  const { bad, badBefore } = asked.signal;
  if (badBefore[best.index]! - badBefore[lastFrom]! < LEVEL_BAD) return null;
  let badFrom = lastFrom;
  while (bad[badFrom] === 0) badFrom += 1;
  return endOfBad({ ...asked, badFrom, from: Math.max(badFrom, asked.from) });
}

/** Nothing says that it ended before the end of the signal. */
function isOpen({ signal: { timesUs }, to }: Asked, { end }: Ramp): boolean {
  return to === timesUs.length && end.highUs >= timesUs[to - 1]!;
}
