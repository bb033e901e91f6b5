// Ways to tell when a service recovered, on the same run; all in seconds from the truth.
import { courseOf } from "../../src/measure/recovery.ts";
import { signalOf } from "../../src/measure/signal.ts";
import { STEADY_S, type Cell, type Run } from "./draw.ts";

const US = 1_000_000;
const SLO = { withinMs: 250, goodRatio: 0.99, breachRatio: 0.99 };
const SCRAPE_S = 15;

/** What ninety says. */
export interface Told {
  readonly class: "masked" | "recovered" | "unrecovered";
  /** Point minus truth. */
  readonly errorS: number;
  readonly covered: boolean;
  readonly widthS: number;
  /** It is said to have ended as a ramp. */
  readonly ramp: boolean;
}

export function ours(cell: Cell, run: Run): Told {
  const steadyTo = run.timesS.findIndex((time) => time >= STEADY_S);
  const steady = run.bad.slice(0, steadyTo);
  const steadyBad = steady.reduce((sum, one) => sum + one, 0);
  const again = steady.filter((one, at) => one === 1 && steady[at - 1] === 1).length;
  const course = courseOf({
    signal: signalOf(
      run.timesS.map((time) => time * US),
      run.bad,
    ),
    fromUs: run.injectedS * US,
    untilUs: run.untilS * US,
    slo: SLO,
    steady: { bad: steadyBad, n: steadyTo, again },
    rateRps: cell.rate,
    lagUs: 0,
  });
  if (course.is === "masked") {
    return { class: "masked", errorS: 0, covered: false, widthS: 0, ramp: false };
  }
  const { atUs, lowUs, highUs } = course.recovered;
  return {
    class: course.held ? "recovered" : "unrecovered",
    errorS: atUs / US - run.endS,
    covered: lowUs / US <= run.endS && run.endS <= highUs / US,
    widthS: (highUs - lowUs) / US,
    ramp: course.ramp !== null,
  };
}

/** The first good request after the first bad one since the inject, as a waiting client has it. */
export function firstSuccess({ timesS, bad, injectedS, endS }: Run): number {
  const hurt = timesS.findIndex((time, at) => time >= injectedS && bad[at] === 1);
  if (hurt < 0) return 0;
  const back = bad.indexOf(0, hurt);
  return (timesS[back] ?? endS) - endS;
}

/** The first of three bins of a second in a row that meet the objective, after one that did not. */
export function fixedBins(run: Run): number {
  return firstGoodBin(run, { widthS: 1, inRow: 3, stepS: 1 });
}

/** A rate over 30 s that is read every 15 s, as a dashboard has it. */
export function scrape(run: Run): number {
  return firstGoodBin(run, { widthS: 2 * SCRAPE_S, inRow: 1, stepS: SCRAPE_S });
}

function firstGoodBin(
  { timesS, bad, injectedS, untilS, endS }: Run,
  {
    widthS,
    inRow,
    stepS,
  }: { readonly widthS: number; readonly inRow: number; readonly stepS: number },
): number {
  let hurt = false;
  let row = 0;
  let from = 0;
  for (let binS = Math.floor(injectedS) - widthS + stepS; binS + widthS <= untilS; binS += stepS) {
    while (from < timesS.length && timesS[from]! < binS) from += 1;
    let n = 0;
    let good = 0;
    for (let at = from; at < timesS.length && timesS[at]! < binS + widthS; at += 1) {
      n += 1;
      good += 1 - bad[at]!;
    }
    const isGood = n === 0 || good / n >= SLO.breachRatio;
    row = isGood ? row + 1 : 0;
    if (!isGood && binS + widthS > injectedS) hurt = true;
    if (hurt && row >= inRow) {
      // A bin is known once it is over; a row is dated by its first bin.
      const readS = inRow === 1 ? binS + widthS : binS - (inRow - 1) * stepS;
      return readS - endS;
    }
  }
  return hurt ? Infinity : 0;
}
