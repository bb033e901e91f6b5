import { describe, expect, test } from "vitest";
import { held } from "../../src/measure/settled.ts";
import type { Event } from "../../src/model/event.ts";
import type { Request } from "../../src/model/request.ts";
import { faultsUs, makeRecord, type Made } from "../property/measure-record.ts";

const S = 1_000_000;

/** What is known `afterS` seconds after the start of phase faults. */
function at(
  afterS: number,
  made: Made = {},
  change: (events: readonly Event[]) => readonly Event[] = (all) => all,
): { readonly done: boolean; readonly why: string } {
  const record = makeRecord(made);
  const nowUs = faultsUs(made) + afterS * S;
  const endOf = (one: Request): number => ("endUs" in one ? one.endUs : one.intendedUs);
  return held({
    plan: record.plan,
    events: change(record.events).filter(({ atUs }) => atUs <= nowUs),
    requests: [...record.requests]
      .filter((one) => endOf(one) <= nowUs)
      .sort((a, b) => endOf(a) - endOf(b)),
    nowUs,
  });
}

const without =
  (edge: string) =>
  (events: readonly Event[]): readonly Event[] =>
    events.filter((one) => one.type !== "fault" || one.edge !== edge);

describe("observation", () => {
  test("goes on until the hold after the heal, and no longer", () => {
    expect(at(10)).toMatchObject({ done: false, why: "f01 is not healed" });
    expect(at(20.1).why).toBe("f01 is not proved healed");
    expect(at(34)).toMatchObject({ done: false, why: "healed: the hold has 1 s to go" });
    expect(at(36)).toEqual({ done: true, why: "everything has held" });
  });

  test("goes on to its limit where something was not proved", () => {
    expect(at(55, {}, without("proved")).why).toBe("f01 is not proved");
    expect(at(55, {}, without("heal-proved")).why).toBe("f01 is not proved healed");
  });

  test("goes on while clients are hurt, and a hold longer", () => {
    const outages = [{ fromS: 1, untilS: 30, share: 1 }];
    expect(at(40, { outages })).toMatchObject({
      done: false,
      why: "scenario new was bad 10 s ago",
    });
    expect(at(45, { outages }).done).toBe(false);
    expect(at(47, { outages }).done).toBe(true);
  });

  test("goes on while requests hang and nothing is told", () => {
    const record = makeRecord();
    const nowUs = faultsUs({}) + 50 * S;
    const requests = record.requests.filter(({ intendedUs }) => intendedUs < nowUs - 8 * S);
    const { done, why } = held({ plan: record.plan, events: record.events, requests, nowUs });
    expect(done).toBe(false);
    expect(why).toMatch(/^scenario new was bad \d s ago$/);
  });

  test("goes on while pods are missing, and a hold longer", () => {
    expect(at(38, { podAwayS: [1, 39] }).why).toBe("1 pods are missing");
    expect(at(50, { podAwayS: [1, 39] }).why).toContain("capacity is back");
    expect(at(55, { podAwayS: [1, 39] }).done).toBe(true);
  });

  test("a harmless background keeps nobody waiting", () => {
    expect(at(36, { background: 0.001, seed: 5 }).done).toBe(true);
  });
});
