import type { Json, JsonObject, KubeObject } from "./json.ts";
import type { PatchOperation } from "./json-patch.ts";
import type { Ms, Ratio, Rps } from "./quantity.ts";
import type { Pick } from "./target.ts";

/** The short name by which parts call the image with all programs of ninety. */
export const PROGRAMS_IMAGE = "programs";

export type StepId = `f${string}`;

/** All that a run will do, on disk before anything is touched. */
export interface Plan {
  readonly schema: 1;
  readonly experiment: string;
  readonly hypothesis: string;
  readonly seed: string;
  readonly cluster: ClusterPlan;
  readonly stack: readonly PlannedPart[];
  readonly load: LoadPlan;
  readonly slo: Slo;
  readonly phasesMs: {
    readonly warmup: Ms;
    readonly steady: Ms;
    readonly faults: Ms;
    /** At most: ends early once every clock has held. */
    readonly observe: Ms;
  };
  readonly steps: readonly PlannedStep[];
  readonly checks: readonly PlannedCheck[];
  readonly accepts: readonly Accept[];
  /** Ready pods that no step may go below, by part. Absent: none but what budgets say. */
  readonly minimumReady?: Readonly<Record<string, number>>;
  /** Absent: nothing that clients see ends the run before its time. */
  readonly abortWhen?: AbortWhen;
  /** What the stack differs by from that of the experiment's file. Absent: by nothing. */
  readonly patches?: readonly StackPatch[];
}

/** JSON Patch of one object of the stack. */
export interface StackPatch {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly operations: readonly PatchOperation[];
}

/** In any scenario, a share of good requests below `goodRatio` over `overMs` ends the run. */
export interface AbortWhen {
  readonly goodRatio: Ratio;
  readonly overMs: Ms;
}

/** Predicted damage that an experiment may declare as wanted. */
export type Accept =
  /** More pods of a part are down at once than its disruption budget lets go of. */
  | "pdb-broken"
  /** Fewer pods of a part stay Ready than `minimumReady` says. */
  | "below-minimum"
  /** The GPUs that survive cannot host the pods that are displaced. */
  | "no-spare-gpu"
  /** A pod of the control plane is among the victims, and nothing takes its place. */
  | "control-plane-pod"
  /** The same of what measures and alerts. */
  | "monitoring-pod"
  /** Whoever holds the effect has no lease: it would outlive us. */
  | "unleased"
  /** The kubelet's probes are met too. */
  | "affects-probes";

/** What the local cluster is built as; on a kubeconfig cluster it is compared, not set. */
export interface ClusterPlan {
  readonly nodes: number;
  readonly gpusPerNode: number;
  /** Controller-manager's node-monitor-grace-period; null: upstream's default (50 s). */
  readonly nodeGraceMs: Ms | null;
  /** Kubelet's node lease duration; null: upstream's default (40 s). */
  readonly nodeLeaseMs: Ms | null;
  /** Kubelet's crash-loop back-off cap; null: upstream's default (300 s). */
  readonly backoffMaxMs: Ms | null;
  /** OCI archives that every node of the local cluster has: paths or file URLs. */
  readonly images?: readonly string[];
}

export interface PlannedPart {
  readonly part: string;
  readonly objects: readonly KubeObject[];
  /** Label selector of its pods (`key=value`), or null where it has none. */
  readonly selector: string | null;
  /** Pods wanted, or null where it has none or they scale. */
  readonly replicas: number | null;
  readonly gpusPerPod: number;
  /** Whether its readiness is waited for and its pods are watched. */
  readonly service: { readonly name: string; readonly port: number } | null;
  /** Where its pods are already: nothing of it is applied, relabelled or removed. */
  readonly existing?: { readonly namespace: string };
  /** What clients ask of it, and what answer is right; without it only loads made for it know. */
  readonly request?: PlannedRequest;
}

/** One HTTP request and the answer that is right; all of it, and as data. */
export type PlannedRequest = {
  readonly method: "GET" | "POST";
  /** With the query, from the first slash on. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  readonly expect: {
    readonly status: number;
    /** The body has this text somewhere; null: any body will do. */
    readonly contains: string | null;
    /** The body is JSON that has at least these fields, with these values. */
    readonly json?: Json;
  };
};

/** Open-loop load: one scenario for each kind of connection. */
export interface LoadPlan {
  /** Load plug-in: file name in src/load. */
  readonly load: string;
  /** The part it is offered to. */
  readonly to: string;
  /** Clients ask for the Service by its DNS name; without it by its address. */
  readonly by?: "name";
  readonly rateRps: Rps;
  readonly timeoutMs: Ms;
  readonly scenarios: readonly { readonly name: string; readonly connection: "new" | "reused" }[];
  readonly options: JsonObject;
}

export interface Slo {
  /** A request is good only if it ended within this, from its intended start. */
  readonly withinMs: Ms;
  /** The share that must be good, for each scenario apart. */
  readonly goodRatio: Ratio;
  /** Below it clients are hurt; at most `goodRatio`. */
  readonly breachRatio: Ratio;
  /** What the error budget is of. Absent: 30 days. */
  readonly windowMs?: Ms;
}

const DAY_MS = 86_400_000;
const BUDGET_WINDOW_MS = 30 * DAY_MS;

/** What the error budget is of. */
export function budgetWindowMs({ windowMs = BUDGET_WINDOW_MS }: Slo): Ms {
  return windowMs;
}

/** The same in days. */
export function budgetDays(slo: Slo): number {
  return budgetWindowMs(slo) / DAY_MS;
}

export interface PlannedStep {
  readonly id: StepId;
  /** Fault plug-in: file name in src/faults, or a path for one that lives elsewhere. */
  readonly fault: string;
  readonly params: JsonObject;
  readonly on: Pick;
  /** Seeded ranks, drawn by the planner: which of the matches, in order of rank. */
  readonly slots: readonly number[];
  /** From the start of phase `faults`. */
  readonly injectMs: Ms;
  /** Null: happens once, nothing to heal. */
  readonly healMs: Ms | null;
  readonly follow: boolean;
}

export interface PlannedCheck {
  /** Check plug-in: file name in src/checks, or a path for one that lives elsewhere. */
  readonly name: string;
  readonly params: JsonObject;
}
