import { refusedDamage, type Damage } from "../model/damage.ts";
import { EXIT, NinetyError } from "../model/error.ts";
import type { Event } from "../model/event.ts";
import type { Plan, PlannedPart, PlannedStep, StepId } from "../model/plan.ts";
import type { Ms } from "../model/quantity.ts";
import type { Target } from "../model/target.ts";
import type { Clock } from "../ports/clock.ts";
import type { Cluster } from "../ports/cluster.ts";
import { blastOf, concernsAll, drawAll, type Blast } from "./blast.ts";
import { readPlacement, type Placement } from "./inventory.ts";
import { notOptedIn, optInProblems } from "./opt-in.ts";
import { standing } from "./overlap.ts";
import { resolve } from "./resolver.ts";
import { placedDamage, type Met } from "./victims.ts";

/** Replicas that are about to be Ready are waited for, so that they count. */
const SETTLES_WITHIN_MS = 30_000;
const POLL_MS = 1_000;

interface Placed {
  readonly cluster: Cluster;
  readonly run: string;
  readonly stack: readonly PlannedPart[];
}

/**
 * What a plan's steps will do where deploy has put everything: the damage that is accepted. Throws
 * on any other; nothing was disturbed yet.
 */
export async function judgeDeployed(
  plan: Plan,
  of: Placed & { readonly clock: Clock; readonly tell: (what: string) => void },
  signal: AbortSignal,
): Promise<readonly Damage[]> {
  const { clock } = of;
  const untilMs: Ms = clock.nowMs() + SETTLES_WITHIN_MS;
  for (;;) {
    const { api } = of.cluster;
    const whole = concernsAll(plan);
    const placement = await readPlacement({ ...of, api, whole }, signal);
    // A step that finds too few is refused when it comes: pods may be ready by then.
    const { met } = drawAll(plan.steps, placement.inventory);
    const blast = blastOf(plan, { ...of, steps: plan.steps, met, placement });
    const problems = await problemsOf(plan, blast, { ...of, signal });
    if (problems.length === 0) return blast.damage;
    if (clock.nowMs() >= untilMs) throw refusal(problems);
    of.tell(`waiting for what would be refused now: ${problems[0]}`);
    await clock.until(clock.nowMs() + POLL_MS, signal);
  }
}

/**
 * What a step meets now, by its slots or as `given`, and the accepted damage that it does with what
 * is in effect. Throws on fewer than asked and on any other damage; nothing was touched.
 */
export async function drawStep(
  plan: Plan,
  step: PlannedStep,
  of: Placed & {
    readonly events: readonly Event[];
    readonly given: readonly Target[] | undefined;
  },
  signal: AbortSignal,
): Promise<{
  readonly placement: Placement;
  readonly targets: readonly Target[];
  readonly damage: readonly Damage[];
}> {
  const { api } = of.cluster;
  const { stack } = plan;
  const whole = looksAtAll(plan, step);
  const placement = await readPlacement({ stack, run: of.run, api, whole }, signal);
  const { inventory } = placement;
  // What replaces a target stands for a pod that was counted when the step began.
  if (of.given) return { placement, targets: of.given, damage: [] };
  const targets = resolve(step, inventory);
  const met: Met = new Map([...metSoFar(plan, step, of.events), [step.id, targets]]);
  const looked = { ...of, steps: [step], met, placement };
  // GPUs are judged before the first step: from then on they are as the steps have left them.
  const damage = placedDamage(plan, looked);
  const { namespaces } = blastOf(plan, looked);
  const problems = await problemsOf(plan, { damage, namespaces }, { ...of, signal });
  if (problems.length > 0) throw refusal(problems);
  return { placement, targets, damage };
}

/** Whether a look at one step needs all pods of the cluster: a node takes whatever is on it. */
function looksAtAll(plan: Plan, step: PlannedStep): boolean {
  return standing(plan, step).some(({ on }) => on.kind === "node");
}

async function problemsOf(
  plan: Plan,
  { damage, namespaces }: Blast,
  { cluster, signal }: Placed & { readonly signal: AbortSignal },
): Promise<readonly string[]> {
  const closed = await notOptedIn(cluster, namespaces, signal);
  return [...new Set([...refusedDamage(plan, damage), ...optInProblems(closed)])];
}

function refusal(problems: readonly string[]): NinetyError {
  return new NinetyError(problems.join("\n"), {
    exit: EXIT.unknown,
    hint: "refused before its inject, with the pods where they run now",
  });
}

function metSoFar(plan: Plan, step: PlannedStep, events: readonly Event[]): Met {
  const met = new Map<StepId, readonly Target[]>();
  for (const { id } of standing(plan, step)) {
    const targets = events.flatMap((event) =>
      event.type === "fault" && event.id === id && event.edge === "inject-begin"
        ? event.targets
        : [],
    );
    met.set(id, targets);
  }
  return met;
}
