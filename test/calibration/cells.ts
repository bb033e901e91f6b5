import type { Cell } from "./draw.ts";

const RATES = [2, 10, 50, 200, 1_000] as const;
const SHARES = [0.05, 0.1, 0.2, 0.33, 0.5, 1] as const;
const OUTAGES_S = [0.2, 1, 5, 30, 120, 900] as const;

/** Longer runs cost minutes a cell and say nothing that a lower rate does not. */
const REQUESTS_MAX = 60_000;
/** Of the highest rate at least the short outages. */
const REQUESTS_MAX_FAST = 110_000;
/** Fewer bad requests than this say too little about where an outage ends. */
const BAD_EXPECTED_MIN = 10;

const BASE = {
  arrivals: "constant",
  errors: "single",
  background: 0.001,
  shape: "step",
} as const;

/** Of outages that mostly go unseen the seen ones are no fair sample. */
const POWER_MIN = 0.99;

const GRID: readonly Cell[] = RATES.flatMap((rate) =>
  SHARES.flatMap((share) => OUTAGES_S.map((outageS): Cell => ({ ...BASE, rate, share, outageS }))),
);

/** One thing at a time differs from the cells of the grid. */
const ODD: readonly Cell[] = [0.1, 0.33, 1].flatMap((share): readonly Cell[] => {
  const cell = { ...BASE, rate: 50, share, outageS: 30 };
  return [
    { ...cell, arrivals: "poisson" },
    { ...cell, errors: "bursty" },
    { ...cell, background: 0.005 },
    { ...cell, shape: "drift" },
    { ...cell, shape: "flapping" },
    { ...cell, shape: "ramp" },
    { ...cell, shape: "stairs" },
    { ...cell, shape: "slow" },
  ];
});

/** Runs that recover, at backgrounds up to what the objective allows. */
export const FALSE_CELLS: readonly Cell[] = [
  { background: 0, errors: "single" } as const,
  { background: 0.002, errors: "single" } as const,
  { background: 0.005, errors: "single" } as const,
  { background: 0.009, errors: "single" } as const,
  { background: 0.001, errors: "bursty" } as const,
  { background: 0.002, errors: "bursty" } as const,
].map((differs): Cell => ({ ...BASE, rate: 50, share: 0.5, outageS: 10, ...differs }));

const badExpected = ({ rate, share, outageS }: Cell): number => rate * share * outageS;

/** Why a cell is not judged; null: it is. Fixed by the cell alone, before any run. */
export function excluded(cell: Cell): string | null {
  // A validity rule of steady: at least 200 requests.
  if (cell.rate * 60 < 200) return "a steady phase of fewer than 200 requests is not valid";
  if (badExpected(cell) < BAD_EXPECTED_MIN) {
    return `fewer than ${BAD_EXPECTED_MIN} bad requests expected`;
  }
  const most = cell.rate === RATES.at(-1) ? REQUESTS_MAX_FAST : REQUESTS_MAX;
  if (cell.rate * (cell.outageS + 100) > most) return `more than ${most} requests a run`;
  if (power(cell) < POWER_MIN) return `seen with a chance of less than ${100 * POWER_MIN} %`;
  return null;
}

/**
 * Chance that an outage of this cell is seen at all, by one window as wide as it is or, of a
 * shorter one, by the narrowest window there is: exact.
 */
function power({ rate, share, outageS }: Cell): number {
  const n = Math.round(rate * Math.max(outageS, 1, 20 / rate));
  const windows = rate * (outageS + 40) * 7;
  // Upwards: the least count that rejects is near the few that are allowed.
  let needed = 0;
  while (needed <= n && tail(needed, n, 0.01) >= 1e-4 / windows) needed += 1;
  return tail(needed, Math.round(rate * outageS), share);
}

/** Chance of at least k of n. */
function tail(k: number, n: number, p: number): number {
  let term = n * Math.log1p(-p);
  let below = 0;
  for (let i = 0; i < k; i += 1) {
    below += Math.exp(term);
    if (p === 1) return k <= n ? 1 : 0;
    term += Math.log((n - i) / (i + 1)) + Math.log(p) - Math.log1p(-p);
  }
  return Math.max(0, 1 - below);
}

export const CELLS: readonly Cell[] = [...GRID, ...ODD];

export const nameOf = ({ rate, share, outageS, ...odd }: Cell): string =>
  [
    `${rate}/s, ${Math.round(share * 100)} % for ${outageS} s`,
    ...Object.entries(odd).flatMap(([key, value]) =>
      value === BASE[key as keyof typeof BASE]
        ? []
        : [key === "background" ? `background ${percentText(Number(value))}` : String(value)],
    ),
  ].join(", ");

const percentText = (ratio: number): string => `${Number((100 * ratio).toPrecision(3))} %`;
