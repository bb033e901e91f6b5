// docs/KILLS.md: what the matrix found, a row for each kind and moment.
import type { EffectKind } from "../../src/model/effect.ts";
import { EFFECT_FACTS } from "../../src/model/effect-facts.ts";
import type { CellEnd } from "./cell.ts";
import { KILLED, KINDS, momentsOf, nameOf, type Cell } from "./cells.ts";

/** Seconds past the lease: wide, so that another run of the matrix says the same. */
const BOUNDS_SEC = [2, 5] as const;

const CUTTING = (Object.keys(EFFECT_FACTS) as EffectKind[])
  .filter((kind) => EFFECT_FACTS[kind].cutsControlPath && !EFFECT_FACTS[kind].once)
  .map((kind) => `\`${kind}\``)
  .join(", ");

const HEAD = [
  "# Who may be killed",
  "",
  "Made by `npm run test:matrix`. One step is begun over a real holder by the real loop; somebody is ended with SIGKILL at one moment of it; the holder is started again a second later, as its supervisor would. Then nothing may be left within the lease + 5 s: no effect (looked at in another way than its own), no process, no entry in the journal. `heal` from the events alone, in a fresh process, then ends with code 0 twice and changes nothing.",
  "",
  "- **before inject**: the begin is on the record, the holder is not yet asked. **during**: it was asked, and the answer has not come. **after**: it is held and was renewed.",
  "- **runner**, **holder** (node agent or guard), **both**; **all**: both, and the processes that carry the effect.",
  `- \`lease + 2 s\`: it was over by then, and mostly before the lease ran out. Where the runner lives it heals, and where an effect happens once nothing is held: the time counts from the heal or from the kill, without a lease. Where the way to the holder may be cut (${CUTTING}) the lease is the deadline.`,
  "",
];

export type Ends = Readonly<Record<string, CellEnd>>;

/** Rows of kinds that are not in `ends` are kept from the page as it was. */
export function killsPage(ends: Ends, before: string): string {
  const rows = KINDS.flatMap((kind) => rowsOf(kind, ends) ?? keptRows(kind, before));
  return [
    ...HEAD,
    `| kind of effect | moment | ${KILLED.join(" | ")} |`,
    `|---|---|${KILLED.map(() => "---|").join("")}`,
    ...rows,
    "",
  ].join("\n");
}

/** Null: not all of its cells are known. */
function rowsOf(kind: EffectKind, ends: Ends): readonly string[] | null {
  const rows = momentsOf(kind).map((moment) => {
    const cells = KILLED.map((killed): Cell => ({ kind, moment, killed }));
    const shown = cells.map((cell) => {
      const end = ends[nameOf(cell)];
      return end === undefined ? null : bucketOf(cell, end);
    });
    return shown.includes(null) ? null : `${startOf(kind)} ${moment} | ${shown.join(" | ")} |`;
  });
  return rows.every((row) => row !== null) ? rows : null;
}

function keptRows(kind: EffectKind, before: string): readonly string[] {
  return before.split("\n").filter((line) => line.startsWith(startOf(kind)));
}

const startOf = (kind: EffectKind): string => `| \`${kind}\` |`;

function bucketOf({ kind, killed }: Cell, { cleanMs, leaseMs }: CellEnd): string {
  const isLeased = killed !== "holder" && !EFFECT_FACTS[kind].once;
  const pastSec = (cleanMs - (isLeased ? leaseMs : 0)) / 1_000;
  const boundSec = BOUNDS_SEC.find((sec) => pastSec <= sec);
  // Without a lease to count from: the bound that was judged has one in it.
  const shown = boundSec === undefined ? "lease + 5 s" : `${boundSec} s`;
  return isLeased && boundSec !== undefined ? `lease + ${shown}` : shown;
}
