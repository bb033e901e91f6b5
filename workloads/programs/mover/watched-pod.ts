import { at, listAt, textAt } from "../../../src/model/json.ts";

/** What the kubelet says of the devices a pod holds: the worst that any of them has. */
export type Health = "Healthy" | "Unhealthy" | "Unknown";

/** As much of a pod as a decision needs. */
export interface WatchedPod {
  readonly name: string;
  readonly uid: string;
  readonly node: string;
  readonly ready: boolean;
  readonly terminating: boolean;
  /** Failed or Succeeded: it holds nothing and comes back no more. */
  readonly finished: boolean;
  readonly health: Health;
}

/** Reads a pod; whatever is not said is Unknown, and Unknown is never acted on. */
export function watchedPod(object: unknown): WatchedPod {
  const statuses = listAt(object, "status", "containerStatuses");
  const conditions = listAt(object, "status", "conditions");
  return {
    name: textAt(object, "metadata", "name"),
    uid: textAt(object, "metadata", "uid"),
    node: textAt(object, "spec", "nodeName"),
    ready: conditions.some(
      (one) => textAt(one, "type") === "Ready" && textAt(one, "status") === "True",
    ),
    terminating: at(object, "metadata", "deletionTimestamp") !== undefined,
    finished: ["Failed", "Succeeded"].includes(textAt(object, "status", "phase")),
    health: worst(
      statuses.flatMap((status) =>
        listAt(status, "allocatedResourcesStatus").flatMap((resource) =>
          listAt(resource, "resources").map((device) => textAt(device, "health")),
        ),
      ),
    ),
  };
}

function worst(said: readonly string[]): Health {
  if (said.includes("Unhealthy")) return "Unhealthy";
  return said.length > 0 && said.every((health) => health === "Healthy") ? "Healthy" : "Unknown";
}
