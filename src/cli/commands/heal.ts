// Undoes what a run left open, from its record alone; and the red button.
import { EXIT, NinetyError, messageOf, type ExitCode } from "../../model/error.ts";
import { healRun, openSteps } from "../../kernel/heal.ts";
import { createHolders } from "../../kernel/holders.ts";
import { endRun } from "../../kernel/run-lease.ts";
import type { Holders } from "../../kernel/run-system.ts";
import type { Cluster } from "../../ports/cluster.ts";
import { readRecord } from "../../store/read-record.ts";
import { reopenRunLog } from "../../store/run-log.ts";
import { monotonicUs, realClock } from "../clock.ts";
import { clusterThere, injectorsOf } from "../compose.ts";
import { findRun } from "../folders.ts";
import type { Output } from "../output.ts";

const LIST_MAX_MS = 30_000;

export interface HealOptions {
  readonly all: boolean;
  readonly instance: string;
  readonly context: string | undefined;
}

export async function heal(
  run: string | undefined,
  options: HealOptions,
  out: Output,
): Promise<ExitCode> {
  return options.all ? healAll(options, out) : healOne(run, options, out);
}

async function healOne(
  run: string | undefined,
  options: HealOptions,
  out: Output,
): Promise<ExitCode> {
  const folder = await findRun(run);
  const { events, environment } = await readRecord(folder);
  const open = openSteps(events);
  const cluster = await clusterThere(options);
  if (open.length === 0 || cluster === null) {
    const why =
      open.length === 0 ? "nothing is open" : "its cluster is down, and its effects with it";
    out.result(`${folder}: ${why}`);
    out.object({ folder, healed: [], unhealed: [], note: why });
    return EXIT.pass;
  }
  const startUs = environment?.monotonicStartUs ?? monotonicUs();
  const clock = realClock(startUs);
  const log = await reopenRunLog(folder, clock, events);
  const unhealed = await healRun(events, { clock, log, holders: holdersOf(cluster, startUs) });
  await log.close(false);
  const healed = open.map(({ id }) => id).filter((id) => !unhealed.includes(id));
  out.result(
    [...healed.map((id) => `${id} healed`), ...unhealed.map((id) => `${id} NOT healed`)].join("\n"),
  );
  out.object({ folder, healed, unhealed });
  return unhealed.length === 0 ? EXIT.pass : EXIT.healFailed;
}

function holdersOf(cluster: Cluster, startUs: number): Holders {
  return createHolders(injectorsOf(cluster, startUs));
}

/** Ends the run that lives, and stops everything that agent and guard hold, whoever asked. */
async function healAll(options: HealOptions, out: Output): Promise<ExitCode> {
  const cluster = await clusterThere(options);
  if (cluster === null) {
    throw new NinetyError(`local cluster is not up: ${options.instance}`, { exit: EXIT.usage });
  }
  // First of all: a run that lives must inject nothing more.
  const ended = await endRun(cluster.api, AbortSignal.timeout(LIST_MAX_MS)).then(
    (lived) => (lived ? ["the run that held the cluster was told to end"] : []),
    (error: unknown) => [`a run that may live could not be told to end: ${messageOf(error)}`],
  );
  const holders = holdersOf(cluster, monotonicUs());
  const held = await holders.list(AbortSignal.timeout(LIST_MAX_MS));
  const stops = await Promise.allSettled(
    held.map((one) => holders.stop(one.held, AbortSignal.timeout(LIST_MAX_MS))),
  );
  const lines = held.map(({ held: { id, effect } }, at) => {
    const stop = stops[at];
    const failed =
      stop?.status === "rejected" ? `NOT released: ${messageOf(stop.reason)}` : "released";
    return `${id} ${effect.kind} ${failed}`;
  });
  if (lines.length === 0) lines.push("nothing is held");
  out.result([...ended, ...lines].join("\n"));
  const failed = stops.filter((stop) => stop.status === "rejected").length;
  out.object({ held: held.map(({ held: { id } }) => id), failed });
  return failed === 0 ? EXIT.pass : EXIT.healFailed;
}
