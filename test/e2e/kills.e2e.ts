// A seeded sample of the kill matrix (npm run test:matrix runs all of it): whoever is killed at
// whatever step, what was begun ends by itself, and healing from the events alone does no harm.
import { afterAll, describe, expect, test } from "vitest";

import { PAST_LEASE_MS, runCell } from "../matrix/cell.ts";
import { nameOf, SAMPLE, sampleCells } from "../matrix/cells.ts";
import { closeShared } from "../matrix/registry.ts";
import { noNamespaces } from "../support/net-pair.ts";

const why = noNamespaces();
const cells = sampleCells(SAMPLE.seed, SAMPLE.count).map((cell) => [nameOf(cell), cell] as const);

afterAll(closeShared);

describe.skipIf(why !== null).concurrent(`SIGKILL${why === null ? "" : `: ${why}`}`, () => {
  test.each(cells)("%s", async (_name, cell) => {
    const { cleanMs, leaseMs } = await runCell(cell, SAMPLE.seed);
    expect(cleanMs).toBeLessThanOrEqual(leaseMs + PAST_LEASE_MS);
  });
});
