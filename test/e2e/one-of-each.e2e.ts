// One fault of each kind of effect, on a real cluster: proved by eyes of its own, proved gone after
// its heal, and nothing left.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { EFFECT_FACTS } from "../../src/model/effect-facts.ts";
import type { Event } from "../../src/model/event.ts";
import { machineSnapshot } from "../support/machine.ts";
import { ninety } from "../support/ninety.ts";

const INSTANCE = "e2e-one-of-each";
const EXPERIMENT = "test/support/one-of-each.experiment.ts";

interface Report {
  readonly folder: string;
  readonly findings: readonly { readonly check: string; readonly outcome: string }[];
  readonly steps: readonly {
    readonly fault: string;
    readonly targets: readonly string[];
    readonly proved: string;
    readonly healed: string;
    readonly healProved: string;
  }[];
}

beforeAll(async () => void (await ninety(["cluster", "down", "--instance", INSTANCE])));
afterAll(async () => void (await ninety(["cluster", "down", "--instance", INSTANCE])));

/** Of all effects that were carried out. */
function kindsIn(folder: string): readonly string[] {
  const lines = readFileSync(join(folder, "events.ndjson"), "utf8").trim().split("\n");
  const events = lines.map((line) => JSON.parse(line) as Event);
  const kinds = events.flatMap((event) =>
    event.type === "fault" && event.edge === "inject-begin"
      ? event.effects.map(({ effect }) => effect.kind)
      : [],
  );
  return [...new Set(kinds)].sort();
}

// Of a machine that was too busy to send in time a run is INVALID, and is made once more.
const WITHIN_MS = 2 * 8 * 60_000;

test(
  "one of each kind: each proved, each healed, nothing left",
  { timeout: WITHIN_MS },
  async () => {
    const before = machineSnapshot();
    const ended = await ninety(["run", EXPERIMENT, "--json", "--instance", INSTANCE]);
    const { findings, folder, steps } = JSON.parse(ended.stdout) as Report;
    const told = ended.stderr.slice(-4_000);
    expect(kindsIn(folder), told).toEqual(Object.keys(EFFECT_FACTS).sort());
    // Of what happens once there is nothing to heal.
    const held = steps.filter(({ healed }) => healed !== "nothing-to-heal");
    expect(steps.filter(({ proved }) => proved !== "proved")).toEqual([]);
    expect(
      held.filter(({ healed, healProved }) => healed !== "healed" || healProved !== "proved"),
    ).toEqual([]);
    const outcomes = findings.filter(({ check }) =>
      ["cluster-clean", "fault-took-effect"].includes(check),
    );
    // Of each step whether it took and whether it is gone, and of the run whether anything is left.
    expect(outcomes.length).toBeGreaterThan(2 * steps.length);
    expect(outcomes.filter(({ outcome }) => outcome !== "pass")).toEqual([]);
    expect(machineSnapshot()).toEqual(before);
  },
);
