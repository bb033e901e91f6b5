// How long Kubernetes' own timers take, from their settings. Where two lengths stand, the shorter
// is what nothing can undercut, and the longer what only a busy machine exceeds.
import { numberAt, textAt } from "../../model/json.ts";
import type { Ms } from "../../model/quantity.ts";

export interface Range {
  readonly lowMs: Ms;
  readonly highMs: Ms;
}

/** What of a probe decides when it acts. */
export type Probe = {
  readonly path: string;
  readonly periodSeconds: number;
  readonly timeoutSeconds: number;
  readonly failureThreshold: number;
};

/** Fields that are left out have upstream's defaults. */
export function probeOf(probe: unknown): Probe {
  return {
    path: textAt(probe, "httpGet", "path"),
    periodSeconds: numberAt(probe, "periodSeconds") ?? 10,
    timeoutSeconds: numberAt(probe, "timeoutSeconds") ?? 1,
    failureThreshold: numberAt(probe, "failureThreshold") ?? 3,
  };
}

/**
 * From the effect to the last failure in a row: the first probe comes within one period, the others
 * follow at ticks, and a probe that waits for its time-out lets ticks pass. At the shortest every
 * one fails at once.
 */
export function probeFails(probe: Probe): Range {
  const { periodSeconds: period, timeoutSeconds: timeout, failureThreshold: times } = probe;
  return {
    lowMs: (times - 1) * period * 1_000,
    highMs: (period + (times - 1) * Math.max(period, timeout) + timeout) * 1_000,
  };
}

/** A kubelet renews its lease every quarter of it. */
const RENEWS_PER_LEASE = 4;
/** Controller-manager's node-monitor-period: it sees leases so often, and gives up so often. */
const MONITOR_MS = 5_000;

/** From the loss of a node to its being given up. */
export function nodeGivenUp(of: { readonly graceMs: Ms; readonly leaseMs: Ms }): Range {
  return {
    lowMs: Math.max(0, of.graceMs - of.leaseMs / RENEWS_PER_LEASE),
    highMs: of.graceMs + 2 * MONITOR_MS,
  };
}

/** The taint's time is told in whole seconds; taints of NoExecute are put on 0.1 nodes a second. */
export function tolerated(seconds: number): Range {
  return { lowMs: Math.max(0, seconds - 1) * 1_000, highMs: (seconds + 10) * 1_000 };
}

const BACK_OFF_FIRST_MS = 10_000;
export const BACK_OFF_MAX_MS = 300_000;
/** The kubelet finds that a container ended by a relist, once a second. */
export const RELIST_MS = 1_000;
/** Where it waits for longer than its resync, it is later by up to one and a half of these. */
const RESYNC_MS = 60_000;

/** The wait before the nth restart, from 1; the first waits for nothing. */
export function backOffMs(nth: number, maxMs: Ms): Ms {
  return nth <= 1 ? 0 : Math.min(maxMs, BACK_OFF_FIRST_MS * 2 ** (nth - 2));
}

/** From the end of a container, as it is seen, to its nth start again. */
export function backOff(nth: number, maxMs: Ms): Range {
  const waitMs = backOffMs(nth, maxMs);
  const lateMs = Math.min(waitMs / 2, 1.5 * RESYNC_MS);
  return { lowMs: Math.max(0, waitMs - RELIST_MS), highMs: waitMs + lateMs + 3 * RELIST_MS };
}

export const middleMs = ({ lowMs, highMs }: Range): Ms => (lowMs + highMs) / 2;
