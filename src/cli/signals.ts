import { EXIT, type ExitCode } from "../model/error.ts";
import { BEAT_MS, LEASE_MS } from "../model/agent-protocol.ts";
import type { Lease } from "../model/effect.ts";
import type { StepId } from "../model/plan.ts";
import { showMs, type Ms } from "../model/quantity.ts";
import { RunAborted } from "../kernel/crew.ts";
import { openSteps } from "../kernel/heal.ts";
import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";

interface Surroundings {
  readonly log: Pick<Log, "events">;
  readonly clock: Pick<Clock, "nowMs">;
  /** How long a step's effects live without us; null: it holds none. */
  readonly lease: (id: StepId) => Lease | null;
  readonly say: (line: string) => void;
}

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
export function onPress(
  press: (signal: NodeJS.Signals) => void,
  nowMs: () => Ms = () => performance.now(),
): () => void {
  let lastAtMs = -Infinity;
  const take = (signal: NodeJS.Signals): void => {
    const atMs = nowMs();
    if (atMs - lastAtMs < SAME_PRESS_MS) return;
    lastAtMs = atMs;
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
export function onSignals(of: Surroundings): Signals {
  const { say, clock } = of;
  const stop = new AbortController();
  let caught: ExitCode | null = null;
  let stoppedMs = 0;
  const press = (signal: NodeJS.Signals): void => {
    if (caught !== null) return sayHeld(of, stoppedMs);
    stoppedMs = clock.nowMs();
    caught = exitFor(signal);
    say(`${signal}: healing and tearing down; once more to see what is still held`);
    stop.abort(new RunAborted("interrupted", `interrupted by ${signal}`, { exit: caught }));
  };
  const end = onPress(press, () => clock.nowMs());
  return { stop: stop.signal, caught: () => caught, end };
}

/** Nothing was renewed since the run was stopped: from then on each lease runs out. */
function sayHeld({ log, clock, lease, say }: Surroundings, stoppedMs: Ms): void {
  const events = log.events();
  const open = openSteps(events);
  if (open.length === 0) return say("nothing is held; tearing down");
  for (const { id, held } of open) {
    const kinds = [...new Set(held.map(({ effect }) => effect.kind))].join(", ");
    const stamps = events.flatMap((one) =>
      one.type === "fault" && one.id === id && one.edge === "inject-end" ? [one.stampUs] : [],
    );
    const { leaseMs = LEASE_MS, deadlineMs = Infinity } = lease(id) ?? {};
    // A renewal that was under way may still have landed; what has no stamp may begin this moment.
    const renewedMs = stoppedMs + BEAT_MS + leaseMs;
    const beganMs = (stamps.at(-1) ?? clock.nowMs() * 1_000) / 1_000;
    const endMs = Math.min(renewedMs, beganMs + deadlineMs);
    const leftMs = Math.max(0, endMs - clock.nowMs());
    say(`${id} is still held (${kinds}); its lease ends it in ${showMs(leftMs)} at the latest`);
  }
}
