import { createReadStream, existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { constants, createGunzip } from "node:zlib";
import { EXIT, NinetyError, messageOf } from "../model/error.ts";
import type { ArtifactIndex } from "../model/artifact.ts";
import type { Event } from "../model/event.ts";
import { environmentProblems } from "../model/environment-shape.ts";
import { at, listAt, textAt } from "../model/json.ts";
import type { Plan } from "../model/plan.ts";
import { Problems } from "../model/problems.ts";
import type { Environment, RunRecord } from "../model/record.ts";
import type { Sample } from "../model/request.ts";
import { isWholeGzip } from "./gzip.ts";
import { PackedRequests } from "./packed-requests.ts";
import { sha256 } from "./plan-hash.ts";

/**
 * Reads a run's folder back. plan.json and events.ndjson must be there (exit 3); anything else that
 * is missing or unreadable is a problem in the record, which keeps it from passing.
 */
export async function readRecord(folder: string): Promise<RunRecord> {
  const problems = new Problems();
  const plan = await document<Plan>(folder, "plan.json");
  if (!plan) {
    throw new NinetyError(`${folder} is not a run: it has no plan.json`, {
      exit: EXIT.usage,
      hint: "a run's folder is reports/runs/<experiment>/<utc>-<seed>; list them: ninety list runs",
    });
  }
  const events = (await lines(folder, "events.ndjson", problems)) as unknown as Event[];
  const { requests, ends } = await readRequests(folder, problems);
  if (ends.length > 1) problems.add(`requests: ${ends.length} end lines`);
  const samples = await lines(folder, "samples.ndjson", problems, { optional: true });
  const artifacts = await artifactIndex(folder);
  const written = await document<Environment>(folder, "environment.json");
  const wrong = written === null ? [] : environmentProblems(written);
  for (const one of wrong) problems.add(`environment.json: ${one}`);
  const environment = wrong.length === 0 ? written : null;
  const wanted = written?.planSha256;
  const got = sha256((await textOf(join(folder, "plan.json"))) ?? "");
  if (wanted !== undefined && wanted !== got) {
    problems.add(`plan.json must be the one that was run, SHA-256 ${wanted}, got ${got}`);
  }
  return {
    plan,
    environment,
    events: events.filter((event) => isEvent(event, problems)),
    requests,
    requestsEnd: ends.length === 1 ? { requests: countOf(ends[0]!) } : null,
    samples: samples.filter((one) => isSample(one, problems)) as unknown as Sample[],
    ...(artifacts ? { artifacts } : {}),
    problems: problems.list(),
  };
}

/** -1, which no record has: it is no count. */
function countOf(end: Line): number {
  const requests = at(end, "requests");
  return Number.isSafeInteger(requests) ? Number(requests) : -1;
}

async function document<T>(folder: string, name: string): Promise<T | null> {
  const text = await textOf(join(folder, name));
  if (text === null) return null;
  try {
    return JSON.parse(text.toString()) as T;
  } catch (error) {
    throw new NinetyError(`${join(folder, name)} must be JSON: ${messageOf(error)}`, {
      exit: EXIT.usage,
      cause: error,
    });
  }
}

/** Nothing is judged by it: one that cannot be read is as good as none. */
async function artifactIndex(folder: string): Promise<ArtifactIndex | null> {
  const index = await document<ArtifactIndex>(folder, "artifacts/index.json").catch(() => null);
  const isWhole =
    index !== null &&
    Array.isArray(index.files) &&
    Array.isArray(index.leftOut) &&
    listAt(index, "files").every((file) => textAt(file, "path") !== "") &&
    Number.isFinite(index.bytes);
  return isWhole ? index : null;
}

async function textOf(path: string): Promise<Buffer | null> {
  try {
    return await readFile(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return null;
    throw error;
  }
}

type Line = Readonly<Record<string, unknown>>;

async function lines(
  folder: string,
  name: string,
  problems: Problems,
  { optional = false } = {},
): Promise<readonly Line[]> {
  const out: Line[] = [];
  const isThere = await eachLine(folder, name, { problems, each: (line) => void out.push(line) });
  if (!isThere && !optional) problems.add(`${name} is missing`);
  return out;
}

interface ReadRequests {
  readonly requests: PackedRequests;
  readonly ends: readonly Line[];
}

const REQUESTS = ["requests.ndjson.gz", "requests.ndjson"] as const;

async function readRequests(folder: string, problems: Problems): Promise<ReadRequests> {
  const none = { requests: new PackedRequests(), ends: [] };
  const [name, other] = REQUESTS.filter((file) => existsSync(join(folder, file)));
  if (name === undefined) {
    problems.add("requests.ndjson is missing");
    return none;
  }
  if (other !== undefined) problems.add(`${name} and ${other}: there must be one of them`);
  const requests = new PackedRequests();
  const ends: Line[] = [];
  const each = (line: Line): void => {
    if (line["end"] === true) ends.push(line);
    else if (isRequest(line, problems)) requests.push(line);
  };
  try {
    await eachLine(folder, name, { problems, each });
    if (name.endsWith(".gz") && !(await isWholeGzip(join(folder, name)))) {
      problems.add(`${name} is cut`);
    }
    return { requests, ends };
  } catch (error) {
    if (!name.endsWith(".gz")) throw error;
    problems.add(`${name} is cut or not gzip: ${messageOf(error)}`);
    return none;
  }
}

const CHUNK_BYTES = 256 * 1_024;

/** Line by line, however long the file is; false: it is not there. */
async function eachLine(
  folder: string,
  name: string,
  of: { readonly problems: Problems; readonly each: (line: Line) => void },
): Promise<boolean> {
  const path = join(folder, name);
  if (!existsSync(path)) return false;
  const take = (text: string): void => {
    if (text === "") return;
    const line = objectOf(text);
    if (line) of.each(line);
    // Without its number: another order of lines is the same record.
    else of.problems.add(`${name}: a line that is not a JSON object`);
  };
  let rest = "";
  for await (const text of textsOf(path)) {
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    for (const part of parts) take(part);
  }
  take(rest);
  return true;
}

async function* textsOf(path: string): AsyncGenerator<string> {
  const file = createReadStream(path, { highWaterMark: CHUNK_BYTES });
  if (!path.endsWith(".gz")) return yield* file.setEncoding("utf8") as AsyncIterable<string>;
  // What a killed run managed to write is still worth reading; the end line says if it is all.
  const unzip = createGunzip({ finishFlush: constants.Z_SYNC_FLUSH, chunkSize: CHUNK_BYTES });
  file.on("error", (error) => unzip.destroy(error));
  yield* file.pipe(unzip).setEncoding("utf8") as AsyncIterable<string>;
}

function objectOf(text: string): Line | null {
  try {
    const line: unknown = JSON.parse(text);
    return typeof line === "object" && line !== null ? (line as Line) : null;
  } catch {
    return null;
  }
}

function isEvent(event: Event, problems: Problems): boolean {
  const known = typeof event.type === "string" && Number.isFinite(event.atUs);
  if (!known) problems.add("events: a line without type or atUs");
  return known;
}

function isRequest(line: Line, problems: Problems): boolean {
  const known =
    Number.isInteger(line["id"]) &&
    textAt(line, "scenario") !== "" &&
    textAt(line, "outcome") !== "" &&
    Number.isFinite(line["intendedUs"]);
  if (!known) problems.add("requests: a line without id, scenario, outcome or intendedUs");
  return known;
}

function isSample(line: Line, problems: Problems): boolean {
  const { tags } = line;
  const known =
    textAt(line, "metric") !== "" &&
    Number.isFinite(line["atUs"]) &&
    Number.isFinite(line["value"]) &&
    typeof tags === "object" &&
    tags !== null &&
    !Array.isArray(tags) &&
    Object.values(tags).every((tag) => typeof tag === "string");
  if (!known) problems.add("samples: a line without atUs, metric, value or tags");
  return known;
}
