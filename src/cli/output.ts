import { EXIT, InvalidExperiment, NinetyError, messageOf, type ExitCode } from "../model/error.ts";
import { stableText } from "../model/json.ts";

/** Results go to stdout, everything else to stderr; with `--json` one object and nothing more. */
export interface Output {
  readonly json: boolean;
  /** The result, for people; left out with --json. */
  result(text: string): void;
  /** The result, for programs; left out without --json. */
  object(value: unknown): void;
  /** The same, as the very text. */
  text(text: string): void;
  /** What goes on, for people. */
  tell(text: string): void;
}

export function output(json: boolean): Output {
  return {
    json,
    result: (text) => {
      if (!json) process.stdout.write(`${text}\n`);
    },
    object: (value) => {
      if (json) process.stdout.write(`${stableText(value)}\n`);
    },
    text: (text) => {
      if (json) process.stdout.write(text);
    },
    tell: (text) => process.stderr.write(`${text}\n`),
  };
}

/** Says what went wrong on stderr and returns the exit code it means. */
export function explain(error: unknown, json: boolean): ExitCode {
  const known = error instanceof NinetyError;
  const exit = known ? error.exit : EXIT.internal;
  const lines = error instanceof InvalidExperiment ? error.problems : [messageOf(error)];
  for (const line of lines) process.stderr.write(`error: ${line}\n`);
  if (known && error.hint) process.stderr.write(`hint: ${error.hint}\n`);
  if (!known && error instanceof Error && error.stack) {
    process.stderr.write(`${error.stack}\nthis is a defect of ninety, please report it\n`);
  }
  if (json) {
    const hint = known ? (error.hint ?? null) : null;
    process.stdout.write(`${stableText({ error: lines, exit, hint })}\n`);
  }
  return exit;
}
