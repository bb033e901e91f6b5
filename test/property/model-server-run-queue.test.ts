// Law of joining: whatever comes, goes or fails, each caller gets exactly its own rows or one
// error, in time; and no run is larger than allowed, mixed, or late while the worker is free.
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { settle, VirtualClock } from "../../src/testing/virtual-clock.ts";
import {
  dueRun,
  RunQueue,
  type RunOptions,
  type StartedRun,
} from "../../workloads/programs/model-server/run-queue.ts";
import { StatusError } from "../../workloads/programs/model-server/status.ts";

const COLUMNS = 2;
const QUEUE_MAX = 6;
const DEADLINE_MS = 40;
const RUNS_MAX = 2;

type Action =
  | { readonly do: "add"; readonly version: number; readonly rows: number }
  | { readonly do: "leave"; readonly which: number }
  | { readonly do: "pass"; readonly ms: number }
  | { readonly do: "answer" | "fail"; readonly which: number };

const action: fc.Arbitrary<Action> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ do: fc.constant("add" as const), ...request() }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant("leave" as const), which: fc.nat(50) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant("pass" as const), ms: fc.nat(25) }) },
  {
    weight: 2,
    arbitrary: fc.record({ do: fc.constantFrom("answer" as const, "fail" as const), ...which() }),
  },
);
function request() {
  return { version: fc.integer({ min: 1, max: 2 }), rows: fc.integer({ min: 1, max: 5 }) };
}
function which() {
  return { which: fc.nat(3) };
}

/** What the model makes of one value: tells every value of every caller apart. */
const made = (version: number, value: number): number => version * 1_000_000 + value;

interface Caller {
  readonly version: number;
  readonly rows: number;
  readonly input: Float32Array;
  readonly sinceMs: number;
  readonly gone: AbortController;
  settledMs: number;
  outcomes: (Float32Array | Error)[];
}

/** A queue in front of a worker that answers when it is told to. */
class Bench {
  readonly clock = new VirtualClock();
  readonly callers: Caller[] = [];
  readonly started: (StartedRun & { readonly atMs: number })[] = [];
  readonly runs: { run: RunOptions; answer: () => void; fail: (error: Error) => void }[] = [];
  readonly queue: RunQueue;

  constructor(
    joining: { readonly rowsMax: number; readonly delayMs: number } | null,
    { answersAtOnce = false } = {},
  ) {
    this.queue = new RunQueue({
      queueMax: QUEUE_MAX,
      deadlineMs: DEADLINE_MS,
      runsMax: RUNS_MAX,
      joining,
      onRun: (run) => this.started.push({ ...run, atMs: this.clock.nowMs() }),
      run: (run) =>
        new Promise((resolve, reject) => {
          const answer = (): void => resolve(run.input.map((value) => made(run.version, value)));
          if (answersAtOnce) answer();
          else this.runs.push({ run, answer, fail: reject });
        }),
      clock: {
        nowMs: () => this.clock.nowMs(),
        after: (delayMs, wake) => this.clock.at(this.clock.nowMs() + delayMs, wake),
      },
    });
  }

  add(version: number, rows: number): void {
    const first = this.callers.length * 100;
    const caller: Caller = {
      version,
      rows,
      input: Float32Array.from({ length: rows * COLUMNS }, (_value, place) => first + place),
      sinceMs: this.clock.nowMs(),
      gone: new AbortController(),
      settledMs: Number.NaN,
      outcomes: [],
    };
    this.callers.push(caller);
    const take = (outcome: Float32Array | Error): void => {
      caller.settledMs = this.clock.nowMs();
      caller.outcomes.push(outcome);
    };
    this.queue
      .add({ version, rows, input: caller.input, signal: caller.gone.signal })
      .then(take, take);
  }

  async pass(ms: number): Promise<void> {
    let over = false;
    this.clock.at(this.clock.nowMs() + ms, () => (over = true));
    while (!over) {
      this.clock.tick();
      await settle();
    }
  }

  async act(action: Action): Promise<void> {
    if (action.do === "add") this.add(action.version, action.rows);
    else if (action.do === "leave") this.callers[action.which]?.gone.abort();
    else if (action.do === "pass") await this.pass(action.ms);
    else {
      const [run] = this.runs.splice(action.which, 1);
      if (action.do === "answer") run?.answer();
      else run?.fail(new StatusError("INTERNAL", "the run failed"));
    }
    await settle();
  }

  /** Everything that is left is answered. */
  async end(): Promise<void> {
    while (this.runs.length > 0 || this.queue.waiting > 0) {
      this.runs.shift()?.answer();
      await settle();
      if (this.runs.length === 0) await this.pass(DEADLINE_MS);
    }
  }
}

function expectOwnRows(caller: Caller, rowsMax: number): void {
  expect(caller.outcomes.length).toBe(1);
  const [outcome] = caller.outcomes;
  if (outcome instanceof Float32Array) {
    expect(Array.from(outcome)).toEqual(
      Array.from(caller.input, (value) => made(caller.version, value)),
    );
    return;
  }
  const code = (outcome as StatusError).code;
  expect([
    "INVALID_ARGUMENT",
    "UNAVAILABLE",
    "DEADLINE_EXCEEDED",
    "CANCELLED",
    "INTERNAL",
  ]).toContain(code);
  expect(code === "INVALID_ARGUMENT").toBe(caller.rows > rowsMax);
  if (code === "CANCELLED") expect(caller.gone.signal.aborted).toBe(true);
  if (code === "DEADLINE_EXCEEDED") expect(caller.settledMs - caller.sinceMs).toBe(DEADLINE_MS);
}

test("each caller gets exactly its rows or one error, whatever the interleaving", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(action, { maxLength: 60 }),
      fc.integer({ min: 1, max: 8 }),
      fc.nat(20),
      async (actions, rowsMax, delayMs) => {
        const bench = new Bench({ rowsMax, delayMs });
        for (const each of actions) {
          await bench.act(each);
          expect(bench.queue.waiting).toBeLessThanOrEqual(QUEUE_MAX);
          expect(bench.runs.length).toBeLessThanOrEqual(RUNS_MAX);
        }
        await bench.end();
        for (const caller of bench.callers) expectOwnRows(caller, rowsMax);
        for (const { rows } of bench.started) expect(rows).toBeLessThanOrEqual(rowsMax);
        // Nobody is in two runs, and nobody was dropped.
        const ran = bench.callers.filter(
          ({ outcomes: [one] }) =>
            one instanceof Float32Array || (one as StatusError).code === "INTERNAL",
        );
        const joined = bench.started.reduce((sum, { waitsMs }) => sum + waitsMs.length, 0);
        expect(joined).toBe(ran.length);
        for (const { waitsMs } of bench.started) {
          for (const waitMs of waitsMs) expect(waitMs).toBeLessThanOrEqual(DEADLINE_MS);
        }
      },
    ),
    { numRuns: 500 },
  );
});

test("while the worker is free a request waits for at most the delay", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ ...request(), gapMs: fc.nat(12) }), { maxLength: 40 }),
      fc.integer({ min: 5, max: 8 }),
      fc.nat(20),
      async (requests, rowsMax, delayMs) => {
        const bench = new Bench({ rowsMax, delayMs }, { answersAtOnce: true });
        for (const { version, rows, gapMs } of requests) {
          bench.add(version, rows);
          await settle();
          await bench.pass(gapMs);
        }
        await bench.end();
        for (const { waitsMs } of bench.started) {
          for (const waitMs of waitsMs) expect(waitMs).toBeLessThanOrEqual(delayMs);
        }
      },
    ),
    { numRuns: 300 },
  );
});

test("without joining every request is a run of its own, in order", async () => {
  const bench = new Bench(null);
  for (const rows of [1, 5, 3, 1]) await bench.act({ do: "add", version: 1, rows });
  expect(bench.started.map(({ rows }) => rows)).toEqual([1, 5]);
  await bench.end();
  expect(bench.started.map(({ rows }) => rows)).toEqual([1, 5, 3, 1]);
});

test("a run is full when the next request does not fit, and versions are never mixed", () => {
  const joining = { rowsMax: 8, delayMs: 5 };
  const one = (version: number, rows: number, sinceMs: number) => ({ version, rows, sinceMs });
  const [a, b, c, d] = [one(1, 5, 0), one(2, 1, 1), one(1, 2, 2), one(1, 4, 3)];
  expect(dueRun([a, b, c], 3, joining)).toEqual([]);
  expect(dueRun([a, b, c, d], 3, joining)).toEqual([a, c]);
  expect(dueRun([b, d], 6, joining)).toEqual([b]);
  expect(dueRun([one(1, 8, 0)], 0, joining)).toHaveLength(1);
});

test("who leaves takes his rows along; a failure is told to everybody in the run", async () => {
  const bench = new Bench({ rowsMax: 8, delayMs: 5 });
  for (const rows of [2, 3, 2]) await bench.act({ do: "add", version: 1, rows });
  await bench.act({ do: "leave", which: 1 });
  await bench.pass(5);
  expect(bench.started).toMatchObject([{ rows: 4, waitsMs: [5, 5] }]);
  await bench.act({ do: "fail", which: 0 });
  const codes = bench.callers.map(({ outcomes }) => (outcomes[0] as StatusError).code);
  expect(codes).toEqual(["INTERNAL", "CANCELLED", "INTERNAL"]);
});
