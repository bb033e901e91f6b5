// Folders of records of runs whose truth is known.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Plan } from "../../src/model/plan.ts";
import type { Environment } from "../../src/model/record.ts";
import { makeRecord, type Made } from "../property/measure-record.ts";
import { ROOT } from "./ninety.ts";

export interface MadeFolder extends Made {
  /** How long all requests fail, from 1 s after the fault. */
  readonly outageS: number;
  /** Recovery of service must be below it; default 20 s. */
  readonly limitMs?: number;
  readonly plan?: (plan: Plan) => Plan;
  readonly environment?: Partial<Environment>;
}

const ALWAYS = ["fault-took-effect", "load-held", "steady-clean", "cluster-clean"];

const golden = (name: string): unknown =>
  JSON.parse(readFileSync(join(ROOT, "test/golden/records/small", name), "utf8"));

/** Writes the record of a run below `root` as ninety would, and returns its folder. */
export function writeRun(root: string, nth: number, made: MadeFolder): string {
  const second = String(nth).padStart(2, "0");
  const folder = join(root, `202601${second}T000000Z-${nth}`);
  const { outageS, limitMs = 20_000, plan = (one) => one, environment = {}, ...of } = made;
  const outages = [{ fromS: 1, untilS: 1 + outageS, share: 1 }];
  const record = makeRecord({ rateRps: 10, steadyS: 30, outages, ...of, seed: nth });
  const checks = [
    ...ALWAYS.map((name) => ({ name, params: {} })),
    { name: "recovery", params: { serviceMs: limitMs, capacityMs: 60_000 } },
  ];
  mkdirSync(folder, { recursive: true });
  const lines = (all: readonly unknown[]): string =>
    all.map((one) => `${JSON.stringify(one)}\n`).join("");
  const text = {
    "plan.json": JSON.stringify(plan({ ...record.plan, checks })),
    "environment.json": JSON.stringify({
      ...(golden("environment.json") as Environment),
      startedAt: `2026-01-${second}T00:00:00.000Z`,
      ...environment,
    }),
    "events.ndjson": lines(record.events),
    "requests.ndjson": lines([...record.requests, { end: true, ...record.requestsEnd }]),
  };
  for (const [name, content] of Object.entries(text)) writeFileSync(join(folder, name), content);
  return folder;
}
