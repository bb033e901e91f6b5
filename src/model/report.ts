import type { ArtifactIndex } from "./artifact.ts";
import type { EvidenceLevel } from "./evidence.ts";
import type { Measurement } from "./measurement.ts";
import type { Plan } from "./plan.ts";
import type { Environment } from "./record.ts";
import type { Verdict } from "./verdict.ts";

/** report.json: everything a program needs to know of a run, as one object. */
export interface RunReport
  extends
    Verdict,
    Pick<
      Measurement,
      "steps" | "episodes" | "scenarios" | "generator" | "completeness" | "leftovers"
    > {
  readonly hypothesis: string;
  /** What the stack differs by from the experiment's file. */
  readonly patches?: NonNullable<Plan["patches"]>;
  readonly level: EvidenceLevel;
  /** Of the run. */
  readonly folder: string;
  /** Null: the record has none. */
  readonly environment: Environment | null;
  /** Absent: none were kept. */
  readonly artifacts?: ArtifactIndex;
}
