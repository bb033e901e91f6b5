/** The documented exit codes. */
export const EXIT = {
  pass: 0,
  fail: 1,
  unknown: 2,
  usage: 3,
  preflight: 4,
  healFailed: 5,
  internal: 70,
  interrupted: 130,
  terminated: 143,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

const PRECEDENCE: readonly ExitCode[] = [5, 70, 130, 143, 4, 3, 1, 2, 0];

/** The one that must be told: 5 > 70 > 130, 143 > 4 > 3 > 1 > 2 > 0. */
export function worstExit(codes: readonly ExitCode[]): ExitCode {
  return PRECEDENCE.find((code) => codes.includes(code)) ?? EXIT.pass;
}

/**
 * What the operator or the cluster can cause. `message` says what failed, on which object, the rule
 * and the value got; advice goes into `hint`. Anything else that is thrown is a defect of ours.
 */
export class NinetyError extends Error {
  readonly exit: ExitCode;
  readonly hint: string | undefined;
  constructor(message: string, options: { exit: ExitCode; hint?: string; cause?: unknown }) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = "NinetyError";
    this.exit = options.exit;
    this.hint = options.hint;
  }
}

/** Every problem of an experiment at once; exit 3, and nothing was touched. */
export class InvalidExperiment extends NinetyError {
  readonly problems: readonly string[];
  constructor(problems: readonly string[], hint?: string) {
    super(problems.join("\n"), { exit: EXIT.usage, ...(hint === undefined ? {} : { hint }) });
    this.name = "InvalidExperiment";
    this.problems = problems;
  }
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
