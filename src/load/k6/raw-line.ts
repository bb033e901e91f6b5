import { at, numberAt, textAt, type Json } from "../../model/json.ts";

/** One intended request as the generator tells it; see binaries/k6-record/README.md. */
export interface RawRequest {
  readonly scenario: string;
  readonly tick: number;
  readonly state: "done" | "open" | "dropped";
  /** All times are CLOCK_MONOTONIC of the generator's machine, in whole microseconds. */
  readonly intendedUs: number;
  readonly startUs?: number;
  readonly firstByteUs?: number;
  readonly endUs?: number;
  /** How far it came. */
  readonly phase?: "dns" | "connect" | "tls" | "request" | "response" | "complete";
  readonly connection?: "new" | "reused";
  /** Times it was put on a connection. */
  readonly attempts: number;
  readonly status?: number;
  /** k6's error code; absent: none. */
  readonly code?: number;
  readonly content?: "ok" | "bad";
  readonly backend?: string;
  readonly shed?: boolean;
}

export type RawLine =
  | { readonly is: "request"; readonly request: RawRequest }
  | { readonly is: "begin" }
  | { readonly is: "scenario"; readonly scenario: string }
  | { readonly is: "in-flight"; readonly scenario: string; readonly count: number }
  | { readonly is: "end"; readonly requests: number };

/** Throws on what the generator never writes: a cut or foreign line. */
export function readRawLine(text: string): RawLine {
  const line = JSON.parse(text) as Json;
  const scenario = textAt(line, "scenario");
  const state = at(line, "state");
  if (state === "done" || state === "open" || state === "dropped") {
    if (scenario === "" || numberAt(line, "tick") === undefined)
      throw new Error(`bad line ${text}`);
    return { is: "request", request: line as unknown as RawRequest };
  }
  const requests = numberAt(line, "requests");
  const count = numberAt(line, "inFlight");
  if (at(line, "end") === true && requests !== undefined) return { is: "end", requests };
  if (at(line, "begin") === true) return { is: "begin" };
  if (count !== undefined) return { is: "in-flight", scenario, count };
  if (numberAt(line, "beginUs") !== undefined) return { is: "scenario", scenario };
  throw new Error(`unknown line ${text}`);
}
