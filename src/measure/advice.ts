import { at, listAt, numberAt, textAt, type KubeObject } from "../model/json.ts";
import type { Advice, Lane, Segment } from "../model/measurement.ts";
import type { Plan } from "../model/plan.ts";
import { showMs, type Ms } from "../model/quantity.ts";
import {
  backOffMs,
  middleMs,
  nodeGivenUp,
  probeFails,
  probeOf,
  tolerated,
  type Probe,
} from "./predict/timers.ts";

/** Less is not worth a change. */
const TOOK_MIN_MS = 1_000;
const SAVES_MIN_MS = 500;
const PER_LANE_MAX = 3;
const GRACE_MS = 20_000;
const BACK_OFF_MS = 30_000;
const LEASE_MS = 40_000;
const TOLERATIONS_S = [30, 5];
const TAINTS = ["not-ready", "unreachable"];

type Found = Omit<Advice, "lane" | "scenario" | "object" | "from">;

/** The settings whose change saves most, for each lane, from the largest segments with a cause. */
export function adviceOf(
  plan: Plan,
  {
    service,
    capacity,
  }: {
    readonly service: Readonly<Record<string, Lane>>;
    readonly capacity: Lane;
  },
): readonly Advice[] {
  const lanes = [
    ...Object.entries(service).map(([scenario, lane]) => ({ scenario, lane })),
    { scenario: null, lane: capacity },
  ];
  return lanes.flatMap(({ scenario, lane: { waterfall } }) => {
    const which = scenario === null ? ("capacity" as const) : ("service" as const);
    return [...causes(waterfall)]
      .flatMap(({ cause, tookMs, segments }): readonly Advice[] => {
        const found = ruleOf(plan, cause, segments);
        if (!found) return [];
        const savesMs = Math.round(Math.min(found.savesMs, tookMs));
        if (savesMs < SAVES_MIN_MS) return [];
        const { object, value: from } = cause;
        return [{ lane: which, scenario, object, from, ...found, savesMs }];
      })
      .sort((a, b) => b.savesMs - a.savesMs)
      .slice(0, PER_LANE_MAX);
  });
}

type Cause = NonNullable<Segment["cause"]>;

interface Caused {
  readonly cause: Cause;
  readonly tookMs: Ms;
  readonly segments: readonly Segment[];
}

/** All waits of a back-off are one setting's. */
function causes(waterfall: readonly Segment[]): Iterable<Caused> {
  const found = new Map<string, Caused>();
  for (const segment of waterfall) {
    const { cause, took } = segment;
    if (!cause || took.is === "absent") continue;
    const key = `${cause.object} ${cause.setting.split(",")[0]}`;
    const known = found.get(key);
    found.set(key, {
      cause: known?.cause ?? cause,
      tookMs: (known?.tookMs ?? 0) + (took.is === "value" ? took.value : took.low),
      segments: [...(known?.segments ?? []), segment],
    });
  }
  return [...found.values()].filter(({ tookMs }) => tookMs >= TOOK_MIN_MS);
}

function ruleOf(plan: Plan, cause: Cause, segments: readonly Segment[]): Found | null {
  const { setting } = cause;
  if (setting === "readinessProbe" || setting === "livenessProbe") return probeAdvice(plan, cause);
  if (setting === "tolerationSeconds") return tolerationAdvice(plan, cause);
  if (setting === "node-monitor-grace-period") return graceAdvice(plan, cause);
  return setting.startsWith("crashLoopBackOff") ? backOffAdvice(cause, segments) : null;
}

function probeAdvice(plan: Plan, { object, setting, value }: Cause): Found | null {
  const now = probeOf(value);
  const to: Probe = {
    ...now,
    path: textAt(value, "path"),
    periodSeconds: Math.max(1, Math.floor(now.periodSeconds / 2)),
    timeoutSeconds: Math.max(1, Math.floor(now.timeoutSeconds / 2)),
  };
  const [kind, name, container] = object.split("/");
  const made = objectOf(plan, kind, name);
  const all = listAt(made, ...CONTAINERS);
  const nth = all.findIndex((one) => textAt(one, "name") === container);
  const path = `/${CONTAINERS.join("/")}/${nth}/${setting}`;
  const longestS = (to.failureThreshold - 1) * to.periodSeconds;
  const does = setting === "readinessProbe" ? "taken out of the endpoints" : "started again";
  return {
    setting,
    to,
    savesMs: middleMs(probeFails(now)) - middleMs(probeFails(to)),
    risk:
      `a healthy server that for ${longestS} s answers late (after ${to.timeoutSeconds} s) or not ` +
      `at all is ${does}`,
    patch:
      made && nth >= 0
        ? patchOf(made, [
            { op: "add", path: `${path}/periodSeconds`, value: to.periodSeconds },
            { op: "add", path: `${path}/timeoutSeconds`, value: to.timeoutSeconds },
          ])
        : null,
  };
}

function tolerationAdvice(plan: Plan, { object, setting, value }: Cause): Found | null {
  const now = Number(value);
  const to = TOLERATIONS_S.find((seconds) => seconds < now);
  if (to === undefined) return null;
  const [kind, name] = object.split("/");
  const made = objectOf(plan, kind, name);
  return {
    setting,
    to,
    savesMs: middleMs(tolerated(now)) - middleMs(tolerated(to)),
    risk: `a node that was only silent for ${to} s longer than its grace has its pods replaced`,
    patch: made ? patchOf(made, tolerationOperations(made, to)) : null,
  };
}

const SPEC = ["spec", "template", "spec"] as const;
const CONTAINERS = [...SPEC, "containers"] as const;

function tolerationOperations(made: KubeObject, tolerationSeconds: number): Operations {
  const path = `/${SPEC.join("/")}/tolerations`;
  const own = listAt(made, ...SPEC, "tolerations");
  const wanted = TAINTS.map((taint) => ({
    key: `node.kubernetes.io/${taint}`,
    operator: "Exists",
    effect: "NoExecute",
    tolerationSeconds,
  }));
  if (at(made, ...SPEC, "tolerations") === undefined) return [{ op: "add", path, value: wanted }];
  return wanted.map((one) => {
    const nth = own.findIndex((has) => textAt(has, "key") === one.key);
    return nth < 0
      ? { op: "add", path: `${path}/-`, value: one }
      : { op: "replace", path: `${path}/${nth}`, value: one };
  });
}

function graceAdvice(plan: Plan, { setting, value }: Cause): Found | null {
  const graceMs = Number(value);
  const leaseMs = plan.cluster.nodeLeaseMs ?? LEASE_MS;
  // Shorter than a lease and a half, and a node that lives is missed.
  const to = Math.max(GRACE_MS, 1.5 * Math.min(leaseMs, GRACE_MS / 2));
  if (to >= graceMs) return null;
  const mine = nodeGivenUp({ graceMs, leaseMs });
  const shorter = nodeGivenUp({ graceMs: to, leaseMs: Math.min(leaseMs, GRACE_MS / 2) });
  return {
    setting,
    to,
    savesMs: middleMs(mine) - middleMs(shorter),
    risk:
      `a node that is silent for ${showMs(to)} is taken for lost; the kubelets must renew their ` +
      `leases for it (nodeLeaseDurationSeconds ${Math.min(leaseMs, GRACE_MS / 2) / 1_000})`,
    patch: null,
  };
}

function backOffAdvice({ value }: Cause, segments: readonly Segment[]): Found | null {
  const maxMs = numberAt(value, "maxMs") ?? 0;
  if (maxMs <= BACK_OFF_MS) return null;
  const nths = segments.map(({ to }) => Number(to.split(":")[1] ?? 1));
  const sum = (capMs: Ms): Ms => nths.reduce((all, nth) => all + backOffMs(nth, capMs), 0);
  return {
    setting: "crashLoopBackOff.maxContainerRestartPeriod",
    to: { maxMs: BACK_OFF_MS },
    savesMs: sum(maxMs) - sum(BACK_OFF_MS),
    risk:
      "containers that cannot start are tried more often, each at the cost of its start; a pod on " +
      "a dead device is still not moved, for which a mover is needed",
    patch: null,
  };
}

function objectOf(plan: Plan, kind = "", name = ""): KubeObject | undefined {
  return plan.stack
    .flatMap(({ objects }) => objects)
    .find((one) => one.kind === kind && one.metadata.name === name);
}

type Operations = NonNullable<Advice["patch"]>["operations"];

function patchOf(
  { apiVersion, kind, metadata }: KubeObject,
  operations: Operations,
): Advice["patch"] {
  return { apiVersion, kind, name: metadata.name, operations };
}
