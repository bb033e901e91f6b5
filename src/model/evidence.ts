import type { Json } from "./json.ts";

/** What a proof says, and on what grounds. */
export interface Evidence {
  /** `unclear` is what a witness that could not look must say. */
  readonly effect: "present" | "absent" | "unclear";
  /** What was looked at. */
  readonly by: string;
  readonly saw: Json;
  /** What would have had to be seen. */
  readonly needed: string;
}

/** Where the numbers come from; levels are never compared in one chart. */
export const EVIDENCE_LEVELS = [
  "simulated",
  "virtual-gpu",
  "mock-nvml",
  "monitor-only",
  "real-gpu",
] as const;
export type EvidenceLevel = (typeof EVIDENCE_LEVELS)[number];
