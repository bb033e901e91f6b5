// Records of made runs as the files that a run leaves, and the way of `ninety check` to judge them.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { judgeFolder } from "../../src/cli/judging.ts";
import type { Plugins } from "../../src/cli/plugins.ts";
import { NinetyError } from "../../src/model/error.ts";
import type { Event } from "../../src/model/event.ts";
import { stableText } from "../../src/model/json.ts";
import type { Plan } from "../../src/model/plan.ts";
import type { Environment } from "../../src/model/record.ts";
import type { Sample } from "../../src/model/request.ts";
import type { Outcome } from "../../src/model/verdict.ts";
import { planSha256 } from "../../src/store/plan-hash.ts";
import { documentText } from "../../src/store/run-log.ts";
import {
  faultsUs,
  makeRecord,
  randomFrom,
  shuffled,
  type Made,
} from "../property/measure-record.ts";

/** Lines of a file of lines, or the bytes of any file. */
type Content = readonly string[] | Buffer;
/** By name; null: it is not there. */
export interface RecordFiles {
  readonly "plan.json": Buffer | null;
  /** Null: the least that any tool may write has none. */
  readonly "environment.json": Buffer | null;
  readonly "events.ndjson": Content | null;
  readonly "samples.ndjson": Content | null;
  readonly "requests.ndjson"?: Content;
  readonly "requests.ndjson.gz"?: Content;
}
export type FileName = keyof RecordFiles;

const SECOND_US = 1_000_000;
const [STEADY_S, FAULT_S, OBSERVE_S] = [22, 12, 32];

function madeOf(seed: number): Made {
  const random = randomFrom(seed);
  const fromS = 0.5 + random() * 3;
  const share = [0, 0.4, 1][Math.floor(random() * 3)]!;
  const outages = share === 0 ? [] : [{ fromS, untilS: fromS + 4 + random() * 5, share }];
  return {
    seed,
    rateRps: 10,
    steadyS: STEADY_S,
    faultS: FAULT_S,
    observeS: OBSERVE_S,
    background: 0.0005,
    outages,
  };
}

const ACCEPT = "pdb-broken";

function planOf(plan: Plan, plugins: Plugins): Plan {
  const always = plugins.checks.filter((check) => check.always === true);
  return {
    ...plan,
    accepts: [ACCEPT],
    checks: [
      { name: "recovery", params: { serviceMs: 20_000, capacityMs: 60_000 } },
      { name: "availability", params: { atLeastRatio: 0.05, during: "faults" } },
      ...always.map(({ name }) => ({ name, params: {} })),
    ],
  };
}

/** All kinds of events that a run which passes may have. */
function eventsOf(events: readonly Event[], startUs: number): readonly Event[] {
  const node = { ready: true, gpusAllocatable: 2, gpusCapacity: 2 };
  const at = { type: "cluster", change: "changed" } as const;
  const pods = ["server-a", "server-b", "server-c"];
  const endpoints = (atUs: number, ready: readonly string[]): Event => ({
    ...at,
    atUs,
    object: "endpoints/ninety-made/server",
    notBeforeUs: atUs - 1_500,
    detail: { ready },
  });
  const more: readonly Event[] = [
    { ...at, atUs: 1_500_000, object: "node/n1", notBeforeUs: 0, detail: node },
    { ...at, atUs: 1_500_000, object: "watch/pods", notBeforeUs: 0, change: "gap", detail: {} },
    endpoints(2_500_000, pods),
    endpoints(startUs + 1_100_000, pods.slice(1)),
    endpoints(startUs + 6_100_000, pods),
    {
      atUs: startUs + 5_000,
      type: "prediction",
      segments: [
        {
          from: "effect",
          to: "det:pod-not-ready",
          took: { is: "value", unit: "ms", value: 500, low: 0, high: 1_000, n: 1 },
          cause: {
            object: "Deployment ninety-made/server",
            setting: "readinessProbe.periodSeconds",
            value: 1,
            predicted: { lowMs: 0, highMs: 1_000 },
          },
        },
      ],
    },
    {
      atUs: startUs + 6_000,
      type: "damage",
      accept: ACCEPT,
      id: "f01",
      what: "disruption budget of server broken",
      observed: 1,
      limit: { max: 0 },
      rule: "at most 0 pods of server may be down at once, got 1",
    },
  ];
  const effect = {
    kind: "gpu-state",
    gpu: { kind: "gpu", node: "n1", device: "GPU-n1-0", holder: null },
    state: "crash",
    signal: true,
    symptom: true,
  } as const;
  const withEffect = events.map((event) =>
    event.type === "fault" && event.edge === "inject-begin"
      ? { ...event, effects: [{ id: "f01.0", effect }] }
      : event,
  );
  return [...withEffect, ...more].sort((a, b) => a.atUs - b.atUs);
}

function environmentOf(plan: Plan): Environment {
  return {
    schema: 1,
    ninety: "0.1.0",
    startedAt: "2026-01-01T00:00:00.000Z",
    monotonicStartUs: SECOND_US,
    gitCommit: null,
    planSha256: planSha256(plan),
    cluster: {
      kind: "simulated",
      instance: "made",
      kubernetes: "v1.36.0",
      nodes: [{ name: "n1" }],
      differences: ["there was no cluster: this record was made"],
      versions: { containerd: "2.1.0" },
    },
    level: "simulated",
    machine: { cpus: 2 },
  };
}

function samplesOf(untilS: number): readonly Sample[] {
  return Array.from({ length: Math.floor(untilS / 5) }, (_, nth) => ({
    atUs: (nth + 1) * 5 * SECOND_US,
    metric: "client_connections",
    value: 3 + nth,
    tags: { backend: "server-a", address: "10.0.0.1", ready: "true", state: "ESTABLISHED" },
  }));
}

const linesOf = (all: Iterable<object>): string[] => [...all].map((one) => JSON.stringify(one));

export interface Kind {
  readonly environment: boolean;
  readonly gzip: boolean;
}

/** The files of a run that passes, all but once in a hundred. */
export function makeFiles(seed: number, kind: Kind, plugins: Plugins): RecordFiles {
  const made = madeOf(seed);
  const record = makeRecord(made);
  const plan = planOf(record.plan, plugins);
  const startUs = faultsUs(made);
  const requests = [
    ...linesOf(record.requests),
    JSON.stringify({ end: true, requests: record.requests.length }),
  ];
  return {
    "plan.json": Buffer.from(documentText(plan)),
    "environment.json": kind.environment ? Buffer.from(documentText(environmentOf(plan))) : null,
    "events.ndjson": linesOf(eventsOf(record.events, startUs)),
    "samples.ndjson": linesOf(samplesOf(startUs / SECOND_US + FAULT_S + OBSERVE_S)),
    ...(kind.gzip ? { "requests.ndjson.gz": requests } : { "requests.ndjson": requests }),
  };
}

/** The bytes of a file of lines as they are on disk. */
export function bytesOf(name: FileName, content: Content): Buffer {
  if (Buffer.isBuffer(content)) return content;
  const text = content.map((line) => `${line}\n`).join("");
  return name.endsWith(".gz") ? gzipSync(text, { level: 1 }) : Buffer.from(text);
}

/** The same lines in another order; what is not lines stays as it is. */
export function reordered(files: RecordFiles, seed: number): RecordFiles {
  return Object.fromEntries(
    Object.entries(files).map(([name, content]: [string, Content | null], nth) => [
      name,
      content === null || Buffer.isBuffer(content) ? content : shuffled(content, seed + nth),
    ]),
  ) as unknown as RecordFiles;
}

/** `refused`: `ninety check` says what is wrong and ends with 3. `crashed`: a bug of ninety. */
export interface Said {
  readonly outcome: Outcome | "refused" | "crashed";
  /** All that was measured and found, or the message. */
  readonly text: string;
}

/**
 * A problem of lines names the first that has it and what stands there: of the same lines in
 * another order another one. All else that is said must be the same.
 */
function withoutPlaces(text: string, problems: readonly string[]): string {
  const inText = (problem: string): string => JSON.stringify(problem).slice(1, -1);
  return problems.reduce((rest, problem) => {
    const told = /^(\S+) line \d+(.*?), got .*?( \(and \d+ more lines?\))?$/su.exec(problem);
    if (!told) return rest;
    const [, file, rule, more = ""] = told;
    return rest.replaceAll(inText(problem), inText(`${file}${rule}${more}`));
  }, text);
}

/** What `ninety check` says of these files. The folder is emptied before. */
export async function said(folder: string, files: RecordFiles, plugins: Plugins): Promise<Said> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const [name, content] of Object.entries(files) as [FileName, Content | null][]) {
    if (content !== null) writeFileSync(join(folder, name), bytesOf(name, content));
  }
  try {
    const { record, measurement, verdict } = await judgeFolder(folder, plugins);
    const text = stableText({ measurement, verdict });
    return { outcome: verdict.outcome, text: withoutPlaces(text, record.problems) };
  } catch (error) {
    const refused = error instanceof NinetyError && error.exit === 3;
    return { outcome: refused ? "refused" : "crashed", text: String(error) };
  }
}
