import { createReadStream, existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { constants, createGunzip } from "node:zlib";
import { EXIT, NinetyError, messageOf } from "../model/error.ts";
import type { ArtifactIndex } from "../model/artifact.ts";
import type { Event } from "../model/event.ts";
import { listAt, numberAt, textAt } from "../model/json.ts";
import type { Plan } from "../model/plan.ts";
import type { Environment, RunRecord } from "../model/record.ts";
import type { Sample } from "../model/request.ts";
import { PackedRequests } from "./packed-requests.ts";
import { sha256 } from "./plan-hash.ts";

const PROBLEMS_MAX = 100;

/**
 * Reads a run's folder back. plan.json and events.ndjson must be there (exit 3); anything else that
 * is missing or unreadable is a problem in the record, which keeps it from passing.
 */
export async function readRecord(folder: string): Promise<RunRecord> {
  const problems: string[] = [];
  const plan = await document<Plan>(folder, "plan.json");
  if (!plan) {
    throw new NinetyError(`${folder} is not a run: it has no plan.json`, {
      exit: EXIT.usage,
      hint: "a run's folder is reports/runs/<experiment>/<utc>-<seed>; list them: ninety list runs",
    });
  }
  const events = (await lines(folder, "events.ndjson", problems)) as unknown as Event[];
  const { requests, ends, file } = await readRequests(folder, problems);
  if (ends.length > 1) problems.push(`requests: ${ends.length} end lines`);
  const samples = await lines(folder, "samples.ndjson", null);
  const artifacts = await artifactIndex(folder);
  const environment = await document<Environment>(folder, "environment.json");
  const wanted = environment?.planSha256;
  const got = sha256((await textOf(join(folder, "plan.json"))) ?? "");
  if (wanted !== undefined && wanted !== got) {
    problems.push(`plan.json must be the one that was run, SHA-256 ${wanted}, got ${got}`);
  }
  return {
    plan,
    environment,
    events: events.filter((event) => isEvent(event, problems)),
    requests,
    ...(file === undefined ? {} : { requestsFile: file }),
    requestsEnd: ends.length === 1 ? { requests: numberAt(ends[0], "requests") ?? -1 } : null,
    samples: samples.filter(isSample) as unknown as Sample[],
    ...(artifacts ? { artifacts } : {}),
    problems,
  };
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

/** Null problems: nobody asks whether the file is there. */
async function lines(
  folder: string,
  name: string,
  problems: string[] | null,
): Promise<readonly Line[]> {
  const out: Line[] = [];
  const isThere = await eachLine(folder, name, { problems, each: (line) => void out.push(line) });
  if (!isThere) problems?.push(`${name} is missing`);
  return out;
}

interface ReadRequests {
  readonly requests: PackedRequests;
  readonly ends: readonly Line[];
  readonly file?: string;
}

async function readRequests(folder: string, problems: string[]): Promise<ReadRequests> {
  for (const name of ["requests.ndjson.gz", "requests.ndjson"]) {
    const requests = new PackedRequests();
    const ends: Line[] = [];
    const own: string[] = [];
    const each = (line: Line): void => {
      if (line["end"] === true) ends.push(line);
      else if (isRequest(line, own)) requests.push(line);
    };
    try {
      if (!(await eachLine(folder, name, { problems: own, each }))) continue;
    } catch (error) {
      if (!name.endsWith(".gz")) throw error;
      problems.push(`${name} is cut or not gzip: ${messageOf(error)}`);
      return { requests: new PackedRequests(), ends: [], file: name };
    }
    for (const problem of own) note(problems, problem);
    return { requests, ends, file: name };
  }
  problems.push("requests.ndjson is missing");
  return { requests: new PackedRequests(), ends: [] };
}

const CHUNK_BYTES = 256 * 1_024;

/** Line by line, however long the file is; false: it is not there. */
async function eachLine(
  folder: string,
  name: string,
  of: { readonly problems: string[] | null; readonly each: (line: Line) => void },
): Promise<boolean> {
  const path = join(folder, name);
  if (!existsSync(path)) return false;
  let number = 0;
  const take = (text: string): void => {
    number += 1;
    if (text === "") return;
    const line = objectOf(text);
    if (line) of.each(line);
    else note(of.problems, `${name} line ${number} is not a JSON object`);
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

function note(problems: string[] | null, problem: string): void {
  if (problems && problems.length < PROBLEMS_MAX) problems.push(problem);
}

function isEvent(event: Event, problems: string[]): boolean {
  const known = typeof event.type === "string" && Number.isFinite(event.atUs);
  if (!known) note(problems, "events: a line without type or atUs");
  return known;
}

function isRequest(line: Line, problems: string[]): boolean {
  const known =
    Number.isInteger(line["id"]) &&
    textAt(line, "scenario") !== "" &&
    textAt(line, "outcome") !== "" &&
    Number.isFinite(line["intendedUs"]);
  if (!known) note(problems, "requests: a line without id, scenario, outcome or intendedUs");
  return known;
}

function isSample(line: Line): boolean {
  return (
    textAt(line, "metric") !== "" && Number.isFinite(line["atUs"]) && Number.isFinite(line["value"])
  );
}
