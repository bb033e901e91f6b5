import { stableText } from "../model/json.ts";
import type { RunRecord } from "../model/record.ts";
import type { Request, RequestOutcome } from "../model/request.ts";
import type { Problems } from "./problems.ts";

/** The generator may start a request this much before its tick, by rounding. */
const EARLY_US = 10_000;

const KINDS: Readonly<
  Record<RequestOutcome, "dropped" | "open" | "unconnected" | "cut" | "answered">
> = {
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

/** By scenario, each by intended start and id, without what cannot be read. */
export type Ordered = ReadonlyMap<string, readonly Request[]>;

/**
 * Tells apart what a load generator may write and what it may not: unknown fields' values, times
 * that run backwards, an id twice or left out. Every such line is a problem of the record.
 */
export function orderRequests(record: RunRecord, problems: Problems): Ordered {
  const lanes = new Map<string, Request[]>(
    record.plan.load.scenarios.map(({ name }) => [name, []]),
  );
  for (const request of record.requests) {
    const wrong = problemOf(request);
    const lane = wrong === null ? lanes.get(request.scenario) : undefined;
    if (wrong !== null) problems.add(`requests: ${wrong}`);
    else if (!lane) problems.add(`requests: a scenario that is not planned`);
    else lane.push(request);
  }
  const ordered = new Map<string, readonly Request[]>();
  for (const [name, lane] of lanes) {
    ordered.set(name, inOrder(once(lane, name, problems), name, problems));
  }
  return ordered;
}

/** Without repetitions, by id. */
function once(lane: Request[], name: string, problems: Problems): readonly Request[] {
  lane.sort((a, b) => a.id - b.id);
  const out: Request[] = [];
  let missing = 0;
  for (const request of lane) {
    const before = out.at(-1);
    if (before?.id === request.id) {
      problems.add(`requests: scenario ${name}: an id twice`);
      if (stableText(request) < stableText(before)) out[out.length - 1] = request;
      continue;
    }
    missing += request.id - (before ? before.id + 1 : 0);
    out.push(request);
  }
  if (missing > 0) problems.add(`requests: scenario ${name}: ${missing} ids are missing`);
  return out;
}

function inOrder(byId: readonly Request[], name: string, problems: Problems): readonly Request[] {
  let ascends = true;
  for (let i = 1; i < byId.length && ascends; i += 1) {
    ascends = byId[i]!.intendedUs >= byId[i - 1]!.intendedUs;
  }
  if (ascends) return byId;
  problems.add(`requests: scenario ${name}: intended starts do not ascend with the ids`);
  return [...byId].sort((a, b) => a.intendedUs - b.intendedUs || a.id - b.id);
}

function isTime(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}

function problemOf(request: Request): string | null {
  if (!Number.isInteger(request.id) || request.id < 0) return "id is not a count";
  if (!isTime(request.intendedUs)) return "intendedUs is not a time";
  if (typeof request.scenario !== "string") return "scenario is not a name";
  const kind = KINDS[request.outcome] as (typeof KINDS)[RequestOutcome] | undefined;
  if (kind === undefined) return "an unknown outcome";
  if (kind === "dropped") return null;
  const { startUs, intendedUs } = request as Request & { readonly startUs: number };
  if (!isTime(startUs)) return "startUs is not a time";
  if (startUs < intendedUs - EARLY_US) return "startUs before intendedUs";
  return kind === "open" ? null : endProblem(request, kind);
}

function endProblem(request: Request, kind: "unconnected" | "cut" | "answered"): string | null {
  const { startUs, endUs, firstByteUs, status, connection } = request as Request & {
    readonly startUs: number;
    readonly endUs: number;
    readonly firstByteUs: number | null;
    readonly status: number;
    readonly connection: string;
  };
  if (!isTime(endUs)) return "endUs is not a time";
  if (endUs < startUs) return "endUs before startUs";
  if (kind === "unconnected") return null;
  if (connection !== "new" && connection !== "reused")
    return "connection is neither new nor reused";
  if (kind === "cut" && firstByteUs === null) return null;
  if (!isTime(firstByteUs) || firstByteUs > endUs) return "firstByteUs is not a time before endUs";
  if (kind === "cut") return null;
  return Number.isInteger(status) && status >= 100 && status < 1000 ? null : "status is not one";
}
