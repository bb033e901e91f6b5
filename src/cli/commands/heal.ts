// Undoes what a run left open, from its record alone; and the red button.
import { EXIT, NinetyError, messageOf, type ExitCode } from "../../model/error.ts";
import { healRun, openSteps } from "../../kernel/heal.ts";
import { createHolders } from "../../kernel/holders.ts";
import { markedChange, readMarks, undoMark } from "../../kernel/marks.ts";
import { endRun } from "../../kernel/run-lease.ts";
import type { Holders } from "../../kernel/run-system.ts";
import type { Mark } from "../../model/marked.ts";
import { ApiError, type Api } from "../../ports/api.ts";
import type { Cluster } from "../../ports/cluster.ts";
import { readDone } from "../../store/read-record.ts";
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
  const { events, monotonicStartUs, problems } = await readDone(folder);
  for (const problem of problems) out.tell(`the record has problems: ${problem}`);
  const open = openSteps(events);
  const cluster = await clusterThere(options);
  if (open.length === 0 || cluster === null) {
    const why =
      open.length === 0 ? "nothing is open" : "its cluster is down, and its effects with it";
    out.result(`${folder}: ${why}`);
    out.object({ folder, healed: [], unhealed: [], note: why });
    return EXIT.pass;
  }
  const startUs = monotonicStartUs ?? monotonicUs();
  const clock = realClock(startUs);
  const log = await reopenRunLog(folder, clock, events);
  const unhealed = await healRun(events, { clock, log, holders: holdersOf(cluster, startUs) });
  await log.close(false);
  const healed = open.map(({ id }) => id).filter((id) => !unhealed.includes(id));
  // A holder that lost its journal knows nothing of them.
  const ids = new Set(open.flatMap(({ held }) => held.map(({ id }) => id)));
  const left = await undoLeft(cluster.api, ({ id }) => ids.has(id));
  out.result(
    [
      ...healed.map((id) => `${id} healed`),
      ...unhealed.map((id) => `${id} NOT healed`),
      ...left.lines,
    ].join("\n"),
  );
  out.object({ folder, healed, unhealed, undone: left.ids });
  return unhealed.length + left.failed === 0 ? EXIT.pass : EXIT.healFailed;
}

function holdersOf(cluster: Cluster, startUs: number): Holders {
  return createHolders(injectorsOf(cluster, startUs));
}

/** What was asked to end, and how that went. */
interface Stopped {
  readonly ids: readonly string[];
  readonly lines: readonly string[];
  readonly failed: number;
}

/**
 * Ends the run that lives, stops everything that agent and guard hold, whoever asked, and undoes
 * what nobody holds any more.
 */
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
  const held = await stopHeld(holdersOf(cluster, monotonicUs()));
  // Then: whoever holds an effect undoes it, and none is there to hold what is left.
  const left = await undoLeft(cluster.api, () => true);
  const lines = [...held.lines, ...left.lines];
  if (lines.length === 0) lines.push("nothing is held");
  out.result([...ended, ...lines].join("\n"));
  const failed = held.failed + left.failed;
  out.object({ held: held.ids, undone: left.ids, failed });
  return failed === 0 ? EXIT.pass : EXIT.healFailed;
}

async function stopHeld(holders: Holders): Promise<Stopped> {
  try {
    const held = await holders.list(AbortSignal.timeout(LIST_MAX_MS));
    return await each(
      held.map((one) => one.held),
      {
        idOf: ({ id }) => id,
        does: async (one) => {
          await holders.stop(one, AbortSignal.timeout(LIST_MAX_MS));
          return `${one.id} ${one.effect.kind} released`;
        },
        fails: ({ id, effect }) => `${id} ${effect.kind} NOT released`,
      },
    );
  } catch (error) {
    return { ids: [], lines: [`what is held could not be asked: ${messageOf(error)}`], failed: 1 };
  }
}

/** Changes of objects that are still there; they say themselves how they are undone. */
async function undoLeft(api: Api, isMeant: (mark: Mark) => boolean): Promise<Stopped> {
  try {
    const marks = await readMarks(api, AbortSignal.timeout(LIST_MAX_MS));
    return await each(marks.filter(isMeant), {
      idOf: ({ id }) => id,
      does: async (mark) => {
        await undoMark(api, mark, AbortSignal.timeout(LIST_MAX_MS));
        return `${mark.id} ${markedChange(mark)} undone`;
      },
      fails: (mark) => `${mark.id} ${markedChange(mark)} NOT undone`,
    });
  } catch (error) {
    const line = `changes of objects could not be looked for: ${messageOf(error)}`;
    // Whoever may not look at all could not have changed anything either.
    const mayNot = error instanceof ApiError && error.status === 403;
    return { ids: [], lines: [line], failed: mayNot ? 0 : 1 };
  }
}

/** All at once, so that one failure keeps no other. */
async function each<T>(
  all: readonly T[],
  of: {
    readonly idOf: (one: T) => string;
    readonly does: (one: T) => Promise<string>;
    readonly fails: (one: T) => string;
  },
): Promise<Stopped> {
  const ends = await Promise.allSettled(all.map(of.does));
  const lines = all.map((one, nth) => {
    const end = ends[nth];
    if (end?.status === "fulfilled") return end.value;
    return `${of.fails(one)}: ${messageOf(end?.reason)}`;
  });
  const failed = ends.filter(({ status }) => status === "rejected").length;
  return { ids: all.map(of.idOf), lines, failed };
}
