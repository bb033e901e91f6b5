import { listAt, numberAt, textAt, type JsonObject } from "../../model/json.ts";
import type { Reason } from "../../model/measurement.ts";
import type { PlannedPart } from "../../model/plan.ts";
import { showMs, type Ms } from "../../model/quantity.ts";
import { longestHurt } from "./spans.ts";
import {
  endpointRemovals,
  hasGap,
  nodeChanges,
  podHistories,
  stateAt,
  statesAfter,
  type DownLane,
  type Scene,
} from "./view.ts";

/**
 * Clients were hurt without a pause for longer than the probes take to act, and the cluster saw
 * nothing: every pod stayed Ready with no restart, no endpoint went, no node was lost. Then the
 * probes do not look at what is broken.
 */
export function probesSawNothing(lane: DownLane, scene: Scene): readonly Reason[] {
  const { traffic } = lane;
  const { plan, effect, untilUs } = scene;
  if (!traffic) return [];
  const part = plan.stack.find((one) => one.part === plan.load.to);
  const probe = part ? readinessOf(part) : null;
  const hurt = longestHurt(traffic, lane, scene);
  if (!part || !probe || !hurt) return [];
  const hurtMs = (hurt.untilUs - hurt.fromUs) / 1_000;
  if (hurtMs <= probe.actsWithinMs) return [];
  const pods = podHistories(scene).filter((pod) => pod.part === part.part);
  const serving = pods.filter((pod) => stateAt(pod, effect.lowUs)?.leaving === false);
  if (serving.length === 0 || serving.length < pods.length) return [];
  const steady = serving.every((pod) => {
    const before = stateAt(pod, effect.lowUs)!;
    const stays = statesAfter(pod, effect.lowUs).every(
      (state) => state.ready && !state.leaving && state.restarts === before.restarts,
    );
    return before.ready && stays;
  });
  const removals = endpointRemovals(scene);
  const nodeLost = nodeChanges(scene).some(({ atUs, ready }) => atUs > effect.lowUs && !ready);
  const blind = hasGap(scene, effect.lowUs, untilUs);
  if (!steady || removals === null || removals.length > 0 || nodeLost || blind) return [];
  return [
    {
      lane: "service",
      scenario: traffic.name,
      what: `the probes saw nothing: every pod of ${part.part} stayed Ready with no restart for the ${showMs(hurtMs)} that clients were hurt`,
      evidence: {
        pods: serving.map(({ name }) => name),
        hurtFromUs: hurt.fromUs,
        hurtUntilUs: hurt.untilUs,
        endpointsRemoved: 0,
        readinessProbe: probe.told,
        actsWithinMs: probe.actsWithinMs,
      },
      hint:
        "ask in the probe what clients ask: a bounded inference whose answer is checked. It sees " +
        "what is broken in the pod, not what is broken on the way to it",
    },
  ];
}

interface Readiness {
  readonly told: JsonObject;
  /** Longest that it takes to call a pod not ready that answers nothing right any more. */
  readonly actsWithinMs: Ms;
}

/** The slowest readiness probe of its containers; null: none is planned, or nobody knows. */
function readinessOf(part: PlannedPart): Readiness | null {
  const probes = part.objects
    .flatMap((object) => listAt(object, "spec", "template", "spec", "containers"))
    .flatMap((container) => {
      const { readinessProbe } = container as { readonly readinessProbe?: unknown };
      return readinessProbe === undefined ? [] : [probeOf(readinessProbe)];
    });
  if (probes.length === 0) return null;
  return probes.reduce((slowest, one) => (one.actsWithinMs > slowest.actsWithinMs ? one : slowest));
}

/** Fields that are left out have upstream's defaults. */
function probeOf(probe: unknown): Readiness {
  const periodSeconds = numberAt(probe, "periodSeconds") ?? 10;
  const timeoutSeconds = numberAt(probe, "timeoutSeconds") ?? 1;
  const failureThreshold = numberAt(probe, "failureThreshold") ?? 3;
  const path = textAt(probe, "httpGet", "path");
  return {
    told: { path, periodSeconds, timeoutSeconds, failureThreshold },
    actsWithinMs: (failureThreshold * periodSeconds + timeoutSeconds) * 1_000,
  };
}
