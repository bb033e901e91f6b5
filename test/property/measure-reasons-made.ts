import type { Event, PodDetail } from "../../src/model/event.ts";
import type { KubeObject } from "../../src/model/json.ts";
import type { Request, Sample } from "../../src/model/request.ts";
import {
  EFFECT_AFTER_US,
  faultsUs,
  makeRecord,
  podEvent,
  type Made,
  type MadeRecord,
} from "./measure-record.ts";

// Records of runs whose reasons are known. Shares no code with what finds them.

const S = 1_000_000;
const ALL = ["server-a", "server-b", "server-c"] as const;

/** An instant so many seconds after the effect, on the clock of the run. */
export const after = (made: Made, seconds: number): number =>
  faultsUs(made) + EFFECT_AFTER_US + seconds * S;

const change = (atUs: number, object: string, how: string, detail: Event & object): Event => ({
  atUs,
  type: "cluster",
  object,
  change: how,
  notBeforeUs: Math.max(0, atUs - 2_000),
  detail: detail as never,
});

export const endpoints = (atUs: number, ...ready: readonly string[]): Event =>
  change(atUs, "endpoints/ninety-made/server", "endpoints", { ready } as never);

export const node = (atUs: number, name: string, how: "added" | "unknown" | "not-ready"): Event =>
  change(atUs, `node/${name}`, how, {
    ready: how === "added",
    gpusAllocatable: 2,
    gpusCapacity: 2,
  } as never);

/** A pod of server on a node of its own: server-a on n-a. */
export const pod = (atUs: number, name: string, of: Partial<PodDetail> = {}): Event =>
  podEvent(atUs, name, { node: `n-${name.at(-1)}`, ...of });

/** As the deployment of a part is planned, as far as reasons read it. */
function deployment(tolerationSeconds: number | null): KubeObject {
  const probe = { periodSeconds: 2, timeoutSeconds: 2, failureThreshold: 2 };
  const readinessProbe = { httpGet: { path: "/health/ready", port: 8501 }, ...probe };
  const key = "node.kubernetes.io/unreachable";
  const toleration = { key, operator: "Exists", effect: "NoExecute", tolerationSeconds };
  const tolerations = tolerationSeconds === null ? {} : { tolerations: [toleration] };
  const containers = [{ name: "server", readinessProbe }];
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "server" },
    spec: { template: { spec: { containers, ...tolerations } } },
  };
}

/** Three pods on three nodes, all of them watched and endpoints; then what `events` tells. */
function scene(
  made: Made,
  events: readonly Event[],
  of: { readonly tolerationSeconds?: number | null; readonly nodeGraceMs?: number | null } = {},
): MadeRecord {
  const record = makeRecord(made);
  const { tolerationSeconds = null, nodeGraceMs = null } = of;
  const there = ALL.flatMap((name) => [pod(2 * S, name), node(2 * S, `n-${name.at(-1)}`, "added")]);
  const own = record.events.filter(
    (event) => !(event.type === "cluster" && event.object.startsWith("pod/")),
  );
  return {
    ...record,
    plan: {
      ...record.plan,
      cluster: { ...record.plan.cluster, nodeGraceMs },
      stack: record.plan.stack.map((part) => ({
        ...part,
        objects: [deployment(tolerationSeconds)],
      })),
    },
    events: [...own, ...there, endpoints(2.5 * S, ...ALL), ...events],
  };
}

export const STALE: Made = {
  connections: ["new"],
  faultS: 60,
  observeS: 10,
  podAwayS: null,
  outages: [{ fromS: 0, untilS: 70, share: 0.3 }],
};

/**
 * The endpoint of server-a goes 20 s after the effect, and new connections fail to the end.
 *
 * @param of.waitingRatio of the sockets that wait so many wait for the lost pod
 * @param of.backS when it is an endpoint again
 */
export function staleRecord(
  of: {
    readonly made?: Made;
    readonly as?: Request["outcome"];
    readonly waitingRatio?: number;
    readonly ready?: "true" | "false";
    readonly backS?: number;
  } = {},
): MadeRecord {
  const { made = STALE, as = "connect-timeout", backS } = of;
  const goneUs = after(made, 20);
  const back = backS === undefined ? [] : [endpoints(after(made, backS), ...ALL)];
  const record = scene(made, [endpoints(goneUs, "server-b", "server-c"), ...back]);
  const requests = record.requests.map((one): Request => {
    if (one.outcome !== "refused") return one;
    if (as === "connect-timeout") return { ...one, outcome: as };
    return {
      ...one,
      outcome: as,
      connection: "new",
      firstByteUs: one.endUs,
      status: 503,
    } as Request;
  });
  return { ...record, requests, samples: tableOf({ ...record, requests }, goneUs, of) };
}

/** Readings every 5 s: what the clients' table holds of server-a. */
function tableOf(
  { requests }: MadeRecord,
  goneUs: number,
  of: { readonly waitingRatio?: number; readonly ready?: "true" | "false" },
): readonly Sample[] {
  const { waitingRatio = 1, ready = "false" } = of;
  const untilUs = requests.at(-1)!.intendedUs;
  const samples: Sample[] = [];
  for (let atUs = 5 * S; atUs < untilUs; atUs += 5 * S) {
    // Given up after a second.
    const failing = requests.filter(
      ({ intendedUs, outcome }) => outcome !== "ok" && intendedUs > atUs - S && intendedUs <= atUs,
    ).length;
    const isReady = atUs < goneUs ? "true" : ready;
    const gone = { backend: "server-a", address: "10.1.0.1", ready: isReady };
    const other = { backend: "server-b", address: "10.1.0.2", ready: "true" };
    const waiting = Math.round(failing * waitingRatio);
    const put = (metric: string, value: number, tags: Sample["tags"]): void =>
      void samples.push({ atUs, metric, value, tags });
    put("client_connections", 100 * waiting, { ...gone, state: "SYN_SENT" });
    put("client_connections", 40, { ...gone, state: "TIME_WAIT" });
    put("client_connections_waiting", waiting, gone);
    put("client_connections_waiting", failing - waiting, other);
  }
  return samples;
}

export const RESTARTS: Made = { faultS: 60, observeS: 120, podAwayS: null };

/** Ends of a container and the starts after them, in seconds after the effect; null: none. */
export type Waits = readonly (readonly [endS: number, startS: number | null])[];
export const WAITS: Waits = [
  [1, 1],
  [2, 12],
  [13, 33],
  [34, 75],
  [76, 156],
];

/** server-a is restarted in place; its device is Unhealthy until `wellS`; Infinity: for good. */
export function restartsRecord(
  of: {
    readonly waits?: Waits;
    readonly reason?: string;
    readonly wellS?: number;
    readonly made?: Made;
    readonly more?: readonly Event[];
  } = {},
): MadeRecord {
  const { waits = WAITS, reason = "CrashLoopBackOff", made = RESTARTS, more = [] } = of;
  const { wellS = 100 } = of;
  const state = (atS: number, restarts: number, is: Partial<PodDetail>): Event =>
    pod(after(made, atS), "server-a", {
      ready: false,
      restarts,
      devices: [{ id: "GPU-n1-0", health: atS < wellS ? "Unhealthy" : "Healthy" }],
      ...is,
    });
  const endedAt = (nth: number): string => `2026-11-25T00:${String(nth).padStart(2, "0")}:00Z`;
  const events = waits.flatMap(([endS, startS], nth): readonly Event[] => {
    const finishedAt = endedAt(nth);
    const started = state(startS ?? 0, nth + 1, { finishedAt, reason: "Error" });
    if (endS === startS) return [started];
    const ended = state(endS, nth, { finishedAt, reason: "Error" });
    const waiting = state(endS + 0.3, nth, { finishedAt, reason });
    const stillS = Math.max(endS + 0.4, wellS);
    const well = state(stillS, nth, { finishedAt, reason });
    const isWell = endS < wellS && Number.isFinite(wellS);
    const seesWell = isWell && (startS === null || startS > wellS);
    return [ended, waiting, ...(seesWell ? [well] : []), ...(startS === null ? [] : [started])];
  });
  const [, lastS] = waits.at(-1)!;
  const finishedAt = endedAt(waits.length - 1);
  const up = { ready: true, finishedAt, reason: "Error" };
  const back = lastS === null ? [] : [state(lastS + 2, waits.length, up)];
  return scene(made, [...events, ...back, ...more]);
}

export const BLIND: Made = { podAwayS: null, outages: [{ fromS: 1, untilS: 19, share: 1 }] };

/** Clients are hurt for 18 s; the cluster sees what `events` tells, and else nothing. */
export function blindRecord(events: readonly Event[] = [], made: Made = BLIND): MadeRecord {
  return scene(made, events);
}

export const LOST: Made = {
  faultS: 100,
  observeS: 40,
  podAwayS: null,
  outages: [{ fromS: 0, untilS: 51, share: 0.4 }],
};

/** n-a goes silent and is given up, the endpoint of server-a goes, its pod is evicted. */
export function lostRecord(
  of: {
    readonly made?: Made;
    /** After the effect. */
    readonly givenUpS?: number;
    /** After that; null: not by the end. */
    readonly evictedS?: number | null;
    readonly tolerationSeconds?: number | null;
    readonly nodeGraceMs?: number | null;
    readonly how?: "unknown" | "not-ready";
  } = {},
): MadeRecord {
  const { made = LOST, givenUpS = 50, evictedS = 32, how = "unknown" } = of;
  const { tolerationSeconds = 30, nodeGraceMs = 50_000 } = of;
  const givenUp = after(made, givenUpS);
  const evicted =
    evictedS === null
      ? []
      : [
          pod(givenUp + evictedS * S, "server-a", { ready: false, terminating: true }),
          pod(givenUp + (evictedS + 4) * S, "server-d"),
        ];
  const events = [
    node(givenUp, "n-a", how),
    pod(givenUp + 0.1 * S, "server-a", { ready: false }),
    endpoints(givenUp + 0.2 * S, "server-b", "server-c"),
    ...evicted,
  ];
  return scene(made, events, { tolerationSeconds, nodeGraceMs });
}
