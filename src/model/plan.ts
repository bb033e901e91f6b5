import type { JsonObject, KubeObject } from "./json.ts";
import type { Ms, Ratio, Rps } from "./quantity.ts";
import type { Pick } from "./target.ts";

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
}

/** Predicted damage that an experiment may declare as wanted. */
export type Accept = "pdb-broken" | "no-spare-gpu" | "unleased" | "affects-probes";

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
}

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
