import { stat } from "node:fs/promises";
import { expect, test } from "vitest";
import {
  Canary,
  type CanaryResult,
  worstDifference,
} from "../../workloads/programs/model-server/canary.ts";
import { StatusError } from "../../workloads/programs/model-server/status.ts";

const MODEL = {
  version: 2,
  path: "",
  sha256: "",
  signature: { input: { name: "x", columns: 1 }, output: { name: "y", columns: 1 } },
  expected: { tolerance: 0.01, cases: [{ input: [1], output: [2] }] },
};

function canary(run: () => Promise<Float32Array>, options: { reuseMs?: number } = {}) {
  const results: CanaryResult[] = [];
  let runs = 0;
  const made = new Canary({
    run: () => {
      runs += 1;
      return run();
    },
    models: () => [MODEL],
    deadlineMs: 20,
    reuseMs: options.reuseMs ?? 0,
    onResult: (result) => results.push(result),
  });
  return { made, results, runs: () => runs };
}

test("right and wrong values", async () => {
  const right = canary(async () => Float32Array.from([2.005]));
  expect(await right.made.checkNow()).toMatchObject({ ok: true, version: 2 });
  const wrong = canary(async () => Float32Array.from([2.5]));
  expect(await wrong.made.checkNow()).toMatchObject({ ok: false, why: "wrong-values" });
  const failing = canary(async () => {
    throw new StatusError("INTERNAL", "CUDA failure 700");
  });
  expect(await failing.made.checkNow()).toEqual({
    ok: false,
    why: "error",
    detail: "CUDA failure 700",
  });
});

test("a call that never returns misses each deadline and stays the only one", async () => {
  const hung = canary(() => new Promise(() => {}));
  const [first, joined] = await Promise.all([hung.made.checkNow(), hung.made.checkNow()]);
  expect(first).toMatchObject({ ok: false, why: "deadline" });
  expect(joined).toBe(first);
  await hung.made.checkNow();
  expect(hung.results.length).toBe(2);
  expect(hung.runs()).toBe(1);
});

test("a call that comes late counts for the check that waits for it", async () => {
  let finish: (output: Float32Array) => void = () => {};
  const late = canary(() => new Promise((resolve) => (finish = resolve)));
  expect(await late.made.checkNow()).toMatchObject({ why: "deadline" });
  const second = late.made.checkNow();
  finish(Float32Array.from([2]));
  expect(await second).toMatchObject({ ok: true });
});

test("time in which this process was held up is not the model's", async () => {
  // Comes as the worker's answer does: by the event loop, after the timers.
  const answered = canary(() => stat(".").then(() => Float32Array.from([2])));
  await new Promise((resolve) => setImmediate(resolve));
  const check = answered.made.checkNow();
  const startMs = performance.now();
  while (performance.now() - startMs < 60);
  expect(await check).toMatchObject({ ok: true });
});

test("a result is used again while it is fresh", async () => {
  const fresh = canary(async () => Float32Array.from([2]), { reuseMs: 60_000 });
  await fresh.made.check();
  await fresh.made.check();
  expect(fresh.runs()).toBe(1);
  await fresh.made.checkNow();
  expect(fresh.runs()).toBe(2);
});

test("what is not a number is infinitely far away", () => {
  expect(worstDifference(Float32Array.from([Number.NaN]), [1])).toBe(Infinity);
  expect(worstDifference(Float32Array.from([1, 2]), [1])).toBe(Infinity);
  expect(worstDifference(Float32Array.from([1, 2]), [1, 4])).toBe(2);
});
