import type { EndpointsDetail } from "../../model/event.ts";
import { at, listAt, textAt, type KubeObject } from "../../model/json.ts";

/**
 * Names of the pods that all slices of one service send traffic to, sorted: ready unless it is said
 * that they are not, and not terminating.
 */
export function endpointsDetail(slices: Iterable<KubeObject>): EndpointsDetail {
  const names = new Set<string>();
  for (const slice of slices) {
    for (const endpoint of listAt(slice, "endpoints")) {
      const serves =
        at(endpoint, "conditions", "ready") !== false &&
        at(endpoint, "conditions", "terminating") !== true;
      if (serves && textAt(endpoint, "targetRef", "kind") === "Pod") {
        names.add(textAt(endpoint, "targetRef", "name"));
      }
    }
  }
  return { ready: [...names].sort() };
}
