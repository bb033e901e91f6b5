import type { ControlComponent } from "../model/component.ts";
import type { Environment } from "../model/record.ts";
import type { EvidenceLevel } from "../model/evidence.ts";
import type { ClusterPlan } from "../model/plan.ts";
import type { Api } from "./api.ts";

/** Told while something long goes on; `doneRatio` only where it is known. */
export interface Progress {
  (step: { readonly what: string; readonly doneRatio?: number }): void;
}

/** A process on the load host: its argv runs where clients are. */
export interface HostProcess {
  readonly pid: number;
  /** Whole lines of stdout. */
  onLine(take: (line: string) => void): void;
  kill(signal: "SIGINT" | "SIGTERM" | "SIGKILL"): void;
  readonly ended: Promise<{
    readonly code: number | null;
    readonly signal: string | null;
    readonly stderr: string;
  }>;
}

/** Where clients live: reaches Services the way a client does. */
export interface LoadHost {
  /** Files named in argv and env are paths of this machine. */
  start(of: {
    readonly argv: readonly string[];
    readonly env: Readonly<Record<string, string>>;
    readonly workFolder: string;
  }): HostProcess;
}

/** How a guard of this cluster is reached and what it can do with machines. */
export interface GuardSocket {
  /** Unix socket that speaks AgentAsk / AgentAnswer; null: this cluster has no guard. */
  readonly socketPath: string | null;
  /** Node names whose power and link it can switch. */
  readonly machines: readonly string[];
  /** Components of the control plane that it can stop and kill. */
  readonly components: readonly ControlComponent[];
}

/** What one of the cluster's own processes wrote. */
export interface ClusterLog {
  /** `n1/kubelet`. */
  readonly name: string;
  /** Whole lines; the last of them where there are more than was asked for. */
  readonly text: string;
  /** Left out before `text`; null: some was, and nobody knows how much. */
  readonly cutBytes: number | null;
}

/** A cluster that is up. */
export interface Cluster {
  readonly kind: "local" | "kube" | "simulated";
  readonly instance: string;
  readonly level: EvidenceLevel;
  readonly kubeconfigPath: string;
  readonly api: Api;
  readonly loadHost: LoadHost;
  readonly guard: GuardSocket;
  /** Full image references by the short names that parts use: `{ programs: "…" }`. */
  readonly images: Readonly<Record<string, string>>;
  /** The cluster's share of environment.json. */
  describe(signal: AbortSignal): Promise<Environment["cluster"]>;
  /** All nodes Ready and all their GPUs allocatable, or it throws what is missing. */
  ready(signal: AbortSignal): Promise<void>;
  /**
   * What kubelets, runtimes and control plane wrote since this cluster was brought up or attached
   * to, at most `maxBytes` of each. Only where their logs are on this machine.
   */
  logs?(maxBytes: number, signal: AbortSignal): Promise<readonly ClusterLog[]>;
  /** A local cluster goes away without a trace; a kubeconfig cluster is left as it is. */
  down(): Promise<void>;
}

export interface ClusterProvider {
  readonly kind: Cluster["kind"];
  /**
   * What this machine lacks, a line each with its remedy; installs and builds what may be installed
   * and built, telling so. Touches no cluster. Throws NinetyError with exit 4.
   */
  prepare(progress: Progress, signal: AbortSignal): Promise<void>;
  /** Resolves once the API answers; nodes may still be coming: see `ready`. */
  up(options: ClusterPlan, progress: Progress, signal: AbortSignal): Promise<Cluster>;
}
