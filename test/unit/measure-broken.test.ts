// Each way in which a record shows that it is not what a run wrote: a problem of it, so that no
// lane is judged.
import { describe, expect, test } from "vitest";
import { measure } from "../../src/measure/measure.ts";
import type { Event } from "../../src/model/event.ts";
import type { Sample } from "../../src/model/request.ts";
import { faultsUs, makeRecord, podEvent, type MadeRecord } from "../property/measure-record.ts";

const S = 1_000_000;
const FAULTS = faultsUs({});
const [OBSERVE, END] = [FAULTS + 20 * S, FAULTS + 62 * S];

/** All that a record may be changed in, and that types would not let through. */
type Any = Record<string, unknown>;
type Change = (record: MadeRecord) => MadeRecord;

const problemsOf = (change: Change): readonly string[] =>
  measure(change(makeRecord())).completeness.problems;

const isOf = (event: Event, name: string): boolean =>
  event.type === "fault" ? event.edge === name : event.type === "phase" && event.phase === name;
const events =
  (name: string, change: (event: Any) => readonly object[]): Change =>
  (record) => ({
    ...record,
    events: record.events.flatMap((one) =>
      isOf(one, name) ? (change({ ...one }) as Event[]) : [one],
    ),
  });
const event = (name: string, of: object): Change => events(name, (one) => [{ ...one, ...of }]);
const more =
  (of: object): Change =>
  (record) => ({ ...record, events: [...record.events, of as Event] });
const gone = (name: string): Change => events(name, () => []);
const evidence = (of: object): object => ({
  evidence: { effect: "present", by: "GET", saw: 1, needed: "1", ...of },
});

test("a record with nothing wrong has no problems", () => {
  expect(problemsOf((record) => record)).toEqual([]);
});

describe("an event that no reader of schemas has seen", () => {
  test.each<readonly [string, Change, string]>([
    [
      "a proof without a look",
      event("proved", { lookedUs: null }),
      "a proved whose lookedUs is not a time",
    ],
    [
      "a proof of nothing",
      event("proved", evidence({ effect: "unclear" })),
      "f01 has proved by evidence that says otherwise",
    ],
    [
      "a heal that is still there",
      event("heal-proved", evidence({})),
      "f01 has heal-proved by evidence that says otherwise",
    ],
    ["an infinite time", event("inject-end", { stampUs: Infinity }), "an inject-end whose stampUs"],
    [
      "a prediction below 0",
      more({ atUs: 30 * S, type: "prediction", segments: [{ took: { low: -1, value: 5 } }] }),
      "a prediction of less than no time",
    ],
    ["a line of no type", more({ atUs: 30 * S, type: "lamp" }), "a line of unknown type"],
  ])("%s", (_what, change, told) => {
    expect(problemsOf(change)).toContainEqual(expect.stringContaining(told));
  });
});

describe("an event at a time that cannot be", () => {
  test.each<readonly [string, Change, string]>([
    [
      "a look that began when its proof was over",
      event("proved", { lookedUs: END }),
      "proved event: it must not tell of a time after atUs",
    ],
    [
      "later than the run is old",
      event("inject-begin", { lateUs: END }),
      "inject-begin event: it must not tell of a time after atUs",
    ],
    [
      "a look before inject",
      event("proved", { lookedUs: FAULTS - S }),
      "f01 has proved by a look from before it was asked for",
    ],
    [
      "a look before heal",
      event("heal-proved", { lookedUs: FAULTS + S }),
      "f01 has heal-proved by a look from before its heal",
    ],
    [
      "an inject before phase faults",
      event("inject-begin", { atUs: FAULTS - 2 * S, lateUs: 0 }),
      "f01 has inject-begin before its planned time",
    ],
    [
      "a heal long before its time",
      event("heal-begin", { atUs: FAULTS + 2 * S }),
      "f01 has heal-begin before its planned time",
    ],
    [
      "a pod after the run",
      more(podEvent(END + S, "server-a", {})),
      "cluster event: it must not come after the run's end",
    ],
    [
      "a proof after the run",
      event("heal-proved", { atUs: END + S }),
      "heal-proved event: it must not come after the run's end",
    ],
    [
      "a teardown of years",
      event("end", { atUs: Number.MAX_SAFE_INTEGER }),
      "phase teardown is longer than an hour",
    ],
    [
      "a steady phase shorter than planned",
      event("steady", { atUs: FAULTS - 25 * S }),
      "phase steady is shorter than planned",
    ],
    [
      "a steady phase again, at once",
      events("steady", (one) => [one, { ...one, atUs: Number(one["atUs"]) + 5 }]),
      "phase steady is shorter than planned",
    ],
    [
      "a phase deploy again",
      events("deploy", (one) => [one, { ...one, atUs: Number(one["atUs"]) + 5 }]),
      "phase deploy begins twice",
    ],
    [
      "two phases changed over",
      (record) => event("deploy", { atUs: 4 * S })(event("warmup", { atUs: S })(record)),
      "the phases are out of order",
    ],
  ])("%s", (_what, change, told) => {
    expect(problemsOf(change)).toContainEqual(expect.stringContaining(told));
  });

  test("after an error a run may have been healed before its time", () => {
    const early = event("heal-begin", { atUs: FAULTS + 2 * S });
    const error = more({ atUs: FAULTS + 2 * S, type: "error", code: "abort-when", message: "x" });
    expect(problemsOf((record) => error(early(record)))).toEqual([]);
  });
});

const damage = {
  atUs: FAULTS,
  type: "damage",
  accept: "pdb-broken",
  id: "f01",
  what: "x",
  observed: 1,
  limit: { max: 0 },
  rule: "x",
};

describe("edges that do not follow from each other", () => {
  test.each<readonly [string, Change, string]>([
    ["no inject-begin", gone("inject-begin"), "f01 has inject-end without its inject-begin"],
    ["no inject-end", gone("inject-end"), "f01 has proved without its inject-end"],
    ["no heal-begin", gone("heal-begin"), "f01 has heal-end without its heal-begin"],
    ["no heal-end", gone("heal-end"), "f01 has heal-begin without its end"],
    [
      "two proofs of one inject",
      events("proved", (one) => [one, { ...one, atUs: Number(one["atUs"]) + 5 }]),
      "f01 has proved without its inject-end",
    ],
    [
      "healed before it began",
      (record) =>
        event("heal-begin", { atUs: OBSERVE })(event("heal-end", { atUs: OBSERVE - 5 })(record)),
      "f01 has heal-end without its heal-begin",
    ],
    ["a step that is not planned", event("proved", { id: "f07" }), "a step that is not planned"],
    ["damage that the plan does not accept", more(damage), "the plan does not accept pdb-broken"],
  ])("%s", (_what, change, told) => {
    expect(problemsOf(change)).toContainEqual(expect.stringContaining(told));
  });
});

test.each(["preflight", "deploy", "warmup"])("a run of ours has a phase %s", (phase) => {
  const environment = { planSha256: "a".repeat(64), level: "simulated", cluster: {} } as never;
  const ours = (record: MadeRecord): MadeRecord => ({ ...record, environment });
  expect(problemsOf(ours)).toEqual([]);
  expect(problemsOf((record) => ours(gone(phase)(record)))).toContain(
    `events: phase ${phase} is missing`,
  );
  expect(problemsOf(gone(phase))).toEqual([]);
});

describe("requests that cannot be", () => {
  const one = (of: object): Change => {
    return (record) => ({
      ...record,
      requests: record.requests.map((request, nth) =>
        nth === 100 ? { ...request, ...of } : request,
      ),
    });
  };
  test.each<readonly [string, Change, string]>([
    ["attempts of minus one", one({ attempts: -1 }), "attempts is not a count"],
    ["infinite attempts", one({ attempts: Infinity }), "attempts is not a count"],
    ["a backend that is no name", one({ backend: null }), "backend is not a name"],
    ["a first byte before the start", one({ firstByteUs: 5 }), "firstByteUs before startUs"],
    [
      "an end after the run",
      one({ endUs: Number.MAX_SAFE_INTEGER }),
      "a time after the end of the record",
    ],
    [
      "a scenario that ends before the others",
      (record) => {
        const requests = record.requests.filter(
          ({ scenario, intendedUs }) => scenario === "new" || intendedUs < END - 8 * S,
        );
        return { ...record, requests, requestsEnd: { requests: requests.length } };
      },
      "scenario reused ends before the others",
    ],
  ])("%s", (_what, change, told) => {
    expect(problemsOf(change)).toContainEqual(expect.stringContaining(told));
  });
});

describe("samples that cannot be", () => {
  const sample: Sample = { atUs: 30 * S, metric: "gpus_healthy", value: 6, tags: { node: "n1" } };
  const samples =
    (...all: readonly object[]): Change =>
    (record) => ({ ...record, samples: all as Sample[] });

  test("one told twice, also among others of that instant", () => {
    const other = { ...sample, tags: { node: "n2" } };
    expect(problemsOf(samples(sample, other))).toEqual([]);
    expect(problemsOf(samples(sample, other, { ...sample }))).toEqual([
      "samples: the same line twice",
    ]);
  });

  test.each([-1, Number.MAX_SAFE_INTEGER])("at %d µs", (atUs) => {
    expect(problemsOf(samples({ ...sample, atUs }))).toEqual([
      "samples: a time that is not within the record",
    ]);
  });
});
