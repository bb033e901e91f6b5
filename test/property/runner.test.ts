import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as heal from "../../src/kernel/heal.ts";
import * as runner from "../../src/kernel/runner.ts";
import { schedules, violations, type Kernel } from "./runner-world.ts";

const SOURCE = fileURLToPath(new URL("../../src", import.meta.url));
const REAL: Kernel = { run: runner.run, healRun: heal.healRun };
const RUNS = 3_000;
/** A mutant that survives this many schedules is not caught. */
const MUTANT_RUNS = 3_000;

test("every touched step is healed, last first, whatever fails and whenever it is stopped", async () => {
  const property = fc.asyncProperty(schedules, async (schedule) => {
    expect(await violations(schedule, REAL)).toEqual([]);
  });
  await fc.assert(property, { numRuns: RUNS });
});

interface Mutant {
  readonly name: string;
  readonly file: string;
  readonly find: string;
  readonly replace: string;
  /** What the counterexample must say. */
  readonly says: RegExp;
}

const APPEND_BEGIN =
  '  await append(system, { type: "fault", id, edge: "inject-begin", ...found, lateUs }, crew.signal);\n';

const MUTANTS: readonly Mutant[] = [
  {
    name: "registers a step after its inject",
    file: "runner.ts",
    find: APPEND_BEGIN,
    replace: "",
    says: /touched before it was on the log|never healed/,
  },
  {
    name: "injects while the registration is still being written",
    file: "runner.ts",
    find: APPEND_BEGIN,
    replace: APPEND_BEGIN.replace("await append", "void append").replace(
      ");\n",
      ").catch(() => {});\n",
    ),
    says: /touched before it was on the log/,
  },
  {
    name: "heals under the run's signal",
    file: "runner.ts",
    find: "unhealed = await healRun(log.events(), system);",
    replace: `unhealed = await healRun(log.events(), {
      log, holders: system.holders,
      clock: {
        nowMs: () => clock.nowMs(), nowUs: () => clock.nowUs(),
        until: (atMs, signal) => clock.until(atMs, signal),
        deadline: (forMs) => clock.deadline(forMs, crew.signal),
      },
    });`,
    says: /said unhealed for no reason|nobody said so|not last first/,
  },
  {
    name: "heals first first",
    file: "heal.ts",
    find: "return [...open].map(([id, held]) => ({ id, held })).reverse();",
    replace: "return [...open].map(([id, held]) => ({ id, held }));",
    says: /not last first/,
  },
  {
    name: "renews what is being healed",
    file: "beat.ts",
    find: "const due = [...live.values()].filter(({ id }) => !asked.has(id));",
    replace: "const due = [...live.values()];",
    says: /renewed after its heal/,
  },
  {
    name: "tells from the log what is unhealed",
    file: "runner.ts",
    find: "return { unhealed, failure };",
    replace: `return { unhealed: log.events().flatMap((one) =>
      one.type === "fault" && one.edge === "heal-failed" && unhealed.includes(one.id) ? [one.id] : []),
      failure };`,
    says: /left, and nobody said so/,
  },
  {
    name: "gives up a step's effects after the first",
    file: "heal.ts",
    find: "held.map((one) => bounded(",
    replace: "held.slice(0, 1).map((one) => bounded(",
    says: /never healed/,
  },
  {
    name: "waits for an inject without a deadline",
    file: "runner.ts",
    find: "await bounded(clock, bound, (signal) => holders.start(held, lease, signal));",
    replace: "await holders.start(held, lease, crew.signal);",
    says: /hung/,
  },
  {
    name: "lets a full disk stand in the way of healing",
    file: "heal.ts",
    find: "await within(clock.deadline(WRITE_MAX_MS), log.append(body)).catch(() => {});",
    replace: "await log.append(body);",
    says: /ENOSPC|hung/,
  },
  {
    name: "injects before it heals on a tie",
    file: "agenda.ts",
    find: 'does === "heal" ? 0 : 1',
    replace: 'does === "heal" ? 1 : 0',
    says: /was injected before/,
  },
  {
    name: "keeps quiet about a lapse",
    file: "beat.ts",
    find: 'await note(system, { type: "fault", id, edge: "lapsed" });',
    replace: "told.add(id);",
    says: /lapsed, nobody said so/,
  },
  {
    name: "stops what happens once",
    file: "heal.ts",
    find: "event.effects.filter(({ effect }) => !happensOnce(effect))",
    replace: "event.effects",
    says: /was asked to stop/,
  },
  {
    name: "forgets a step whose inject failed",
    file: "heal.ts",
    find: 'if (event.edge === "heal-end")',
    replace: 'if (event.edge === "heal-end" || event.edge === "inject-failed")',
    says: /never healed/,
  },
  {
    name: "forgets the plan",
    file: "runner.ts",
    find: 'await log.write("plan.json", plan);',
    replace: "",
    says: /before the plan/,
  },
];

describe("a runner that is wrong is caught", () => {
  const folder = mkdtempSync(join(tmpdir(), "ninety-mutants-"));
  beforeAll(() => {
    for (const shared of ["model", "ports", "measure"]) {
      symlinkSync(join(SOURCE, shared), join(folder, shared));
    }
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  for (const [nth, mutant] of MUTANTS.entries()) {
    test(`one that ${mutant.name}`, async () => {
      const kernel = await mutated(mutant, join(folder, `kernel-${nth}`));
      expect(await caught(kernel)).toMatch(mutant.says);
    });
  }

  test("and so is a holder whose stop is no tombstone", async () => {
    expect(await caught(REAL, { tombstone: false })).toMatch(/left, and nobody said so/);
  });
});

/** The kernel with one text replaced in one of its files; throws where that is not there once. */
async function mutated({ file, find, replace }: Mutant, folder: string): Promise<Kernel> {
  mkdirSync(folder);
  cpSync(join(SOURCE, "kernel"), folder, { recursive: true });
  const path = join(folder, file);
  const source = readFileSync(path, "utf8");
  expect(source.split(find), `${file} must hold once: ${find}`).toHaveLength(2);
  const text = source.replace(find, () => replace);
  expect(text).not.toBe(source);
  writeFileSync(path, text);
  const load = async (name: string): Promise<unknown> =>
    import(/* @vite-ignore */ pathToFileURL(join(folder, name)).href);
  const { run } = (await load("runner.ts")) as typeof runner;
  const { healRun } = (await load("heal.ts")) as typeof heal;
  return { run, healRun };
}

/** What the first schedule that finds something finds; "" where none does. */
async function caught(kernel: Kernel, world?: { tombstone: boolean }): Promise<string> {
  const property = fc.asyncProperty(schedules, async (schedule) => {
    const found = await violations(schedule, kernel, world).catch((error: unknown) => [
      String(error),
    ]);
    if (found.length > 0) throw new Error(found.join("; "));
  });
  const details = await fc.check(property, { numRuns: MUTANT_RUNS, seed: 90, endOnFailure: true });
  return details.failed ? String(details.errorInstance) : "";
}
