import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { constants, gunzipSync } from "node:zlib";
import { EXIT, NinetyError, messageOf } from "../model/error.ts";
import type { ArtifactIndex } from "../model/artifact.ts";
import type { Event } from "../model/event.ts";
import { listAt, numberAt, textAt } from "../model/json.ts";
import type { Plan } from "../model/plan.ts";
import type { Environment, RunRecord } from "../model/record.ts";
import type { Request, Sample } from "../model/request.ts";
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
  const events = (await lines(folder, ["events.ndjson"], problems)) as unknown as Event[];
  const raw = await lines(folder, ["requests.ndjson.gz", "requests.ndjson"], problems);
  const ends = raw.filter((line) => line["end"] === true);
  if (ends.length > 1) problems.push(`requests: ${ends.length} end lines`);
  const samples = await lines(folder, ["samples.ndjson"], null);
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
    requests: raw.filter((line) => isRequest(line, problems)) as unknown as Request[],
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

/** Lines of the first of these files that is there; null problems: nobody asks whether it is. */
async function lines(
  folder: string,
  names: readonly string[],
  problems: string[] | null,
): Promise<readonly Line[]> {
  for (const name of names) {
    const raw = await textOf(join(folder, name));
    if (raw === null) continue;
    return parse(name, name.endsWith(".gz") ? unzip(name, raw, problems) : raw, problems);
  }
  problems?.push(`${names.at(-1)} is missing`);
  return [];
}

function unzip(name: string, raw: Buffer, problems: string[] | null): Buffer {
  try {
    // What a killed run managed to write is still worth reading; the end line says if it is all.
    return gunzipSync(raw, { finishFlush: constants.Z_SYNC_FLUSH });
  } catch (error) {
    problems?.push(`${name} is cut or not gzip: ${messageOf(error)}`);
    return Buffer.alloc(0);
  }
}

function parse(name: string, raw: Buffer, problems: string[] | null): readonly Line[] {
  const out: Line[] = [];
  let number = 0;
  for (const text of raw.toString("utf8").split("\n")) {
    number += 1;
    if (text === "") continue;
    try {
      const line: unknown = JSON.parse(text);
      if (typeof line !== "object" || line === null) throw new Error("not an object");
      out.push(line as Line);
    } catch {
      note(problems, `${name} line ${number} is not a JSON object`);
    }
  }
  return out;
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
  if (line["end"] === true) return false;
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
