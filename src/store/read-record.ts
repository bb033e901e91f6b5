import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { EXIT, NinetyError, messageOf } from "../model/error.ts";
import type { ArtifactIndex } from "../model/artifact.ts";
import type { Event } from "../model/event.ts";
import { listAt, numberAt, textAt } from "../model/json.ts";
import type { Plan } from "../model/plan.ts";
import type { Us } from "../model/quantity.ts";
import type { Environment, RunRecord } from "../model/record.ts";
import type { RequestsEnd, Sample } from "../model/request.ts";
import { formatProblems, isSound, showBroken, type Format } from "./format.ts";
import { eachLine, Problems, type Line } from "./lines.ts";
import { PackedRequests } from "./packed-requests.ts";
import { sha256 } from "./plan-hash.ts";

/** Of a document that breaks its schema: more would hide the first. */
const TOLD_MAX = 5;

/**
 * Reads a run's folder back. plan.json must be there and fit its schema (exit 3); anything else
 * that is missing, unreadable or does not fit is a problem in the record, which keeps it from
 * passing. Events, samples and an environment that do not fit are left out.
 */
export async function readRecord(folder: string): Promise<RunRecord> {
  const problems = new Problems();
  const plan = await readPlan(folder);
  const events = await lines(folder, "events.ndjson", { as: "event", problems });
  if (events === null) problems.add("events.ndjson is missing");
  const { requests, ends, file } = await readRequests(folder, problems);
  if (ends.length > 1) problems.add(`requests: ${ends.length} end lines`);
  const samples = await lines(folder, "samples.ndjson", { as: "sample", problems });
  const artifacts = await artifactIndex(folder);
  const environment = await readEnvironment(folder, problems);
  const wanted = environment?.planSha256;
  const got = sha256((await textOf(join(folder, "plan.json"))) ?? "");
  if (wanted !== undefined && wanted !== got) {
    problems.add(`plan.json must be the one that was run, SHA-256 ${wanted}, got ${got}`);
  }
  const [end, ...others] = ends;
  return {
    plan,
    environment,
    events: (events ?? []) as unknown as readonly Event[],
    requests,
    ...(file === undefined ? {} : { requestsFile: file }),
    requestsEnd: end && others.length === 0 ? { requests: end.requests } : null,
    samples: (samples ?? []) as unknown as readonly Sample[],
    ...(artifacts ? { artifacts } : {}),
    problems: problems.list(),
  };
}

/** What a run did, to undo it: whatever else of its record is wrong or missing. */
export interface Done {
  /** Also those that do not fit their schema, as long as they say what was begun. */
  readonly events: readonly Event[];
  /** CLOCK_MONOTONIC at the start of the run; null: the record does not say. */
  readonly monotonicStartUs: Us | null;
  readonly problems: readonly string[];
}

/** Throws where the folder has no events (exit 3): then nothing is known to be open. */
export async function readDone(folder: string): Promise<Done> {
  const problems = new Problems();
  const events: Line[] = [];
  const each = (line: Line, at: { readonly file: string; readonly number: number }): void => {
    for (const broken of formatProblems("event", line)) problems.broken(at, broken);
    const known = typeof line["type"] === "string" && Number.isFinite(line["atUs"]);
    if (known && (line["edge"] !== "inject-begin" || saysEffects(line))) events.push(line);
  };
  if (!(await eachLine(folder, "events.ndjson", { problems, each }))) {
    throw notRun(folder, "events.ndjson");
  }
  const environment = await document<Environment>(folder, "environment.json").catch(
    (error: unknown) => {
      problems.add(messageOf(error));
      return undefined;
    },
  );
  return {
    events: events as unknown as readonly Event[],
    monotonicStartUs: numberAt(environment, "monotonicStartUs") ?? null,
    problems: problems.list(),
  };
}

function saysEffects(line: Line): boolean {
  const effects = line["effects"];
  return Array.isArray(effects) && effects.every((held) => textAt(held, "effect", "kind") !== "");
}

function notRun(folder: string, without: string): NinetyError {
  return new NinetyError(`${folder} is not a run: it has no ${without}`, {
    exit: EXIT.usage,
    hint: "a run's folder is reports/runs/<experiment>/<utc>-<seed>; list them: ninety list runs",
  });
}

async function readPlan(folder: string): Promise<Plan> {
  const plan = await document<Plan>(folder, "plan.json");
  if (plan === undefined) throw notRun(folder, "plan.json");
  const broken = formatProblems("plan", plan);
  if (broken.length === 0) return plan;
  const told = broken.slice(0, TOLD_MAX).map((one) => showBroken("plan.json", one));
  const more = broken.length > TOLD_MAX ? `; and ${broken.length - TOLD_MAX} more` : "";
  throw new NinetyError(`${join(folder, told.join("; "))}${more}`, {
    exit: EXIT.usage,
    hint: "docs/schemas/plan.schema.json says what a plan may be",
  });
}

async function readEnvironment(folder: string, problems: Problems): Promise<Environment | null> {
  const environment = await document<Environment>(folder, "environment.json");
  if (environment === undefined) return null;
  const broken = formatProblems("environment", environment);
  for (const one of broken.slice(0, TOLD_MAX)) problems.add(showBroken("environment.json", one));
  return broken.length === 0 ? environment : null;
}

/** Undefined: it is not there. */
async function document<T>(folder: string, name: string): Promise<T | undefined> {
  const text = await textOf(join(folder, name));
  if (text === null) return undefined;
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
  const index = await document<ArtifactIndex | null>(folder, "artifacts/index.json").catch(
    () => null,
  );
  const isWhole =
    index !== null &&
    index !== undefined &&
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

/** Those that fit; null: the file is not there. */
async function lines(
  folder: string,
  file: string,
  { as, problems }: { readonly as: Format; readonly problems: Problems },
): Promise<readonly Line[] | null> {
  const out: Line[] = [];
  const isThere = await eachLine(folder, file, {
    problems,
    each: (line, at) => {
      const broken = formatProblems(as, line);
      for (const one of broken) problems.broken(at, one);
      if (broken.length === 0) out.push(line);
    },
  });
  return isThere ? out : null;
}

interface ReadRequests {
  readonly requests: PackedRequests;
  readonly ends: readonly RequestsEnd[];
  readonly file?: string;
}

const REQUESTS = ["requests.ndjson.gz", "requests.ndjson"] as const;

async function readRequests(folder: string, problems: Problems): Promise<ReadRequests> {
  const [file, other] = REQUESTS.filter((name) => existsSync(join(folder, name)));
  if (file === undefined) {
    problems.add("requests.ndjson is missing");
    return { requests: new PackedRequests(), ends: [] };
  }
  if (other !== undefined) problems.add(`${file} and ${other}: there must be one of them`);
  if (!file.endsWith(".gz")) return requestsOf(folder, file, problems);
  try {
    return await requestsOf(folder, file, problems);
  } catch {
    // What a killed run managed to write is still worth reading.
    return await cutRequestsOf(folder, file, problems);
  }
}

/** Throws where the file cannot be read to its end; then nothing was added to the problems. */
async function requestsOf(
  folder: string,
  file: string,
  problems: Problems,
  cut?: "wanted",
): Promise<ReadRequests> {
  const requests = new PackedRequests();
  const ends: RequestsEnd[] = [];
  const own = new Problems();
  const each = (line: Line, at: { readonly file: string; readonly number: number }): void => {
    const isEnd = line["end"] === true;
    const broken = !isEnd && isSound(line) ? [] : formatProblems(isEnd ? "end" : "request", line);
    for (const one of broken) own.broken(at, one);
    if (!isEnd && isKnown(line)) requests.push(line);
    if (isEnd && broken.length === 0) ends.push(line as unknown as RequestsEnd);
  };
  await eachLine(folder, file, { problems: own, each, ...(cut ? { cut } : {}) });
  problems.addAll(own);
  return { requests, ends, file };
}

async function cutRequestsOf(
  folder: string,
  file: string,
  problems: Problems,
): Promise<ReadRequests> {
  try {
    const read = await requestsOf(folder, file, problems, "wanted");
    problems.add(`${file} is cut`);
    return read;
  } catch (error) {
    problems.add(`${file} is cut or not gzip: ${messageOf(error)}`);
    return { requests: new PackedRequests(), ends: [], file };
  }
}

/** Which one it is, and what became of it: the rest may be wrong, and measuring says so again. */
function isKnown(line: Line): boolean {
  return (
    Number.isInteger(line["id"]) &&
    textAt(line, "scenario") !== "" &&
    textAt(line, "outcome") !== "" &&
    Number.isFinite(line["intendedUs"])
  );
}
