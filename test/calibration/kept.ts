// Results of cells that were run, one a line, each with what the code was: a grid can be run in
// parts, and a page be made of all of them.
import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";

import type { CellResult } from "./cell-result.ts";

const FILE = new URL("results.jsonl", import.meta.url);
const MEASURE = new URL("../../src/measure/", import.meta.url);

/** All that an estimate of recovery is made by. */
const ESTIMATOR = [
  "binomial.ts",
  "breach.ts",
  "change-point.ts",
  "levels.ts",
  "ramp.ts",
  "recovery.ts",
  "shape.ts",
  "signal.ts",
] as const;

export interface Kept {
  /** Of the estimator's files and of the generator. */
  readonly code: string;
  readonly result: CellResult;
}

/** What the code is now: the begin of a digest of its files. */
export function codeNow(): string {
  const hash = createHash("sha256");
  for (const name of ESTIMATOR) hash.update(readFileSync(new URL(name, MEASURE)));
  hash.update(readFileSync(new URL("draw.ts", import.meta.url)));
  return hash.digest("hex").slice(0, 12);
}

/** By cell's name, the last that was kept. */
export function readKept(): ReadonlyMap<string, Kept> {
  if (!existsSync(FILE)) return new Map();
  const lines = readFileSync(FILE, "utf8").split("\n").filter(Boolean);
  return new Map(
    lines.map((line) => {
      const kept = JSON.parse(line) as Kept;
      return [kept.result.name, kept];
    }),
  );
}

/** In place of what was kept of that cell. */
export function keep(kept: Kept): void {
  const all = new Map(readKept()).set(kept.result.name, kept);
  const lines = [...all.values()].map((one) => JSON.stringify(one, finite));
  writeFileSync(FILE, `${lines.join("\n")}\n`);
}

/** JSON has no infinity: null stands for it. */
const finite = (_key: string, value: unknown): unknown =>
  typeof value === "number" && !Number.isFinite(value) ? null : value;
