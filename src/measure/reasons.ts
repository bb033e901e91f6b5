import type { Reason } from "../model/measurement.ts";
import { nodeGivenUp } from "./reasons/node-given-up.ts";
import { probesSawNothing } from "./reasons/probes.ts";
import { restartsInPlace } from "./reasons/restarts.ts";
import { staleConnections } from "./reasons/stale-connections.ts";
import type { DownLane, Scene } from "./reasons/view.ts";

const FINDERS: readonly ((lane: DownLane, scene: Scene) => readonly Reason[])[] = [
  staleConnections,
  restartsInPlace,
  probesSawNothing,
  nodeGivenUp,
];

/**
 * Why lanes were down for as long as they were: only what the record proves. What is missing from a
 * record can hide a reason and never makes a wrong one.
 */
export function reasonsOf(lanes: readonly DownLane[], scene: Scene): readonly Reason[] {
  return lanes.flatMap((lane) => FINDERS.flatMap((find) => find(lane, scene)));
}
