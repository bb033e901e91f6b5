import type { Class } from "../model/measurement.ts";
import type { Accept, PlannedPart } from "../model/plan.ts";
import type { Duration, Share } from "../model/quantity.ts";
import type { CountedKind, Group, Pick } from "../model/target.ts";
import type { Outcome } from "../model/verdict.ts";
import type { Check } from "./check.ts";
import type { Step } from "./fault.ts";
import type { Load } from "./load.ts";

/** A path from the working folder, or a file URL. */
export type FilePath = string | { readonly href: string };

/** One deployable piece of the stack. Pure: same options, same objects. */
export interface Part {
  readonly part: string;
  readonly planned: PlannedPart;
  /** What is wrong with its options, `field rule, got value` each; told with all other problems. */
  readonly problems: readonly string[];
}
export interface Workload extends Part {
  readonly pods: Group<"pod">;
  readonly nodes: Group<"node">;
}
export interface GpuWorkload extends Workload {
  readonly gpus: Group<"gpu">;
}

/** Exactly that many: fewer matches touch nothing. */
export function exactly<K extends CountedKind>(count: number, of: Group<K>): Pick<K> {
  return { kind: of.kind, part: of.part, count } as unknown as Pick<K>;
}
export function one<K extends CountedKind>(of: Group<K>): Pick<K> {
  return exactly(1, of);
}
export function all<K extends CountedKind>(of: Group<K>): Pick<K> {
  return { kind: of.kind, part: of.part, count: "all" } as unknown as Pick<K>;
}
/** The link between two groups of pods. */
export function between(from: Pick<"pod">, to: Pick<"pod">): Pick<"link"> {
  return { kind: "link", from, to };
}

export interface ExperimentOptions {
  /** One sentence that can turn out false. */
  readonly hypothesis: string;
  /** What the local cluster is built as; on a kubeconfig cluster it is checked, not set. */
  readonly cluster?: {
    /** 1 to 9. Default 3. */
    readonly nodes?: number;
    /** Virtual GPUs on each node, 0 to 8. Default 2. */
    readonly gpusPerNode?: number;
    /** Default: upstream's, 50 s. */
    readonly nodeGrace?: Duration;
    /** Default: upstream's, 40 s. */
    readonly nodeLease?: Duration;
    /** Crash-loop back-off cap. Default: upstream's, 5 min. */
    readonly backoffMax?: Duration;
    /**
     * Archives of images of your own that every node has, at most 20: as `docker save` or an OCI
     * exporter writes them, by path from the working folder or as `new URL("x.tar", import.meta.url)`.
     */
    readonly images?: readonly FilePath[];
  };
  readonly stack: readonly Part[];
  readonly load: Load;
  /** When a request is good, and the share that must be; for each scenario apart. */
  readonly slo: {
    readonly within: Duration;
    readonly good: Share;
    /** Below it clients are hurt. Default: `good`. */
    readonly breach?: Share;
    /** What the error budget is of, 24h to 2160h. Default: 30 days. */
    readonly window?: Duration;
  };
  /** Offered but not judged. Default "10s". */
  readonly warmup?: Duration;
  /** Judged, before the first fault; at least 20s. Default "60s". */
  readonly steady?: Duration;
  readonly faults: readonly [Step, ...(readonly Step[])];
  /** At most, from the last heal; ends early once every clock has held. */
  readonly observe: Duration;
  readonly expect: readonly [Check, ...(readonly Check[])];
  /** Predicted damage that is wanted. */
  readonly accepts?: readonly Accept[];
  /**
   * Ready pods that no step, with what is in effect at the same time, may go below, such as
   * `[exactly(2, server.pods)]`: one entry a part, each with a number. Default: a part's disruption
   * budgets alone say it. What goes below is refused, unless `accepts` has "below-minimum".
   */
  readonly minimumReady?: readonly Pick<"pod">[];
  /**
   * Heals at once and ends the run as unknown (exit 2) when in any scenario the share of good
   * requests is below `good`, of those intended in the last `over`, at least 20. Looked at every
   * second from warmup on, once the load has gone on for `over`; a request without an answer counts
   * as bad a second after the SLO's time. Default: nothing ends the run.
   */
  readonly abortWhen?: {
    /** 0.1% to 99.999%. */
    readonly good: Share;
    /** 5s to 10m. */
    readonly over: Duration;
  };
}

/** What an experiment file exports as default. */
export interface Experiment {
  readonly kind: "experiment";
  readonly options: ExperimentOptions;
}

/** Data in, data out: nothing is read, checked or touched before `plan`. */
export function experiment(options: ExperimentOptions): Experiment {
  return { kind: "experiment", options };
}

/** One class, or a list of those that will do. */
type Classes = Class | readonly [Class, ...(readonly Class[])];

export interface SuiteRunOptions {
  /** The outcome that it must end with. */
  readonly must: Outcome;
  /** What every episode's service must be classed as: in all scenarios, or by scenario. */
  readonly service?: Classes | Readonly<Record<string, Classes>>;
  /** What every episode's capacity must be classed as. */
  readonly capacity?: Classes;
  /** Left out by `--quick`. Default false. */
  readonly long?: boolean;
  readonly about?: string;
}

export interface SuiteOptions<Run extends string> {
  /** One sentence on what the runs show together. */
  readonly about: string;
  /** What others say, to stand beside the first contrast. */
  readonly claim?: {
    readonly source: string;
    readonly text: string;
    readonly before: Duration;
    readonly after: Duration;
  };
  /** By name of an experiment: a file beside the suite, or one of experiments/. 1 to 50. */
  readonly runs: Readonly<Record<Run, SuiteRunOptions>>;
  /** Pairs of runs whose recoveries are compared; the first is the headline. At most 50. */
  readonly contrasts?: readonly {
    readonly title: string;
    readonly before: NoInfer<Run>;
    readonly after: NoInfer<Run>;
    readonly lane: "service" | "capacity";
    /** Which setting differs. */
    readonly why: string;
  }[];
}

/** What a suite file exports as default. */
export interface Suite {
  readonly kind: "suite";
  readonly options: SuiteOptions<string>;
}

/** Data in, data out, as with `experiment`. */
export function suite<const Run extends string>(options: SuiteOptions<Run>): Suite {
  return { kind: "suite", options };
}
