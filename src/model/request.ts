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

export type RequestOutcome = Request["outcome"];

/** The last line of requests.ndjson: without it the record is incomplete. */
export interface RequestsEnd {
  readonly end: true;
  readonly requests: number;
}

/**
 * Sent, expected status, complete, content right, and within the SLO from the intended start.
 * Null: open and not yet past its deadline, so nobody can know.
 */
export function isGood(request: Request, slo: Slo, untilUs: Us): boolean | null {
  if (request.outcome === "open") {
    return untilUs - request.intendedUs > slo.withinMs * 1_000 ? false : null;
  }
  return request.outcome === "ok" && request.endUs - request.intendedUs <= slo.withinMs * 1_000;
}

/** One reading of one metric. */
export interface Sample {
  readonly atUs: Us;
  readonly metric: string;
  readonly value: number;
  readonly tags: Readonly<Record<string, string>>;
}
