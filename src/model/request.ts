import type { Slo } from "./plan.ts";
import type { Us } from "./quantity.ts";

/** One intended request. What cannot be known is not a field. */
interface Asked {
  /** Counts the intended ticks of its scenario from 0. */
  readonly id: number;
  readonly scenario: string;
  /** A request belongs to this instant, never to its end. */
  readonly intendedUs: Us;
  readonly attempts: number;
}
interface Sent extends Asked {
  readonly startUs: Us;
}
interface Ended extends Sent {
  readonly endUs: Us;
}
interface Connected {
  readonly connection: "new" | "reused";
}

export type Request =
  | (Asked & { readonly outcome: "dropped" })
  | (Sent & { readonly outcome: "open" })
  | (Ended & { readonly outcome: "dns" | "refused" | "connect-timeout" | "tls" })
  | (Ended & Connected & { readonly outcome: "reset" | "timeout"; readonly firstByteUs: Us | null })
  | (Ended &
      Connected & {
        readonly outcome:
          | "ok"
          | "http-4xx"
          | "http-5xx"
          | "shed"
          | "truncated"
          | "stalled"
          | "bad-content";
        readonly firstByteUs: Us;
        readonly status: number;
        /** Name of the pod that answered; "" where it does not say. */
        readonly backend: string;
      });

/** The generator may start a request this much before its tick, by rounding. */
export const EARLY_US = 10_000;

export type RequestOutcome = Request["outcome"];

/** How far a request came; each kind has the fields of those before it and some more. */
export type RequestKind = "dropped" | "open" | "unconnected" | "cut" | "answered";

const KINDS: Readonly<Record<RequestOutcome, RequestKind>> = {
  dropped: "dropped",
  open: "open",
  dns: "unconnected",
  refused: "unconnected",
  "connect-timeout": "unconnected",
  tls: "unconnected",
  reset: "cut",
  timeout: "cut",
  ok: "answered",
  "http-4xx": "answered",
  "http-5xx": "answered",
  shed: "answered",
  truncated: "answered",
  stalled: "answered",
  "bad-content": "answered",
};

/** All outcomes; a number of one is its place here. */
export const OUTCOMES = Object.keys(KINDS) as readonly RequestOutcome[];

/** Undefined: it is no outcome. */
export function requestKind(outcome: unknown): RequestKind | undefined {
  const known = typeof outcome === "string" && Object.hasOwn(KINDS, outcome);
  return known ? KINDS[outcome as RequestOutcome] : undefined;
}

/** The last line of requests.ndjson: without it the record is incomplete. */
export interface RequestsEnd {
  readonly end: true;
  readonly requests: number;
}

/**
 * Sent, expected status, complete, content right, and within the SLO from the intended start.
 * Null: open and not yet past its deadline, so nobody can know.
 */
export function isGood(
  request: { readonly outcome: RequestOutcome; readonly intendedUs: Us; readonly endUs?: Us },
  slo: Slo,
  untilUs: Us,
): boolean | null {
  const { outcome, intendedUs, endUs = NaN } = request;
  if (outcome === "open") return untilUs - intendedUs > slo.withinMs * 1_000 ? false : null;
  return outcome === "ok" && endUs - intendedUs <= slo.withinMs * 1_000;
}

/** One reading of one metric. */
export interface Sample {
  readonly atUs: Us;
  readonly metric: string;
  readonly value: number;
  readonly tags: Readonly<Record<string, string>>;
}
