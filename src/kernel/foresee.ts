import type { Held } from "../model/effect.ts";
import { textAt } from "../model/json.ts";
import type { Plan, PlannedStep } from "../model/plan.ts";
import { predict } from "../measure/predict.ts";
import { bounded } from "./crew.ts";
import { note } from "./heal.ts";
import type { Placement } from "./inventory.ts";
import type { Healing } from "./run-system.ts";

/** An inject waits no longer than this for what is foreseen of it. */
const FORESEE_MAX_MS = 250;

/**
 * Predicts what will follow a step, from the objects as they were read to draw its targets, and
 * puts it on the record before the inject. Never throws: no prediction is worth a run.
 */
export async function foresee(
  on: Pick<Healing, "clock" | "log">,
  of: {
    readonly plan: Plan;
    readonly step: PlannedStep;
    readonly effects: readonly Held[];
    readonly placement: Placement;
  },
  parent: AbortSignal,
): Promise<void> {
  const { plan, step, effects, placement } = of;
  const bound = { what: `prediction of ${step.id}`, forMs: FORESEE_MAX_MS, parent };
  await bounded(on.clock, bound, async () => {
    const segments = predict({
      plan,
      step,
      effects: effects.map(({ effect }) => effect),
      pods: livePods(placement),
      nodes: placement.nodes,
    });
    if (segments.length > 0) await note(on, { type: "prediction", id: step.id, segments });
  }).catch(() => {});
}

/** All pods of the parts, as objects. */
function livePods({ pods, inventory }: Placement): Parameters<typeof predict>[0]["pods"] {
  const byUid = new Map(pods.map((pod) => [textAt(pod, "metadata", "uid"), pod]));
  return Object.entries(inventory.pods).flatMap(([part, all]) =>
    all.flatMap(({ target }) => {
      const object = byUid.get(target.uid);
      return object ? [{ part, object }] : [];
    }),
  );
}
