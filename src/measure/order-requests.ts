import { stableText } from "../model/json.ts";
import type { Rps, Us } from "../model/quantity.ts";
import type { RunRecord } from "../model/record.ts";
import { EARLY_US, requestKind, type Request } from "../model/request.ts";
import { Columns, ColumnsBuilder } from "./columns.ts";
import type { Problems } from "./problems.ts";

/** By scenario, each by intended start and id, without what cannot be read. */
export type Ordered = ReadonlyMap<string, Columns>;

/** Another clock may be this far ahead of the one that ends the record. */
const LATE_US = 60_000_000;
/** All scenarios are stopped at once; the last ticks of one may be lost to rounding. */
const STOP_US = 2_000_000;
const STOP_TICKS = 2;

/**
 * Tells apart what a load generator may write and what it may not: unknown fields' values, times
 * that run backwards, an id twice or left out. Every such line is a problem of the record.
 */
export function orderRequests(record: RunRecord, lastUs: Us, problems: Problems): Ordered {
  const lanes = new Map(
    record.plan.load.scenarios.map(({ name }) => [name, new ColumnsBuilder()] as const),
  );
  let line = -1;
  for (const request of record.requests) {
    line += 1;
    const wrong = problemOf(request) ?? lateProblem(request, lastUs + LATE_US);
    const lane = wrong === null ? lanes.get(request.scenario) : undefined;
    if (wrong !== null) problems.add(`requests: ${wrong}`);
    else if (!lane) problems.add(`requests: a scenario that is not planned`);
    else lane.push(request, line);
  }
  const ordered = new Map<string, Columns>();
  for (const [name, lane] of lanes) {
    const rows = once(lane, name, { record, problems });
    ordered.set(name, lane.columns(inOrder(lane, rows, { name, problems })));
  }
  checkStops(ordered, record.plan.load.rateRps, problems);
  return ordered;
}

/** The last intended start; 0: there is none. */
export const lastTickOf = (lane: Columns): Us => lane.intendedUs.at(-1) ?? 0;

/** One that ends before the others was cut. */
function checkStops(ordered: Ordered, rateRps: Rps, problems: Problems): void {
  const lastUs = Math.max(...[...ordered.values()].map(lastTickOf));
  const slackUs = Math.max(STOP_US, (STOP_TICKS * 1_000_000) / rateRps);
  for (const [name, lane] of ordered) {
    if (lastTickOf(lane) >= lastUs - slackUs) continue;
    problems.add(`requests: scenario ${name} ends before the others`);
  }
}

/** Rows without repetitions, by id. */
function once(
  lane: ColumnsBuilder,
  name: string,
  { record, problems }: { readonly record: RunRecord; readonly problems: Problems },
): Uint32Array {
  const rows = lane.rowsBy((a, b) => lane.idOf(a) - lane.idOf(b));
  const textOf = (row: number): string => stableText(record.requests.at(lane.lineOf(row)));
  let kept = 0;
  let missing = 0;
  for (const row of rows) {
    const before = kept === 0 ? -1 : lane.idOf(rows[kept - 1]!);
    if (lane.idOf(row) === before) {
      problems.add(`requests: scenario ${name}: an id twice`);
      if (textOf(row) < textOf(rows[kept - 1]!)) rows[kept - 1] = row;
      continue;
    }
    missing += lane.idOf(row) - (before + 1);
    rows[kept] = row;
    kept += 1;
  }
  if (missing > 0) problems.add(`requests: scenario ${name}: ${missing} ids are missing`);
  return rows.subarray(0, kept);
}

function inOrder(
  lane: ColumnsBuilder,
  byId: Uint32Array,
  { name, problems }: { readonly name: string; readonly problems: Problems },
): Uint32Array {
  let ascends = true;
  for (let i = 1; i < byId.length && ascends; i += 1) {
    ascends = lane.intendedOf(byId[i]!) >= lane.intendedOf(byId[i - 1]!);
  }
  if (ascends) return byId;
  problems.add(`requests: scenario ${name}: intended starts do not ascend with the ids`);
  return byId
    .slice()
    .sort((a, b) => lane.intendedOf(a) - lane.intendedOf(b) || lane.idOf(a) - lane.idOf(b));
}

function isTime(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value) && value >= 0;
}

function lateProblem(request: Request, latestUs: Us): string | null {
  const { startUs = 0, endUs = 0 } = request as { readonly startUs?: Us; readonly endUs?: Us };
  const isLate = Math.max(request.intendedUs, startUs, endUs) > latestUs;
  return isLate ? "a time after the end of the record" : null;
}

function problemOf(request: Request): string | null {
  const { attempts } = request as { readonly attempts?: unknown };
  if (attempts !== undefined && !(Number.isInteger(attempts) && Number(attempts) >= 0)) {
    return "attempts is not a count";
  }
  if (!Number.isInteger(request.id) || request.id < 0) return "id is not a count";
  if (!isTime(request.intendedUs)) return "intendedUs is not a time";
  if (typeof request.scenario !== "string") return "scenario is not a name";
  const kind = requestKind(request.outcome);
  if (kind === undefined) return "an unknown outcome";
  if (kind === "dropped") return null;
  const { startUs, intendedUs } = request as Request & { readonly startUs: number };
  if (!isTime(startUs)) return "startUs is not a time";
  if (startUs < intendedUs - EARLY_US) return "startUs before intendedUs";
  return kind === "open" ? null : endProblem(request, kind);
}

function endProblem(request: Request, kind: "unconnected" | "cut" | "answered"): string | null {
  const { startUs, endUs, firstByteUs, status, connection, backend } = request as Request & {
    readonly startUs: number;
    readonly endUs: number;
    readonly firstByteUs: number | null;
    readonly status: number;
    readonly connection: string;
    readonly backend?: unknown;
  };
  if (!isTime(endUs)) return "endUs is not a time";
  if (endUs < startUs) return "endUs before startUs";
  if (kind === "unconnected") return null;
  if (connection !== "new" && connection !== "reused")
    return "connection is neither new nor reused";
  if (kind === "cut" && firstByteUs === null) return null;
  if (!isTime(firstByteUs) || firstByteUs > endUs) return "firstByteUs is not a time before endUs";
  if (firstByteUs < startUs - EARLY_US) return "firstByteUs before startUs";
  if (kind === "cut") return null;
  if (backend !== undefined && typeof backend !== "string") return "backend is not a name";
  return Number.isInteger(status) && status >= 100 && status < 1000 ? null : "status is not one";
}
