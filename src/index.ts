/** The public names: what an experiment, a fault or a check of yours imports. */
export { all, between, exactly, experiment, one, suite } from "./ports/author.ts";
export type { Experiment, ExperimentOptions, GpuWorkload, Part, Workload } from "./ports/author.ts";
export type { FilePath } from "./ports/author.ts";
export type { Suite, SuiteOptions, SuiteRunOptions } from "./ports/author.ts";
export { inTurn, repeat } from "./ports/timing.ts";
export { defineCheck } from "./ports/check.ts";
export { defineFault } from "./ports/fault.ts";
export { defineLoad } from "./ports/load.ts";
export * as fields from "./model/fields.ts";
export * as json from "./model/json.ts";
export { absent, atLeast, atMost, beyond, value } from "./model/measured.ts";
export type { Measured } from "./model/measured.ts";
export type { Evidence } from "./model/evidence.ts";
export type { Target } from "./model/target.ts";
export type { Witness } from "./ports/witness.ts";
export type { Duration, Rate, Share } from "./model/quantity.ts";
