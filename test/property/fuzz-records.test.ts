// A part of test/fuzz: each kind of spoil once, on real files, by the way of `ninety check`.
import { expect, test } from "vitest";
import { loadPlugins } from "../../src/cli/plugins.ts";
import { fuzz } from "../fuzz/fuzz.ts";
import { SPOILS } from "../fuzz/spoil.ts";

test(
  "no spoilt record passes or crashes, its twin passes, and the order of lines changes nothing",
  { timeout: 120_000 },
  async () => {
    const { broken, notPassed } = await fuzz(
      { from: 1, seeds: SPOILS.length },
      await loadPlugins(),
    );
    expect(broken).toEqual([]);
    expect(notPassed.length, notPassed.join("\n")).toBeLessThanOrEqual(SPOILS.length / 100);
  },
);
