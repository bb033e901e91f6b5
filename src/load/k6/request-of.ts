import type { Us } from "../../model/quantity.ts";
import type { Request, RequestOutcome } from "../../model/request.ts";
import type { RawRequest } from "./raw-line.ts";

/** k6's error codes (its lib/netext/httpext) that say more than how far a request came. */
const CODE = {
  invalidUrl: 1020,
  timeout: 1050,
  brokenPipe: 1201,
  dial: 1210,
  dialTimeout: 1211,
  dialRefused: 1212,
  dialErrno: 1213,
  reset: 1220,
} as const;

function answered(raw: RawRequest): RequestOutcome {
  const { status = 0 } = raw;
  if (raw.shed) return "shed";
  if (status >= 500) return "http-5xx";
  if (status >= 400) return "http-4xx";
  if (raw.content === undefined) throw new Error(`${named(raw)} was answered but not judged`);
  return raw.content === "ok" ? "ok" : "bad-content";
}

/** The first byte of an answer is none yet: it ends within its head, before its status. */
function timedOut({ phase, status }: RawRequest): RequestOutcome {
  if (phase === "dns" || phase === "tls") return phase;
  if (phase === "connect") return "connect-timeout";
  return phase === "response" && status !== undefined ? "stalled" : "timeout";
}

function broken({ phase, code, status }: RawRequest): RequestOutcome {
  if (phase === "dns" || phase === "tls") return phase;
  // No route is an answer as well: nobody waited for it.
  if (phase === "connect") return "refused";
  const cut = code === CODE.reset || code === CODE.brokenPipe;
  return phase === "response" && !cut && status !== undefined ? "truncated" : "reset";
}

function outcomeOf(raw: RawRequest): RequestOutcome {
  const { code = 0, phase } = raw;
  if (phase === "complete") return answered(raw);
  if (code === CODE.invalidUrl) throw new Error(`${named(raw)}: k6 cannot read its address`);
  if (code >= 1_100 && code < 1_200) return "dns";
  if (code >= 1_300 && code < 1_400) return "tls";
  if (code === CODE.dialTimeout) return "connect-timeout";
  if (code === CODE.dialRefused || code === CODE.dial || code === CODE.dialErrno) return "refused";
  return code === CODE.timeout ? timedOut(raw) : broken(raw);
}

const named = (raw: RawRequest): string => `request ${raw.tick} of ${raw.scenario}`;

function known<T>(value: T | undefined, raw: RawRequest, field: string): T {
  if (value === undefined) throw new Error(`${named(raw)} (${raw.state}) has no ${field}`);
  return value;
}

/**
 * A line of the generator on the clock of the run. Throws where a field is missing that such a
 * request must have: then the generator cannot be trusted.
 */
export function requestOf(raw: RawRequest, monotonicStartUs: Us): Request {
  const us = (field: "intendedUs" | "startUs" | "firstByteUs" | "endUs"): Us =>
    known(raw[field], raw, field) - monotonicStartUs;
  const asked = { id: raw.tick, scenario: raw.scenario, intendedUs: us("intendedUs") };
  if (raw.state === "dropped") return { ...asked, attempts: 0, outcome: "dropped" };
  const sent = { ...asked, attempts: Math.max(1, raw.attempts), startUs: us("startUs") };
  if (raw.state === "open") return { ...sent, outcome: "open" };

  const outcome = outcomeOf(raw);
  const ended = { ...sent, endUs: us("endUs") };
  switch (outcome) {
    case "dropped":
    case "open":
      throw new Error(`${named(raw)} is done and ${outcome}`);
    case "dns":
    case "refused":
    case "connect-timeout":
    case "tls":
      return { ...ended, outcome };
    case "reset":
    case "timeout":
      return {
        ...ended,
        outcome,
        connection: known(raw.connection, raw, "connection"),
        // Its connection may still read for a moment after it was given up.
        firstByteUs:
          (raw.firstByteUs ?? Infinity) > ended.endUs + monotonicStartUs ? null : us("firstByteUs"),
      };
    case "ok":
    case "http-4xx":
    case "http-5xx":
    case "shed":
    case "truncated":
    case "stalled":
    case "bad-content":
      break;
  }
  return {
    ...ended,
    outcome,
    connection: known(raw.connection, raw, "connection"),
    firstByteUs: us("firstByteUs"),
    status: known(raw.status, raw, "status"),
    backend: raw.backend ?? "",
  };
}
