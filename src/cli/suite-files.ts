// A suite's file, the experiments that it names, and their plans. Nothing is touched.
import { existsSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { InvalidExperiment, messageOf } from "../model/error.ts";
import type { Plan } from "../model/plan.ts";
import type { Ms } from "../model/quantity.ts";
import { experimentsNamed, readSuite, type SuiteReading } from "../kernel/read-suite.ts";
import { planned } from "./commands/run.ts";
import { experimentNames, loadSuite, ROOT, suiteNames, type Plugins } from "./plugins.ts";

/** Whether a name or file that was given is that of a suite. */
export async function isSuite(given: string | undefined): Promise<boolean> {
  if (given === undefined) return false;
  return given.endsWith(".suite.ts") || (await suiteNames()).includes(given);
}

export interface PlannedRun {
  readonly file: string;
  readonly plan: Plan;
}

export interface PlannedSuite {
  readonly reading: SuiteReading;
  /** As it can be given to `ninety run`: its short name, or its file. */
  readonly given: string;
  /** By name of the experiment. */
  readonly plans: ReadonlyMap<string, PlannedRun>;
}

type Found = PlannedRun | { readonly problems: readonly string[] };

/** Every problem of the suite and of its experiments at once: exit 3. */
export async function planSuite(
  given: string,
  seed: string,
  plugins: Plugins,
): Promise<PlannedSuite> {
  const { name, path, loaded } = await loadSuite(given);
  const found = new Map<string, Found>();
  for (const experiment of experimentsNamed(loaded)) {
    found.set(experiment, await lookUp(experiment, { folder: dirname(path), seed, plugins }));
  }
  const reading = readSuite(name, loaded, {
    look: (experiment) => {
      const one = found.get(experiment) ?? { problems: ["is not looked up"] };
      return "problems" in one
        ? one
        : { scenarios: one.plan.load.scenarios.map((scenario) => scenario.name) };
    },
    taken: fileOf(name, dirname(path)) !== null,
  });
  const plans = [...found].flatMap(([experiment, one]) =>
    "problems" in one ? [] : [[experiment, one] as const],
  );
  const known = (await suiteNames()).includes(given);
  return { reading, given: known ? given : relative(process.cwd(), path), plans: new Map(plans) };
}

/** A file beside the suite, else one of experiments/; null: there is none. */
function fileOf(experiment: string, folder: string): string | null {
  const files = [folder, join(ROOT, "experiments")].map((one) =>
    join(one, `${experiment}.experiment.ts`),
  );
  return files.find((file) => existsSync(file)) ?? null;
}

async function lookUp(
  experiment: string,
  of: { readonly folder: string; readonly seed: string; readonly plugins: Plugins },
): Promise<Found> {
  const file = /^[-a-z0-9]+$/.test(experiment) ? fileOf(experiment, of.folder) : null;
  if (file === null) {
    const known = (await experimentNames()).join(", ");
    return { problems: [`no such experiment beside the suite or in experiments/: ${known}`] };
  }
  try {
    return {
      file,
      plan: (await planned(file, { ...of, context: undefined, image: undefined })).plan,
    };
  } catch (error) {
    return { problems: error instanceof InvalidExperiment ? error.problems : [messageOf(error)] };
  }
}

/** What a run's phases take at most; the cluster's start and end come on top. */
export function phasesMs({ plan }: PlannedRun): Ms {
  const { warmup, steady, faults, observe } = plan.phasesMs;
  return warmup + steady + faults + observe;
}
