import type { ArtifactIndex } from "./artifact.ts";
import type { EvidenceLevel } from "./evidence.ts";
import type { Event } from "./event.ts";
import type { JsonObject } from "./json.ts";
import type { Plan } from "./plan.ts";
import type { Us } from "./quantity.ts";
import type { Request, Sample } from "./request.ts";

/** environment.json: what the run ran on, so that a stranger can weigh its numbers. */
export interface Environment {
  readonly schema: 1;
  readonly ninety: string;
  /** UTC of the start of the run, ISO 8601: the only wall-clock time in a record. */
  readonly startedAt: string;
  /** CLOCK_MONOTONIC at the start of the run: what stamps of other processes are measured from. */
  readonly monotonicStartUs: Us;
  readonly gitCommit: string | null;
  /** SHA-256 of the bytes of plan.json, in hex. Absent in records of other tools. */
  readonly planSha256?: string;
  readonly cluster: {
    readonly kind: "local" | "kube" | "simulated";
    readonly instance: string;
    readonly kubernetes: string;
    readonly nodes: readonly JsonObject[];
    /** What differs from a production cluster, a sentence each. */
    readonly differences: readonly string[];
    readonly versions: Readonly<Record<string, string>>;
  };
  readonly level: EvidenceLevel;
  readonly machine: JsonObject;
}

/** Requests one by one: an array is one, and so is what keeps millions in little memory. */
export interface Requests extends Iterable<Request> {
  readonly length: number;
  /** From the end where it is negative. */
  at(index: number): Request | undefined;
}

/** All that a run left on disk, read back. Times are on the run's clock. */
export interface RunRecord {
  readonly plan: Plan;
  readonly environment: Environment | null;
  readonly events: readonly Event[];
  readonly requests: Requests;
  /** Name of the file that they were read from; absent: of none. */
  readonly requestsFile?: string;
  /** The counted end line, or null where it is missing. */
  readonly requestsEnd: { readonly requests: number } | null;
  readonly samples: readonly Sample[];
  /** Logs and objects that were kept beside it; absent: none were. They never change a verdict. */
  readonly artifacts?: ArtifactIndex;
  /** Lines that could not be read: each makes the verdict unknown at best. */
  readonly problems: readonly string[];
}
