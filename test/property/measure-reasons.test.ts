import { expect, test } from "vitest";
import { measure } from "../../src/measure/measure.ts";
import { randomFrom, shuffled, type MadeRecord } from "./measure-record.ts";
import {
  blindRecord,
  lostRecord,
  restartsRecord,
  STALE,
  staleRecord,
} from "./measure-reasons-made.ts";

/** On a machine that is busy. */
const FOR_LONG = { timeout: 60_000 };
const RECORDS: Readonly<Record<string, () => MadeRecord>> = {
  stale: staleRecord,
  restarts: restartsRecord,
  blind: blindRecord,
  lost: lostRecord,
};

const reasonsIn = (record: MadeRecord): string =>
  JSON.stringify(measure(record).episodes.map(({ reasons }) => reasons));
const kindsIn = (record: MadeRecord): readonly string[] =>
  measure(record).episodes.flatMap(({ reasons }) =>
    reasons.map(
      ({ lane, scenario, what }) => `${lane} ${scenario} ${what.replace(/[\d.]+/g, "#")}`,
    ),
  );

test("the order of lines changes no reason", FOR_LONG, () => {
  for (const [name, make] of Object.entries(RECORDS)) {
    const record = make();
    const whole = reasonsIn(record);
    expect(whole, name).not.toBe("[[]]");
    for (let seed = 1; seed <= 12; seed += 1) {
      const other = {
        ...record,
        events: shuffled(record.events, seed),
        requests: shuffled(record.requests, seed + 1),
        samples: shuffled(record.samples, seed + 2),
      };
      expect(reasonsIn(other), `${name} ${seed}`).toBe(whole);
    }
  }
});

test("samples that are missing or broken hide a reason and make no other", FOR_LONG, () => {
  const record = staleRecord();
  const known = kindsIn(record);
  let hidden = 0;
  for (let seed = 1; seed <= 60; seed += 1) {
    const random = randomFrom(seed);
    const keep = random();
    const samples = record.samples.flatMap((one) => {
      if (random() > keep) return [];
      return random() < 0.2 ? [{ ...one, value: NaN }] : [one];
    });
    const kinds = kindsIn({ ...record, samples });
    if (kinds.length < known.length) hidden += 1;
    for (const kind of kinds) expect(known).toContain(kind);
  }
  expect(hidden).toBeGreaterThan(0);
  expect(hidden).toBeLessThan(60);
});

test("a table full of entries is no reason for failures of another cause", FOR_LONG, () => {
  for (let seed = 1; seed <= 40; seed += 1) {
    const random = randomFrom(seed);
    const as = (["refused", "reset", "http-5xx", "timeout"] as const)[Math.floor(random() * 4)]!;
    const record = staleRecord({ made: { ...STALE, seed }, as, waitingRatio: random() });
    expect(kindsIn(record).filter((kind) => kind.includes("backend that is gone"))).toEqual([]);
  }
});
