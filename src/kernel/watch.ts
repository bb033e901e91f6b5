import { messageOf } from "../model/error.ts";
import type { Plan } from "../model/plan.ts";
import type { Sample } from "../model/request.ts";
import type { Api } from "../ports/api.ts";
import type { Clock } from "../ports/clock.ts";
import type { RunningLoad } from "../ports/load.ts";
import type { Log } from "../ports/log.ts";
import type { Sampler } from "../ports/sampler.ts";
import { RunAborted, within, type Crew } from "./crew.ts";
import { note } from "./heal.ts";

const GRACE_MAX_MS = 45_000;
/** Beyond its grace, for the generator to end and its last lines to come. */
const END_SLACK_MS = 20_000;

/** Samplers beside the loop: one that throws ends the run, and says which it was. */
export function spawnSamplers(
  samplers: readonly Sampler[],
  of: {
    readonly plan: Plan;
    readonly namespace: string;
    readonly api: Api;
    readonly clients: Parameters<Sampler["run"]>[0]["clients"];
    readonly clock: Clock;
    readonly log: Log;
    readonly sample: (sample: Sample) => void;
  },
  crew: Crew,
): void {
  const { plan, namespace, api, clients, clock, log, sample } = of;
  for (const sampler of samplers) {
    crew.spawn(async (signal) => {
      try {
        const events = (): ReturnType<Log["events"]> => log.events();
        const append: Log["append"] = async (body) => log.append(body);
        const told = { events, append, sample };
        await sampler.run({ plan, namespace, api, clients, clock, ...told, signal });
      } catch (error) {
        if (signal.aborted) return;
        const message = `sampler ${sampler.name} failed: ${messageOf(error)}`;
        throw new RunAborted("sampler-died", message, { cause: error });
      }
    });
  }
}

/** The load, or `load-died` where it could not be started. */
export async function started(starting: Promise<RunningLoad>): Promise<RunningLoad> {
  try {
    return await starting;
  } catch (error) {
    throw new RunAborted("load-died", messageOf(error), { cause: error });
  }
}

/**
 * Stays with a load until the signal aborts, then stops it and waits for its last request. True:
 * every request is told. Throws `load-died` when it ends before.
 */
export async function stayWithLoad(
  starting: Promise<RunningLoad>,
  of: { readonly clock: Clock; readonly log: Log; readonly timeoutMs: number },
  signal: AbortSignal,
): Promise<boolean> {
  const load = await started(starting);
  // Looked at twice below; a rejection in between is nobody's defect.
  load.ended.catch(() => {});
  const why = await within(signal, load.ended).then(
    () => "it ended by itself",
    (error: unknown) => (signal.aborted ? null : messageOf(error)),
  );
  if (why !== null) throw new RunAborted("load-died", `the load died: ${why}`);
  const graceMs = Math.min(of.timeoutMs + 5_000, GRACE_MAX_MS);
  const limit = of.clock.deadline(graceMs + END_SLACK_MS);
  try {
    await within(limit, load.stop(graceMs));
    await within(limit, load.ended);
    return true;
  } catch (error) {
    const message = `the load did not end whole: ${messageOf(error)}`;
    await note(of, { type: "error", code: "load-died", message });
    return false;
  }
}
