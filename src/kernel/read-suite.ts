import { InvalidExperiment, messageOf } from "../model/error.ts";
import {
  choice,
  duration,
  flag,
  optional,
  read,
  text,
  type Field,
  type Fields,
} from "../model/fields.ts";
import type { Class } from "../model/measurement.ts";
import type { Claim, Contrast, StatedRun } from "../model/suite.ts";
import { isObject, show } from "./shape.ts";

/** A suite with every name looked up. */
export interface SuiteReading {
  readonly name: string;
  readonly about: string;
  readonly claim: Claim | null;
  /** In the order in which they were written. */
  readonly runs: readonly StatedRun[];
  readonly contrasts: readonly Contrast[];
}

/** What is known of the experiments that a suite names. */
export interface SuiteScene {
  /** Its scenarios, or what is wrong with it. */
  readonly look: (
    experiment: string,
  ) => { readonly scenarios: readonly string[] } | { readonly problems: readonly string[] };
  /** An experiment has the suite's name: their runs would lie in one folder. */
  readonly taken: boolean;
}

const CLASSES = ["MASKED", "RECOVERED", "UNRECOVERED", "METASTABLE", "INVALID"] as const;
const OUTCOMES = ["pass", "fail", "unknown"] as const;
const LANES = ["service", "capacity"] as const;
const LIST_MAX = 50;
/** The suite's folder and its runs' instances are named by it. */
const NAME = /^[a-z0-9]([-a-z0-9]{0,48}[a-z0-9])?$/;

/** Read apart, and named here so that a missing or unknown one is told. */
const apart = (about: string, rule: string): Field<unknown, unknown, "", false> => ({
  unit: "",
  about,
  rule,
  optional: false,
  read: (written) => written,
});

const OPTIONS = {
  about: text({ about: "what the runs show together" }),
  claim: optional(apart("what others say", "{ source, text, before, after }")),
  runs: apart("what each experiment must end with", '{ "gpu-loss": { must: "pass" }, … }'),
  contrasts: optional(apart("which runs are compared", "a list")),
} satisfies Fields;

const CLAIM = {
  source: text({ about: "who says it, and where" }),
  text: text({ about: "what is said" }),
  before: duration({ about: "recovery before", min: "1ms" }),
  after: duration({ about: "recovery after", min: "1ms" }),
} satisfies Fields;

const RUN = {
  must: choice(OUTCOMES, { about: "the outcome that it must end with" }),
  service: optional(apart("what service must be classed as", "classes, or classes by scenario")),
  capacity: optional(apart("what capacity must be classed as", "classes")),
  long: flag({ about: "left out by --quick", default: false }),
  about: optional(text({ about: "what it shows" })),
} satisfies Fields;

const CONTRAST = {
  title: text({ about: "what is contrasted" }),
  before: text({ about: "a run of the suite" }),
  after: text({ about: "another run of the suite" }),
  lane: choice(LANES, { about: "whose recovery is compared" }),
  why: text({ about: "which setting differs" }),
} satisfies Fields;

/** The experiments that a suite's file names, before anything else about it is known. */
export function experimentsNamed(loaded: unknown): readonly string[] {
  const options = isObject(loaded) ? loaded["options"] : null;
  const runs = isObject(options) ? options["runs"] : null;
  return isObject(runs) ? Object.keys(runs).slice(0, LIST_MAX) : [];
}

/**
 * Reads what a suite's file exported; any shape is answered with problems, all of them at once.
 * Throws InvalidExperiment, exit 3; nothing is touched.
 */
export function readSuite(name: string, loaded: unknown, scene: SuiteScene): SuiteReading {
  const problems: string[] = [];
  let reading: SuiteReading | null = null;
  try {
    reading = readOptions(name, loaded, { scene, problems });
  } catch (error) {
    problems.push(`${name} could not be read: ${messageOf(error)}`);
  }
  if (problems.length > 0 || !reading) throw new InvalidExperiment(problems);
  return reading;
}

interface Reading {
  readonly scene: SuiteScene;
  readonly problems: string[];
}

function readOptions(name: string, loaded: unknown, of: Reading): SuiteReading | null {
  const { problems, scene } = of;
  if (!NAME.test(name)) {
    problems.push(`the file's name must be kebab-case, at most 50 characters, got ${show(name)}`);
  }
  if (scene.taken) problems.push(`the file's name must not be that of an experiment, got ${name}`);
  if (!isObject(loaded) || loaded["kind"] !== "suite" || !isObject(loaded["options"])) {
    problems.push(`${name} must export suite({ … }) as its default, got ${show(loaded)}`);
    return null;
  }
  const written = loaded["options"];
  const own: string[] = [];
  const { about } = read("suite", OPTIONS, written, own);
  problems.push(...own.map((problem) => problem.replace(/^suite\./, "")));
  const runs = readRuns(written["runs"], of);
  return {
    name,
    about,
    claim: readClaim(written["claim"], problems),
    runs,
    contrasts: readContrasts(written["contrasts"], { names: namesOf(written["runs"]), problems }),
  };
}

/** Also those of runs that are wrong otherwise: a contrast may name them. */
const namesOf = (runs: unknown): readonly string[] => (isObject(runs) ? Object.keys(runs) : []);

function readClaim(written: unknown, problems: string[]): Claim | null {
  return written === undefined ? null : read("claim", CLAIM, written, problems);
}

function readRuns(written: unknown, of: Reading): readonly StatedRun[] {
  if (written === undefined) return []; // told as missing
  const names = namesOf(written);
  if (!isObject(written) || names.length === 0 || names.length > LIST_MAX) {
    const got = isObject(written) ? `${names.length} runs` : show(written);
    of.problems.push(`runs must be an object of 1 to ${LIST_MAX} runs, got ${got}`);
    return [];
  }
  return Object.entries(written).map(([experiment, run]) => readRun(experiment, run, of));
}

function readRun(experiment: string, written: unknown, { scene, problems }: Reading): StatedRun {
  const path = `runs.${experiment}`;
  const found = scene.look(experiment);
  if ("problems" in found) {
    problems.push(...found.problems.map((problem) => `${path}: ${problem}`));
  }
  const run = read(path, RUN, written, problems);
  const scenarios = "scenarios" in found ? found.scenarios : null;
  return {
    experiment,
    about: run.about ?? "",
    long: run.long,
    stated: {
      must: run.must,
      service: readService(`${path}.service`, run.service, { scenarios, problems }),
      capacity:
        run.capacity === undefined ? null : readClasses(`${path}.capacity`, run.capacity, problems),
    },
  };
}

/** One class for all stands for every scenario; null scenarios: nobody knows which there are. */
function readService(
  path: string,
  written: unknown,
  of: { readonly scenarios: readonly string[] | null; readonly problems: string[] },
): Readonly<Record<string, readonly Class[]>> {
  const { scenarios, problems } = of;
  if (written === undefined) return {};
  if (!isObject(written)) {
    const classes = readClasses(path, written, problems);
    return Object.fromEntries((scenarios ?? []).map((scenario) => [scenario, classes]));
  }
  if (Object.keys(written).length === 0) {
    problems.push(`${path} must name at least one scenario, got {}`);
  }
  return Object.fromEntries(
    Object.entries(written).map(([scenario, classes]) => {
      if (scenarios !== null && !scenarios.includes(scenario)) {
        problems.push(
          `${path}.${scenario} is not a scenario of the experiment; known: ${scenarios.join(", ")}`,
        );
      }
      return [scenario, readClasses(`${path}.${scenario}`, classes, problems)];
    }),
  );
}

function readClasses(path: string, written: unknown, problems: string[]): readonly Class[] {
  const listed: readonly unknown[] = Array.isArray(written) ? written : [written];
  const known = listed.filter((one): one is Class => CLASSES.includes(one as Class));
  const whole = known.length === listed.length && new Set(known).size === known.length;
  if (known.length === 0 || !whole) {
    const rule = `${CLASSES.join(" | ")}, or a list of them`;
    problems.push(`${path} must be ${rule}, got ${show(written)}`);
  }
  return known;
}

function readContrasts(
  written: unknown,
  of: { readonly names: readonly string[]; readonly problems: string[] },
): readonly Contrast[] {
  const { names, problems } = of;
  if (written === undefined) return [];
  if (!Array.isArray(written) || written.length > LIST_MAX) {
    problems.push(`contrasts must be a list of at most ${LIST_MAX}, got ${show(written)}`);
    return [];
  }
  return written.map((one: unknown, index) => {
    const path = `contrasts[${index}]`;
    const before = problems.length;
    const contrast = read(path, CONTRAST, one, problems);
    if (problems.length > before) return contrast;
    for (const end of ["before", "after"] as const) {
      if (names.includes(contrast[end])) continue;
      problems.push(`${path}.${end} must be a run of the suite, got ${show(contrast[end])}`);
    }
    if (contrast.before === contrast.after) {
      problems.push(`${path}.after must be another run than before, got ${show(contrast.after)}`);
    }
    return contrast;
  });
}
