import { EXIT, type ExitCode } from "../model/error.ts";
import { DEADLINE_SLACK_MS, LEASE_MS } from "../model/agent-protocol.ts";
import { showMs } from "../model/quantity.ts";
import { RunAborted } from "../kernel/crew.ts";
import { openSteps } from "../kernel/heal.ts";
import type { Log } from "../ports/log.ts";

/** npm, the terminal and our own launcher may each pass on the same Ctrl-C. */
const SAME_PRESS_MS = 500;

export interface Signals {
  /** Aborts at the first signal. */
  readonly stop: AbortSignal;
  /** The exit code that the first signal asks for, or null. */
  caught(): ExitCode | null;
  /** Gives the signals back. */
  end(): void;
}

/**
 * Calls for each press, and when nobody is left to read what we tell: then there is nobody to
 * press either. Returns what ends it.
 */
export function onPress(press: (signal: NodeJS.Signals) => void): () => void {
  let lastAtMs = -Infinity;
  const take = (signal: NodeJS.Signals): void => {
    const nowMs = performance.now();
    if (nowMs - lastAtMs < SAME_PRESS_MS) return;
    lastAtMs = nowMs;
    press(signal);
  };
  const unread = (): void => take("SIGHUP");
  const names = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const name of names) process.on(name, take);
  process.stderr.once("error", unread);
  return () => {
    for (const name of names) process.off(name, take);
    process.stderr.off("error", unread);
  };
}

/** The exit code that a signal asks for. */
export function exitFor(signal: NodeJS.Signals): ExitCode {
  return signal === "SIGINT" ? EXIT.interrupted : EXIT.terminated;
}

/**
 * The first Ctrl-C (or SIGTERM) aborts the run, which heals and tears down; a second says what is
 * still held and when its lease ends it, while the healing goes on.
 */
export function onSignals(log: Pick<Log, "events">, say: (line: string) => void): Signals {
  const stop = new AbortController();
  let caught: ExitCode | null = null;
  const end = onPress((signal) => {
    if (caught !== null) return sayHeld(log, say);
    caught = exitFor(signal);
    say(`${signal}: healing and tearing down; once more to see what is still held`);
    stop.abort(new RunAborted("interrupted", `interrupted by ${signal}`, { exit: caught }));
  });
  return { stop: stop.signal, caught: () => caught, end };
}

function sayHeld(log: Pick<Log, "events">, say: (line: string) => void): void {
  const open = openSteps(log.events());
  if (open.length === 0) return say("nothing is held; tearing down");
  for (const { id, held } of open) {
    say(`${id} is still held: ${held.map(({ effect }) => effect.kind).join(", ")}`);
  }
  say(
    `a lease ends it ${showMs(LEASE_MS)} after its last renewal, and ` +
      `${showMs(DEADLINE_SLACK_MS)} after its planned end at the latest`,
  );
}
