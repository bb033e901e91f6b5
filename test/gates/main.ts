// Gates by the ten thousand: false alarms where nothing changed, and power. --write puts the table
// into docs/GATE.md. Ends with 1 where the upper 99 % bound of false alarms is above 6 %.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { GATE_RULE, lookLevels } from "../../src/kernel/gate.ts";
import { shareInterval } from "../../src/measure/binomial.ts";
import { showNumber } from "../../src/model/show.ts";
import { simulate, type Cell } from "./simulate.ts";

const BOUND_MAX = 0.06;
const METRICS = 4;
const BASELINES = [5, 10, 20] as const;
const PAGE = fileURLToPath(new URL("../../docs/GATE.md", import.meta.url));
const MARKS = ["<!-- gates: begin -->", "<!-- gates: end -->"] as const;

const { values } = parseArgs({
  options: {
    write: { type: "boolean", default: false },
    gates: { type: "string", default: "20000" },
    power: { type: "string", default: "2000" },
  },
});

const percent = (share: number): string => `${showNumber(Number((share * 100).toFixed(2)))} %`;
const rowOf = (cells: readonly string[]): string => `| ${cells.join(" | ")} |`;
const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [rowOf(head), rowOf(head.map(() => "---")), ...rows.map(rowOf)].join("\n");

const EXACT = { ...GATE_RULE, tolerate: 0 };
const plain = { variation: 0.31, ratio: 1, kind: "plain", rule: EXACT } as const;
const UNCHANGED: readonly (readonly [what: string, cell: Cell])[] = [
  ...BASELINES.map((baseline) => ["nothing tolerated", { ...plain, baseline }] as const),
  ["half of all runs masked", { ...plain, baseline: 10, kind: "masked" }],
  ["runs observed up to 1.3 medians", { ...plain, baseline: 10, kind: "censored" }],
  ["as it is by default", { ...plain, baseline: 10, rule: GATE_RULE }],
];

function unchanged(gates: number): { readonly text: string; readonly worst: number } {
  let worst = 0;
  const rows = UNCHANGED.map(([what, cell], nth) => {
    const { failedBy } = simulate(cell, { gates, seed: 100 + nth, asUsed: false });
    const failed = failedBy.at(-1)!;
    // The upper end of a two-sided 98 % interval is a one-sided 99 % bound.
    const bound = shareInterval(failed, gates, 0.98).high;
    worst = Math.max(worst, bound);
    console.error(`${what}, baseline of ${cell.baseline}: ${failed} of ${gates}`);
    return [what, String(cell.baseline), String(failed), percent(failed / gates), percent(bound)];
  });
  const head = ["runs", "baseline", `false alarms of ${showNumber(gates)}`, "share", "99 % bound"];
  return { text: table(head, rows), worst };
}

function power(gates: number): string {
  const rows = [0.15, 0.31, 0.53].flatMap((variation, i) =>
    BASELINES.flatMap((baseline, j) =>
      [1, 1.5, 2, 3].map((ratio, k) => {
        const cell: Cell = { baseline, variation, ratio, kind: "plain", rule: GATE_RULE };
        const seed = 1_000 + i * 100 + j * 10 + k;
        const { failedBy, used, runs } = simulate(cell, { gates, seed, asUsed: true });
        console.error(`variation ${variation}, baseline of ${baseline}, ${ratio} times`);
        const by = failedBy.map((failed) => percent(failed / gates));
        const ends = [used.fail, used.pass, used.unknown].map((count) => percent(count / gates));
        return [variation, baseline, `${ratio}×`, ...by, ends.join(" / "), runs.toFixed(1)].map(
          String,
        );
      }),
    ),
  );
  const looks = GATE_RULE.looks.map((runs) => `fails by ${runs}`);
  const used = "as used: fail / pass / unknown";
  return table(["variation", "baseline", "change", ...looks, used, "runs"], rows);
}

function levels(): string {
  const rows = BASELINES.map((baseline) => [
    String(baseline),
    ...lookLevels(GATE_RULE.looks, { baseline, metrics: METRICS }).map((level) =>
      level === 0 ? "none" : percent(level),
    ),
  ]);
  return table(["baseline", ...GATE_RULE.looks.map((runs) => `look at ${runs}`)], rows);
}

const told = unchanged(Number(values.gates));
const text = [
  `Levels of the looks, of ${METRICS} primary metrics; *none*: too few runs to reject anything.`,
  levels(),
  "Nothing changed: how often the gate fails at any of its looks.",
  told.text,
  `One of ${METRICS} metrics takes so many times as long; ${showNumber(Number(values.power))} gates a row.`,
  power(Number(values.power)),
].join("\n\n");
console.log(text);
if (values.write) {
  const page = readFileSync(PAGE, "utf8");
  const [before, after] = [page.split(MARKS[0])[0]!, page.split(MARKS[1])[1]!];
  writeFileSync(PAGE, `${before}${MARKS[0]}\n\n${text}\n\n${MARKS[1]}${after}`);
}
if (told.worst > BOUND_MAX) console.error(`the bound must be at most ${percent(BOUND_MAX)}`);
process.exit(told.worst > BOUND_MAX ? 1 : 0);
