import { at, listAt, textAt, type KubeObject } from "../../model/json.ts";

/** One address of a service. */
export interface EndpointAddress {
  /** Name of its pod; "" where it is none. */
  readonly pod: string;
  /** Gets traffic: ready unless it is said that it is not, and not terminating. */
  readonly ready: boolean;
}

/** By address, over all slices of one service; in two of them it is ready if either says so. */
export function endpointAddresses(
  slices: Iterable<KubeObject>,
): ReadonlyMap<string, EndpointAddress> {
  const found = new Map<string, EndpointAddress>();
  for (const slice of slices) {
    for (const endpoint of listAt(slice, "endpoints")) {
      const ready =
        at(endpoint, "conditions", "ready") !== false &&
        at(endpoint, "conditions", "terminating") !== true;
      const pod =
        textAt(endpoint, "targetRef", "kind") === "Pod"
          ? textAt(endpoint, "targetRef", "name")
          : "";
      for (const address of listAt(endpoint, "addresses")) {
        if (typeof address !== "string") continue;
        found.set(address, { pod, ready: ready || found.get(address)?.ready === true });
      }
    }
  }
  return found;
}
