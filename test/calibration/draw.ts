// Runs whose truth is drawn here, by code that knows nothing of the estimator and shares none.

export type Shape =
  /** The bad share from begin to end. */
  | "step"
  /** As step, half of the time good again in turns of 2 s; the end is that of the last turn. */
  | "flapping"
  /** As step, then the bad share falls to nothing over the last third of the outage. */
  | "ramp"
  /** The bad share is less by a third of it in each third of the outage. */
  | "stairs"
  /**
   * Nothing fails: a part of the requests waits in a queue that a stall filled and that drains at
   * twice the rate; bad are those that take longer than `WITHIN_S`.
   */
  | "slow"
  /** As step, while the rate of arrivals wanders by 30 % to both sides over a minute. */
  | "drift";

/** One cell of the grid: all its runs are drawn alike but for their seed. */
export interface Cell {
  /** Requests per second. */
  readonly rate: number;
  /** Of bad requests during the outage. */
  readonly share: number;
  readonly outageS: number;
  readonly arrivals: "constant" | "poisson";
  readonly errors: "single" | "bursty";
  /** Bad share outside of the outage. */
  readonly background: number;
  readonly shape: Shape;
}

export interface Run {
  /** Intended starts in seconds, ascending. */
  readonly timesS: readonly number[];
  readonly bad: readonly number[];
  /** The effect was injected here; clients are hurt from `fromS` to `endS`. */
  readonly injectedS: number;
  readonly fromS: number;
  readonly endS: number;
  readonly untilS: number;
}

export const STEADY_S = 60;
const AFTER_S = 40;
const FLAP_S = 2;
/** What a request may take, and what it takes in an empty queue. */
const WITHIN_S = 0.25;
const SERVED_S = 0.02;
const BURST = 4;

/** Xorshift, 32 bits, seeded by a hash of the number. */
function randomOf(seed: number): () => number {
  let state = Math.imul(seed ^ 0x5bd1e995, 0x2545f491) | 1;
  for (let warm = 0; warm < 4; warm += 1) state = step(state);
  return () => {
    state = step(state);
    return (state >>> 0) / 2 ** 32;
  };
}

function step(state: number): number {
  let next = state ^ (state << 13);
  next ^= next >>> 17;
  return next ^ (next << 5);
}

export function drawRun(cell: Cell, seed: number): Run {
  const random = randomOf(seed);
  const injectedS = STEADY_S + random();
  const fromS = injectedS + 3 * random();
  const endS = fromS + cell.outageS;
  const untilS = endS + AFTER_S;
  const timesS: number[] = [];
  const bad: number[] = [];
  const phase = random() * 60;
  let burst = 0;
  for (let atS = random() / cell.rate; atS < untilS;) {
    const share = shareAt(cell, atS, fromS, endS);
    if (share === 0 && burst === 0 && random() < cell.background) {
      burst = cell.errors === "bursty" ? BURST : 1;
    }
    timesS.push(atS);
    const hurt = share > 0 && random() < share && tookS(cell, atS - fromS) > WITHIN_S;
    bad.push((share > 0 ? hurt : burst > 0) ? 1 : 0);
    burst = Math.max(0, burst - 1);
    const wander = cell.shape === "drift" ? 1 + 0.3 * Math.sin((atS + phase) / 9.55) : 1;
    const gap = cell.arrivals === "constant" ? 1 : -Math.log(1 - random());
    atS += gap / (cell.rate * wander);
  }
  return { timesS, bad, injectedS, fromS, endS, untilS };
}

function shareAt(
  { share, shape, outageS }: Cell,
  atS: number,
  fromS: number,
  endS: number,
): number {
  if (atS < fromS || atS >= endS) return 0;
  if (shape === "stairs") return (share * Math.ceil((3 * (endS - atS)) / outageS)) / 3;
  if (shape === "ramp") return share * Math.min(1, (3 * (endS - atS)) / outageS);
  // Counted from the end, so that the last turn is a bad one.
  if (shape === "flapping" && Math.floor((endS - atS) / FLAP_S) % 2 === 1) return 0;
  return share;
}

/** How long a request of the hurt part takes that was due so long after the stall began. */
function tookS({ shape, outageS }: Cell, dueS: number): number {
  if (shape !== "slow") return Infinity;
  // Of the queue, the request due at d is served at stall + d / 2: it waits for stall - d / 2.
  const stallS = outageS / 2 + WITHIN_S - SERVED_S;
  return SERVED_S + Math.max(0, stallS - dueS / 2);
}
