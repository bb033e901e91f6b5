import { expect, test } from "vitest";
import { measure } from "../../src/measure/measure.ts";
import type { Event } from "../../src/model/event.ts";
import type { Request } from "../../src/model/request.ts";
import {
  faultsUs,
  makeRecord,
  randomFrom,
  shuffled,
  type Made,
  type MadeRecord,
} from "./measure-record.ts";
import { findingsOf, outcomeOf } from "./measure-verdict.ts";

const SEEDS = 800;
/** On a machine that is busy. */
const FOR_LONG = { timeout: 120_000 };
type Random = () => number;
type Spoil = (record: MadeRecord, random: Random, made: Made) => MadeRecord;

const index = (list: readonly unknown[], random: Random): number =>
  Math.floor(random() * list.length);

function withRequests(record: MadeRecord, requests: readonly Request[]): MadeRecord {
  return { ...record, requests, requestsEnd: { requests: requests.length } };
}

/** One request replaced by what the change makes of it. */
const oneRequest =
  (change: (request: Request, random: Random) => object): Spoil =>
  (record, random) => {
    const at = index(record.requests, random);
    const requests = record.requests.map((one, i) =>
      i === at ? Object.assign({ ...one }, change(one, random)) : one,
    );
    return { ...record, requests };
  };

const withEvents =
  (change: (events: readonly Event[], random: Random) => readonly Event[]): Spoil =>
  (record, random) => ({ ...record, events: change(record.events, random) });

const JUDGED = ["steady", "faults", "observe", "teardown", "end"];
/** All events but those of the watches, whose loss nothing can tell. */
const counts = (event: Event): boolean =>
  event.type === "fault" ? event.edge !== "heal-begin" : isJudged(event);
const isJudged = (event: Event): boolean => event.type === "phase" && JUDGED.includes(event.phase);

/** One of the events that count, replaced by what the change makes of it. */
const oneEvent = (change: (event: Event) => readonly Event[]): Spoil =>
  withEvents((events, random) => {
    const chosen = events.filter(counts);
    const target = chosen[index(chosen, random)]!;
    return events.flatMap((one) => (one === target ? change(one) : [one]));
  });

const unedge = (edge: string, to: string): Spoil =>
  withEvents((events) =>
    events.map((one) =>
      one.type === "fault" && one.edge === edge ? ({ ...one, edge: to } as Event) : one,
    ),
  );

const error = (code: string): Spoil =>
  withEvents((events) => [...events, { atUs: 50_000_000, type: "error", code, message: "x" }]);

const SPOILS: Readonly<Record<string, Spoil>> = {
  "no end line": (record) => ({ ...record, requestsEnd: null }),
  "no requests": (record) => withRequests(record, []),
  "a request less than counted": (record, random) => {
    const at = index(record.requests, random);
    return { ...record, requests: record.requests.filter((_, i) => i !== at) };
  },
  "an id left out, counted so": (record, random) => {
    const at = index(record.requests.slice(0, -40), random);
    return withRequests(
      record,
      record.requests.filter((_, i) => i !== at),
    );
  },
  "cut, counted so": (record, random, made) => {
    const until = faultsUs(made) * (0.3 + 0.7 * random());
    return withRequests(
      record,
      record.requests.filter(({ intendedUs }) => intendedUs < until),
    );
  },
  "a scenario less": (record) =>
    withRequests(
      record,
      record.requests.filter(({ scenario }) => scenario === "new"),
    ),
  "a request twice": (record, random) => {
    const again = record.requests[index(record.requests, random)]!;
    return withRequests(record, [...record.requests, again]);
  },
  "an id twice": (record, random) => {
    const again = record.requests[index(record.requests, random)]!;
    const other = { ...again, intendedUs: again.intendedUs + 5 };
    return withRequests(record, [...record.requests, other]);
  },
  "NaN for a time": oneRequest((_, random) => ({
    [["intendedUs", "startUs", "endUs"][Math.floor(random() * 3)]!]: NaN,
  })),
  "a negative time": oneRequest((one, random) => {
    const key = (["intendedUs", "startUs", "endUs"] as const)[Math.floor(random() * 3)]!;
    return { [key]: -Math.abs((one as unknown as Record<string, number>)[key]!) };
  }),
  "null for a time": oneRequest(() => ({ startUs: null })),
  "an end before its start": oneRequest((one) => ({ endUs: one.intendedUs - 1_000_000 })),
  "an id that is no count": oneRequest(() => ({ id: NaN })),
  "an unknown outcome": oneRequest(() => ({ outcome: "fine" })),
  "an unknown scenario": oneRequest(() => ({ scenario: "old" })),
  "two intended starts changed over": (record, random) => {
    const own = record.requests.filter(({ scenario }) => scenario === "new");
    const [one, other] = [own[index(own.slice(0, 200), random)]!, own.at(-5)!];
    const early = { ...other, intendedUs: one.intendedUs } as Request;
    const late = { ...one, intendedUs: other.intendedUs, startUs: other.intendedUs } as Request;
    const swap = (of: Request): Request => (of === one ? late : of === other ? early : of);
    return { ...record, requests: record.requests.map(swap) };
  },
  "a dropped request": (record, random, made) => {
    const judged = record.requests.filter(({ intendedUs }) => intendedUs >= faultsUs(made));
    const target = judged[index(judged, random)]!;
    const { id, scenario, intendedUs } = target;
    const dropped = { id, scenario, intendedUs, attempts: 1, outcome: "dropped" } as const;
    return { ...record, requests: record.requests.map((one) => (one === target ? dropped : one)) };
  },
  "a generator that is late": (record) => ({
    ...record,
    requests: record.requests.map((one) =>
      "endUs" in one && one.id % 5 === 0
        ? ({
            ...one,
            startUs: one.startUs + 80_000,
            endUs: one.endUs + 80_000,
            firstByteUs: one.endUs + 80_000,
          } as Request)
        : one,
    ),
  }),
  "an event left out": oneEvent(() => []),
  "an event twice": oneEvent((one) => [one, one]),
  "NaN for the time of an event": oneEvent((one) => [{ ...one, atUs: NaN }]),
  "a negative time of an event": oneEvent((one) => [{ ...one, atUs: -one.atUs }]),
  "events cut": withEvents((events, random) => events.slice(0, index(events, random))),
  "no events": withEvents(() => []),
  "no pods seen": withEvents((events) => events.filter(({ type }) => type !== "cluster")),
  "a stamp that is none": withEvents((events) =>
    events.map((one) => ("stampUs" in one ? { ...one, stampUs: NaN } : one)),
  ),
  "a negative stamp": withEvents((events) =>
    events.map((one) => ("stampUs" in one ? { ...one, stampUs: -5 } : one)),
  ),
  "not proved": unedge("proved", "unproved"),
  "not proved healed": unedge("heal-proved", "heal-unproved"),
  "a lease that lapsed": withEvents((events) => [
    ...events,
    { atUs: 45_000_000, type: "fault", id: "f01", edge: "lapsed" },
  ]),
  "an error of the run": error("load"),
  "a leftover": error("leftover"),
  "a sweep that failed": error("sweep-failed"),
  "an unreadable line": (record) => ({ ...record, problems: ["requests line 3 is not JSON"] }),
};

function madeOf(seed: number): Made {
  const random = randomFrom(seed);
  const fromS = 0.5 + random() * 3;
  const share = [0, 0.4, 1][Math.floor(random() * 3)]!;
  const outages = share === 0 ? [] : [{ fromS, untilS: fromS + 4 + random() * 6, share }];
  return { seed, rateRps: 10, steadyS: 25, observeS: 35, background: 0.001, outages };
}

test(`a spoilt record never passes, and its twin does, over ${SEEDS} seeds`, FOR_LONG, () => {
  const names = Object.keys(SPOILS);
  const passed: string[] = [];
  const spoiltTwins: string[] = [];
  for (let seed = 1; seed <= SEEDS; seed += 1) {
    const made = madeOf(seed);
    const record = makeRecord(made);
    if (outcomeOf(record) !== "pass") {
      const bad = findingsOf(record).filter(({ outcome }) => outcome !== "pass");
      spoiltTwins.push(`${seed}: ${bad.map(({ what }) => what).join(", ")}`);
    }
    const name = names[seed % names.length]!;
    const spoilt = SPOILS[name]!(record, randomFrom(seed + 9_999), made);
    if (outcomeOf(spoilt) === "pass") passed.push(`${seed}: ${name}`);
  }
  expect(passed).toEqual([]);
  expect(spoiltTwins.length, spoiltTwins.join("\n")).toBeLessThanOrEqual(SEEDS / 100);
});

test("nothing in a measurement is Infinity or NaN", FOR_LONG, () => {
  for (let seed = 1; seed <= 60; seed += 1) {
    const names = Object.keys(SPOILS);
    const made = madeOf(seed);
    const spoilt = SPOILS[names[seed % names.length]!]!(makeRecord(made), randomFrom(seed), made);
    JSON.stringify(measure(spoilt), (key, value: unknown) => {
      if (typeof value === "number" && !Number.isFinite(value)) throw new Error(`${key} ${value}`);
      return value;
    });
  }
});

test("the order of lines changes nothing, in whole and in spoilt records", FOR_LONG, () => {
  const names = Object.keys(SPOILS);
  for (let seed = 1; seed <= 2 * names.length; seed += 1) {
    const made = madeOf(seed);
    const whole = makeRecord(made);
    const spoil = SPOILS[names[seed % names.length]!]!;
    const record = seed <= names.length ? spoil(whole, randomFrom(seed), made) : whole;
    const other = {
      ...record,
      events: shuffled(record.events, seed),
      requests: shuffled(record.requests, seed + 1),
      samples: shuffled(record.samples, seed + 2),
    };
    expect(JSON.stringify(measure(other))).toBe(JSON.stringify(measure(record)));
  }
});
