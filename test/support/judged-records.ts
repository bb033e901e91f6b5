// Records of the tests, whole and hurt, with all that is derived from them.
import { join } from "node:path";
import { byName, loadPlugins } from "../../src/cli/plugins.ts";
import { judge } from "../../src/kernel/judge.ts";
import { measure } from "../../src/measure/measure.ts";
import type { Event } from "../../src/model/event.ts";
import type { KubeObject } from "../../src/model/json.ts";
import type { RunRecord } from "../../src/model/record.ts";
import { json } from "../../src/reporters/json.ts";
import { readRecord } from "../../src/store/read-record.ts";
import {
  blindRecord,
  lostRecord,
  restartsRecord,
  staleRecord,
} from "../property/measure-reasons-made.ts";
import { makeRecord } from "../property/measure-record.ts";
import { ROOT } from "./ninety.ts";
import type { SchemaName } from "./schemas.ts";

/** A document or a line, and which schema says what it may be. */
export type Part = readonly [schema: SchemaName, value: unknown];

const { checks } = await loadPlugins();
const asWritten = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

/** All that a record holds, and all that is made from it, as it is on disk. */
export function* partsOf(record: RunRecord): Generator<Part> {
  const measurement = measure(record);
  const verdict = judge(measurement, record.plan, byName("check", checks));
  yield ["plan", asWritten(record.plan)];
  if (record.environment) yield ["environment", record.environment];
  for (const event of record.events) yield ["event", asWritten(event)];
  for (const request of record.requests) yield ["request", request];
  if (record.requestsEnd) yield ["request", { end: true, ...record.requestsEnd }];
  for (const sample of record.samples) yield ["sample", sample];
  yield ["measurement", asWritten(measurement)];
  yield ["verdict", asWritten(verdict)];
  const report = json.render({ record, measurement, verdict, folder: "reports/runs/made" });
  yield ["report", JSON.parse(report)];
}

const PROBE = { periodSeconds: 10, timeoutSeconds: 1, failureThreshold: 3 };
/** A part whose readiness probe can be advised on. */
const SERVER: KubeObject = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "server" },
  spec: { template: { spec: { containers: [{ name: "server", readinessProbe: PROBE }] } } },
};
const CHECKS = ["waterfall", "predicted-damage", "fault-took-effect", "cluster-clean"];

/** What settings foretell and it took longer, and damage that is accepted. */
function foretoldRecord(): RunRecord {
  const record = makeRecord({ outages: [] });
  const begun = record.events.find((one) => one.type === "phase" && one.phase === "faults");
  const atUs = (begun?.atUs ?? 0) - 1;
  const cause = {
    object: "Deployment/server/server",
    setting: "readinessProbe",
    value: { path: "/health", ...PROBE },
    predicted: { lowMs: 0, highMs: 100 },
  };
  const took = { is: "absent", unit: "ms", why: "predicted" } as const;
  const events: readonly Event[] = [
    { atUs, type: "prediction", segments: [{ from: "inj", to: "full", took, cause }] },
    {
      atUs,
      type: "damage",
      accept: "pdb-broken",
      id: "f01",
      what: "disruption budget of server broken",
      observed: 2,
      limit: { max: 1 },
      rule: "at most 1 pod of server may be down at once, got 2",
    },
  ];
  const { plan } = record;
  const stack = plan.stack.map((part) => ({ ...part, objects: [SERVER] }));
  const checks = CHECKS.map((name) => ({ name, params: {} }));
  return {
    ...record,
    plan: { ...plan, stack, checks, accepts: ["pdb-broken"] },
    events: [...record.events, ...events],
  };
}

function abortedRecord(): RunRecord {
  const record = makeRecord();
  const event = { type: "error", code: "abort-when", message: "new: 10 % were good" } as const;
  return { ...record, events: [...record.events, { atUs: 40_000_000, ...event }] };
}

/** The folders of records, committed. */
export const RECORD_FOLDERS = ["test/golden/records/small", "docs/example-record"] as const;

/** By what they are. */
export async function allRecords(): Promise<ReadonlyMap<string, RunRecord>> {
  const all = new Map<string, RunRecord>();
  for (const folder of RECORD_FOLDERS) all.set(folder, await readRecord(join(ROOT, folder)));
  for (const seed of [1, 2, 3]) {
    const outages = [{ fromS: 1, untilS: seed * 4, share: 1 / seed }];
    const record = makeRecord({ seed, outages });
    all.set(`hurt, seed ${seed}`, record);
    all.set(`well, seed ${seed}`, makeRecord({ seed, outages: [], podAwayS: null }));
    all.set(`cut off, seed ${seed}`, { ...record, events: record.events.slice(0, -3) });
  }
  all.set("blind", blindRecord());
  all.set("lost", lostRecord());
  all.set("restarts", restartsRecord());
  all.set("stale", staleRecord());
  all.set("foretold", foretoldRecord());
  all.set("aborted", abortedRecord());
  return all;
}
