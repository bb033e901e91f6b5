// One run of a suite: the same command line, in a process of its own.
import { spawn } from "node:child_process";
import { join } from "node:path";
import type { Ms } from "../model/quantity.ts";
import { ROOT } from "./plugins.ts";

/** Longer than heal, the end of the load and teardown may take together. */
const KILL_AFTER_MS = 8 * 60_000;
const STDOUT_MAX = 64 * 2 ** 20;
const LINE_MAX = 4_000;

export interface ChildEnd {
  /** Null: a signal ended it. */
  readonly exit: number | null;
  readonly signal: NodeJS.Signals | null;
  /** What it printed as its result; cut after 64 MiB. */
  readonly stdout: string;
  readonly wallMs: Ms;
}

export interface Child {
  readonly ended: Promise<ChildEnd>;
  signal(name: NodeJS.Signals): void;
}

/**
 * Starts `ninety <args>` in a session of its own: a terminal's Ctrl-C reaches it through us alone,
 * once. It is asked to end after `limitMs`, and killed some minutes later. Should we die, its next
 * line finds no reader, and it heals.
 */
export function startChild(of: {
  readonly args: readonly string[];
  readonly limitMs: Ms;
  readonly line: (text: string) => void;
}): Child {
  const startMs = performance.now();
  const argv = ["--disable-warning=ExperimentalWarning", join(ROOT, "src/cli.ts"), ...of.args];
  const child = spawn(process.execPath, argv, {
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, NO_COLOR: "1" },
  });
  const limits = [
    setTimeout(() => child.kill("SIGTERM"), of.limitMs),
    setTimeout(() => child.kill("SIGKILL"), of.limitMs + KILL_AFTER_MS),
  ];
  let stdout = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    if (stdout.length < STDOUT_MAX) stdout += text;
  });
  const lines = lineSplitter(of.line);
  child.stderr.setEncoding("utf8").on("data", lines.more);
  const ended = new Promise<ChildEnd>((resolve) => {
    const end = (exit: number | null, signal: NodeJS.Signals | null): void => {
      for (const limit of limits) clearTimeout(limit);
      lines.end();
      resolve({ exit, signal, stdout, wallMs: performance.now() - startMs });
    };
    child.on("error", (error) => {
      of.line(`cannot be started: ${error.message}`);
      end(null, null);
    });
    child.on("close", end);
  });
  return { ended, signal: (name) => void child.kill(name) };
}

/** Whole lines of what comes in pieces; one that does not end is told in pieces. */
function lineSplitter(line: (text: string) => void): {
  readonly more: (text: string) => void;
  readonly end: () => void;
} {
  let rest = "";
  return {
    more: (text) => {
      const parts = (rest + text).split("\n");
      rest = parts.pop() ?? "";
      if (rest.length > LINE_MAX) {
        parts.push(rest);
        rest = "";
      }
      for (const part of parts) if (part !== "") line(part);
    },
    end: () => {
      if (rest !== "") line(rest);
      rest = "";
    },
  };
}
