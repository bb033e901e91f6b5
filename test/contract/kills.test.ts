import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

import { EFFECT_FACTS } from "../../src/model/effect-facts.ts";
import { KILLED, KINDS, MOMENTS, momentsOf, SAMPLE, sampleCells } from "../matrix/cells.ts";
import { killsPage } from "../matrix/page.ts";

test("the sample has each moment with each that is killed, and each kind as far as it goes", () => {
  const cells = sampleCells(SAMPLE.seed, SAMPLE.count);
  expect(cells).toHaveLength(SAMPLE.count);
  const pairs = new Set(cells.map(({ moment, killed }) => `${moment} ${killed}`));
  expect(pairs.size).toBe(MOMENTS.length * KILLED.length);
  const kinds = new Set(cells.map(({ kind }) => kind));
  expect(kinds.size).toBe(Math.min(KINDS.length, SAMPLE.count));
});

test("what happens once is not healed", () => {
  for (const kind of KINDS) {
    expect(momentsOf(kind).includes("during heal")).toBe(!EFFECT_FACTS[kind].once);
  }
});

test("docs/KILLS.md has a row for each kind and moment: npm run test:matrix -- --kind=<kind>", () => {
  const page = readFileSync(new URL("../../docs/KILLS.md", import.meta.url), "utf8");
  const rows = page.split("\n").flatMap((line) => {
    const [, kind, moment] = /^\| `([^`]+)` \| ([^|]+) \|/.exec(line) ?? [];
    return kind === undefined ? [] : [`${kind} ${moment?.trim()}`];
  });
  expect(rows).toEqual(
    KINDS.flatMap((kind) => momentsOf(kind).map((moment) => `${kind} ${moment}`)),
  );
  expect(killsPage({}, page)).toBe(page);
});
