import type { EvidenceLevel } from "./evidence.ts";
import type { Measured } from "./measured.ts";
import type { Class } from "./measurement.ts";
import type { StepId } from "./plan.ts";
import type { Ms } from "./quantity.ts";
import type { Outcome } from "./verdict.ts";

/** What a run must end with. */
export interface Stated {
  readonly must: Outcome;
  /** The classes that will do, by scenario; a scenario that is not named may be any. */
  readonly service: Readonly<Record<string, readonly Class[]>>;
  /** The classes that will do; null: any. */
  readonly capacity: readonly Class[] | null;
}

/** One run of a suite, as its author states it. */
export interface StatedRun {
  readonly experiment: string;
  /** "" where the author says nothing. */
  readonly about: string;
  readonly long: boolean;
  readonly stated: Stated;
}

/** What others say, before and after. */
export interface Claim {
  readonly source: string;
  readonly text: string;
  readonly beforeMs: Ms;
  readonly afterMs: Ms;
}

/** Two runs whose recoveries are compared. */
export interface Contrast {
  readonly title: string;
  readonly before: string;
  readonly after: string;
  readonly lane: "service" | "capacity";
  /** Which setting differs. */
  readonly why: string;
}

export interface LaneResult {
  readonly class: Class;
  readonly recovery: Measured<"ms">;
  readonly note: string;
}

export interface EpisodeResult {
  readonly steps: readonly StepId[];
  /** By scenario. */
  readonly service: Readonly<Record<string, LaneResult>>;
  readonly capacity: LaneResult;
  readonly lost: Measured<"count">;
}

/** A pod whose containers were started again. */
export interface Restarts {
  readonly pod: string;
  readonly part: string;
  readonly restarts: number;
  /** Of the last end or wait that was seen: `Error`, `CrashLoopBackOff`; "" where none was. */
  readonly reason: string;
}

/** What a suite keeps of a run's record; the record itself stays where it is. */
export interface RunResult {
  readonly outcome: Outcome;
  readonly level: EvidenceLevel;
  readonly episodes: readonly EpisodeResult[];
  readonly restarts: readonly Restarts[];
  /** Errors of the run, then findings that are not a pass, a line each; at most 8. */
  readonly notPassed: readonly string[];
}

/** Unknown: nobody can tell, as there is no result or the run itself ended unknown. */
export type AsStated = "yes" | "no" | "unknown";

export interface SuiteRun extends StatedRun {
  /** Relative to the suite's folder; null: it left none. */
  readonly folder: string | null;
  /** Null: its process was killed, or has not ended. */
  readonly exit: number | null;
  readonly wallMs: Ms | null;
  /** Earlier tries whose steady phase or load was not as planned; each has a record of its own. */
  readonly invalidTries: readonly { readonly folder: string; readonly why: readonly string[] }[];
  readonly result: RunResult | null;
  /** Why there is no result; "" where there is one. */
  readonly noResult: string;
  readonly asStated: AsStated;
  /** What is not as stated, or why nobody can tell; empty where all is. */
  readonly why: readonly string[];
}

/** One lane of both runs of a contrast. */
export interface Pair {
  /** `capacity`, or `service, <scenario>`. */
  readonly what: string;
  readonly before: LaneResult;
  readonly after: LaneResult;
  /** How many times as long it took before. */
  readonly ratio: Measured<"times">;
}

export interface ContrastResult extends Contrast {
  /** Of both runs; null: not compared. */
  readonly level: EvidenceLevel | null;
  readonly pairs: readonly Pair[];
  /** Why the runs are not compared; "" where they are. */
  readonly notCompared: string;
}

/** suite.json: what a suite stated and what its runs ended with. */
export interface SuiteRecord {
  readonly schema: 1;
  readonly suite: string;
  readonly about: string;
  readonly claim: Claim | null;
  readonly seed: string;
  readonly quick: boolean;
  /** How many runs went on at the same time, at most. */
  readonly parallel: number;
  readonly ninety: string;
  /** UTC, ISO 8601. */
  readonly startedAt: string;
  readonly wallMs: Ms;
  readonly asStated: AsStated;
  readonly runs: readonly SuiteRun[];
  readonly contrasts: readonly ContrastResult[];
  readonly leftOut: readonly {
    readonly experiment: string;
    readonly about: string;
    readonly why: string;
  }[];
}
