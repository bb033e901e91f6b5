import type { NodeDetail } from "../../model/event.ts";
import { listAt, numberAt, textAt, type KubeObject } from "../../model/json.ts";
import { GPU_RESOURCE } from "./pod-state.ts";

/** What a node is, from the object alone. */
export function nodeDetail(node: KubeObject): NodeDetail {
  return {
    ready: readyStatus(node) === "True",
    gpusAllocatable: numberAt(node, "status", "allocatable", GPU_RESOURCE) ?? 0,
    gpusCapacity: numberAt(node, "status", "capacity", GPU_RESOURCE) ?? 0,
  };
}

/** `True`, `False`, `Unknown` (its kubelet went silent), or "" before the kubelet spoke. */
export function readyStatus(node: KubeObject): string {
  const ready = listAt(node, "status", "conditions").find((one) => textAt(one, "type") === "Ready");
  return textAt(ready, "status");
}

/** A node that was deleted. */
export const GONE_NODE: NodeDetail = { ready: false, gpusAllocatable: 0, gpusCapacity: 0 };

/** The word for what changed, or null; `status` is the Ready condition after the change. */
export function nodeChangeOf(
  before: NodeDetail | undefined,
  after: NodeDetail,
  status: string,
): string | null {
  if (before === undefined) return "added";
  if (after.ready !== before.ready) {
    return after.ready ? "ready" : status === "Unknown" ? "unknown" : "not-ready";
  }
  const same =
    after.gpusAllocatable === before.gpusAllocatable && after.gpusCapacity === before.gpusCapacity;
  return same ? null : "gpus";
}

/**
 * Devices of a node that could serve: none while it is not Ready; else those that its kubelet
 * offers, and, as that lags behind by seconds, no more than its pods leave that call theirs sick.
 */
export function healthyGpus(node: NodeDetail, sick: number): number {
  return node.ready ? Math.max(0, Math.min(node.gpusAllocatable, node.gpusCapacity - sick)) : 0;
}
