import { createHash } from "node:crypto";
import { EXIT, NinetyError } from "../model/error.ts";
import type { Plan } from "../model/plan.ts";
import { documentText } from "./run-log.ts";

/** SHA-256 of these bytes, in hex. */
export function sha256(bytes: string | Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

/** Of the bytes that plan.json has: `ninety plan --json | sha256sum`. */
export function planSha256(plan: Plan): string {
  return sha256(documentText(plan));
}

/** Throws where the plan is another than the one that was asked for; undefined: none was. */
export function refuseOtherPlan(plan: Plan, asked: string | undefined): void {
  if (asked === undefined) return;
  if (!/^[0-9a-f]{64}$/.test(asked)) {
    throw new NinetyError(`--plan-hash must be 64 of 0-9 a-f, got ${asked}`, {
      exit: EXIT.usage,
      hint: "ninety plan prints it",
    });
  }
  const got = planSha256(plan);
  if (got === asked) return;
  throw new NinetyError(`the plan must have SHA-256 ${asked}, got ${got}`, {
    exit: EXIT.preflight,
    hint: "same experiment, --seed, --context and --image as ninety plan had? look at it again",
  });
}
