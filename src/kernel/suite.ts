// What a suite's runs ended with against what was stated, and against each other. Pure.
import { EXIT, worstExit, type ExitCode } from "../model/error.ts";
import { absent, beyond, value, type Measured } from "../model/measured.ts";
import type { Class, Episode, Lane, Measurement } from "../model/measurement.ts";
import type { RunRecord } from "../model/record.ts";
import { showLimit, showMeasured } from "../model/show.ts";
import type {
  AsStated,
  Contrast,
  ContrastResult,
  LaneResult,
  Pair,
  RunResult,
  Stated,
  SuiteRecord,
} from "../model/suite.ts";
import { decides, type Verdict } from "../model/verdict.ts";
import { restartsOf } from "../measure/restarts.ts";

const NOT_PASSED_MAX = 8;

/** What a suite keeps of a run. */
export function runResult(of: {
  readonly record: RunRecord;
  readonly measurement: Measurement;
  readonly verdict: Verdict;
}): RunResult {
  const { record, measurement, verdict } = of;
  // What ended the run comes first: the findings are what follows from it.
  const errors = record.events.flatMap((event) =>
    event.type === "error" ? [`error: ${event.code}: ${event.message}`] : [],
  );
  const findings = verdict.findings.filter(({ outcome }) => outcome !== "pass" && decides(outcome));
  const lines = findings.map((finding) => {
    const { outcome, what, observed } = finding;
    return `${outcome}: ${what}: ${showMeasured(observed)}, ${showLimit(finding)}`;
  });
  return {
    outcome: verdict.outcome,
    level: measurement.level,
    episodes: measurement.episodes.map(({ steps, service, capacity, lost }: Episode) => ({
      steps,
      service: Object.fromEntries(Object.entries(service).map(([name, one]) => [name, kept(one)])),
      capacity: kept(capacity),
      lost,
    })),
    restarts: restartsOf(record.events),
    notPassed: [...errors, ...lines].slice(0, NOT_PASSED_MAX),
  };
}

const kept = ({ class: is, recovery, note }: Lane): LaneResult => ({ class: is, recovery, note });

interface Told {
  readonly asStated: AsStated;
  readonly why: readonly string[];
}

/** No outranks unknown, and unknown outranks yes. */
function worstStated(all: readonly AsStated[]): AsStated {
  if (all.includes("no")) return "no";
  return all.length === 0 || all.includes("unknown") ? "unknown" : "yes";
}

/**
 * A run against what was stated of it. One without a result, and one that ended unknown where pass
 * or fail was stated, is unknown: nobody can tell. A class that was measured and is another one is
 * a no, whatever the outcome.
 */
export function compareRun(
  stated: Stated,
  run: { readonly result: RunResult | null; readonly noResult: string },
): Told {
  const { result, noResult } = run;
  if (result === null) return { asStated: "unknown", why: [`no result: ${noResult}`] };
  const told = [compareOutcome(stated, result), ...compareClasses(stated, result)];
  return {
    asStated: worstStated(told.map(({ asStated }) => asStated)),
    why: told.flatMap(({ why }) => why),
  };
}

function compareOutcome({ must }: Stated, { outcome, notPassed }: RunResult): Told {
  if (outcome === must) return { asStated: "yes", why: [] };
  const asStated = outcome === "unknown" ? "unknown" : "no";
  return { asStated, why: [`ended ${outcome}, stated ${must}`, ...notPassed] };
}

function compareClasses({ service, capacity }: Stated, { episodes }: RunResult): readonly Told[] {
  const wanted = Object.entries(service);
  if (wanted.length === 0 && capacity === null) return [];
  if (episodes.length === 0) {
    return [{ asStated: "unknown", why: ["classes are stated, but there was no episode"] }];
  }
  return episodes.flatMap((episode) => {
    const after = episodes.length === 1 ? "" : ` after ${episode.steps.join(", ")}`;
    return [
      ...wanted.map(([scenario, classes]) =>
        compareLane(`service, ${scenario}${after}`, classes, episode.service[scenario]),
      ),
      ...(capacity === null ? [] : [compareLane(`capacity${after}`, capacity, episode.capacity)]),
    ];
  });
}

function compareLane(what: string, classes: readonly Class[], lane: LaneResult | undefined): Told {
  const stated = classes.join(" or ");
  if (!lane) return { asStated: "unknown", why: [`${what} was not measured, stated ${stated}`] };
  if (classes.includes(lane.class)) return { asStated: "yes", why: [] };
  const note = lane.note === "" ? "" : ` (${lane.note})`;
  return {
    asStated: lane.class === "INVALID" ? "unknown" : "no",
    why: [`${what} is ${lane.class}${note}, stated ${stated}`],
  };
}

/** Both runs of a contrast, lane by lane; evidence of different levels is never compared. */
export function contrastOf(
  contrast: Contrast,
  { runs, leftOut }: Pick<SuiteRecord, "runs" | "leftOut">,
): ContrastResult {
  const [before, after] = [contrast.before, contrast.after].map(
    (name) => runs.find(({ experiment }) => experiment === name)?.result ?? null,
  );
  const not = (notCompared: string): ContrastResult => ({
    ...contrast,
    level: null,
    pairs: [],
    notCompared,
  });
  if (!before || !after) {
    const missing = before ? contrast.after : contrast.before;
    const left = leftOut.some(({ experiment }) => experiment === missing);
    return not(`${missing} ${left ? "was left out" : "has no result"}`);
  }
  if (before.level !== after.level) {
    return not(`evidence of ${before.level} is not compared with evidence of ${after.level}`);
  }
  const pairs = pairsOf(contrast, before, after);
  if (pairs.length === 0) return not("no lane was measured in both runs");
  return { ...contrast, level: before.level, pairs, notCompared: "" };
}

function pairsOf({ lane }: Contrast, before: RunResult, after: RunResult): readonly Pair[] {
  const [one, two] = [lanesOf(lane, before), lanesOf(lane, after)];
  return [...one].flatMap(([what, long]) => {
    const short = two.get(what);
    if (!short) return [];
    return [
      { what, before: long, after: short, ratio: timesAsLong(long.recovery, short.recovery) },
    ];
  });
}

/** By name; of several episodes the one that took longest. */
function lanesOf(lane: Contrast["lane"], { episodes }: RunResult): Map<string, LaneResult> {
  const lanes = new Map<string, LaneResult>();
  for (const { service, capacity } of episodes) {
    const own =
      lane === "capacity"
        ? [["capacity", capacity] as const]
        : Object.entries(service).map(([name, one]) => [`service, ${name}`, one] as const);
    for (const [what, one] of own) {
      const known = lanes.get(what);
      if (!known || rank(one.recovery) > rank(known.recovery)) lanes.set(what, one);
    }
  }
  return lanes;
}

/** What nobody knows is worse than what never came back, and that than any number. */
function rank(recovery: Measured<"ms">): number {
  if (recovery.is === "absent") return Number.MAX_VALUE;
  return recovery.is === "beyond" ? Number.MAX_VALUE / 2 : recovery.value;
}

/**
 * How many times as long `long` is as `short`, with the interval of both: the least the ends
 * allow, the most they allow. Where `short` may be 0, or `long` did not end, it is more than the
 * least; where `short` did not end nobody knows.
 */
export function timesAsLong(long: Measured<"ms">, short: Measured<"ms">): Measured<"times"> {
  if (long.is === "absent") return absent("times", long.why);
  if (short.is === "absent") return absent("times", short.why);
  if (short.is === "beyond") return absent("times", "the later run did not recover");
  if (short.high === 0) return absent("times", "the later run was not hurt");
  const least = long.low / short.high;
  if (long.is === "beyond" || short.low === 0) {
    return least > 0 ? beyond("times", least, 1) : absent("times", "neither run was surely hurt");
  }
  return value("times", {
    value: long.value / short.value,
    low: least,
    high: long.high / short.low,
    n: 1,
  });
}

/** The runs compared with what was stated, and with each other: again and again, the same. */
export function judgeSuite(suite: SuiteRecord): SuiteRecord {
  const runs = suite.runs.map((run) => ({ ...run, ...compareRun(run.stated, run) }));
  return {
    ...suite,
    asStated: worstStated(runs.map(({ asStated }) => asStated)),
    runs,
    contrasts: suite.contrasts.map((one) => contrastOf(contrastIn(one), { ...suite, runs })),
  };
}

const contrastIn = ({ title, before, after, lane, why }: Contrast): Contrast => ({
  title,
  before,
  after,
  lane,
  why,
});

/** 0 as stated, 1 not, 2 nobody can tell; a run that is still disturbed outranks all. */
export function suiteExit({ asStated, runs }: SuiteRecord): ExitCode {
  const own = { yes: EXIT.pass, no: EXIT.fail, unknown: EXIT.unknown }[asStated];
  const disturbed = runs.some(({ exit }) => exit === EXIT.healFailed);
  return worstExit(disturbed ? [own, EXIT.healFailed] : [own]);
}
