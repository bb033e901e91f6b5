// Computes nothing, for a share of each tenth of a second: `load=0.5`.
import { setImmediate as soon, setTimeout as sleep } from "node:timers/promises";

import { argument, work } from "./stress-worker.ts";

const PERIOD_MS = 100;
const busyMs = Number(argument("load")) * PERIOD_MS;

work(async () => {
  const fromMs = performance.now();
  while (performance.now() - fromMs < busyMs);
  // What the container's quota took from it is not made up for.
  const leftMs = fromMs + PERIOD_MS - performance.now();
  await (leftMs > 1 ? sleep(leftMs) : soon());
});
