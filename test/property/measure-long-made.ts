import type { Event } from "../../src/model/event.ts";
import type { Request, Sample } from "../../src/model/request.ts";
import { makeRecord, podEvent, randomFrom, type MadeRecord } from "./measure-record.ts";

const S = 1_000_000;
const OUTCOMES = [
  "dns",
  "refused",
  "connect-timeout",
  "tls",
  "reset",
  "timeout",
  "http-4xx",
  "http-5xx",
  "shed",
  "truncated",
  "stalled",
  "bad-content",
] as const;
const UNCONNECTED: readonly string[] = ["dns", "refused", "connect-timeout", "tls"];
const CUT: readonly string[] = ["reset", "timeout"];

/**
 * 15 minutes at 50 requests a second, clients hurt again and again in every way that there is, with
 * pods that come and go and metrics of which no second is as the one before.
 */
export function longRecord(): MadeRecord {
  const outages = Array.from({ length: 20 }, (_, nth) => ({
    fromS: nth * 15,
    untilS: nth * 15 + 7,
    share: 0.5,
  }));
  const made = { rateRps: 25, steadyS: 300, faultS: 300, observeS: 300, background: 0.01 };
  const record = makeRecord({ ...made, outages });
  const random = randomFrom(7);
  const fate = (one: Request): Request => {
    if (one.outcome !== "refused") return one;
    const outcome = OUTCOMES[Math.floor(random() * OUTCOMES.length)]!;
    const connection = one.scenario;
    const cut = { connection, firstByteUs: null };
    const answered = { connection, firstByteUs: one.endUs, status: 503, backend: "server-a" };
    const more = UNCONNECTED.includes(outcome) ? {} : CUT.includes(outcome) ? cut : answered;
    return { ...one, ...more, outcome } as Request;
  };
  const pods = Array.from({ length: 200 }, (_, nth): Event => {
    const ready = nth % 2 === 1;
    return podEvent((310 + nth * 2) * S, `server-${nth % 5}`, { ready });
  });
  const samples = Array.from({ length: 900 }, (_, second): readonly Sample[] =>
    ["gpus_healthy", "gpus_capacity", "nodes_ready"].map((metric) => ({
      atUs: second * S,
      metric,
      value: Math.floor(random() * 7),
      tags: {},
    })),
  ).flat();
  return {
    ...record,
    events: [...record.events, ...pods].sort((a, b) => a.atUs - b.atUs),
    requests: record.requests.map(fate),
    samples,
  };
}
