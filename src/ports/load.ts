import type { Fields, Read, Written } from "../model/fields.ts";
import type { LoadPlan, PlannedPart } from "../model/plan.ts";
import type { Request, Sample } from "../model/request.ts";
import type { Us } from "../model/quantity.ts";
import type { LoadHost } from "./cluster.ts";

/** What an author writes as `load`. */
export interface Load {
  readonly load: string;
  /** Name of the part it is offered to. */
  readonly to: string;
  readonly options: object;
  readonly definition: LoadDefinition<Fields>;
}

/** One kind of traffic, one file in src/load: options to a plan, as data. */
export interface LoadDefinition<F extends Fields> {
  readonly name: string;
  readonly about: string;
  readonly params: F;
  readonly problems?: (params: Read<F>, part: PlannedPart) => readonly string[];
  /** `part`: the one named `to`. A load is data: what the script reads stands in `options`. */
  readonly plan: (params: Read<F>, to: string, part: PlannedPart) => LoadPlan;
}

/**
 * `predict({ to: server, rate: "50/s", … })`: the options besides `to` are the definition's fields.
 */
export function defineLoad<F extends Fields>(
  definition: LoadDefinition<F>,
): (options: { readonly to: { readonly part: string } } & Written<F>) => Load {
  return ({ to, ...options }) => ({
    load: definition.name,
    to: to.part,
    options,
    definition: definition as unknown as LoadDefinition<Fields>,
  });
}

/** A load that goes on. It never ends by itself before it is stopped: ending early is `died`. */
export interface RunningLoad {
  /** Resolves when stopped and complete; rejects when the generator died or lost a request. */
  readonly ended: Promise<void>;
  /** No new ticks; what is in flight ends or is told as open; at most `graceMs`. */
  stop(graceMs: number): Promise<void>;
}

/** Who offers the load: k6. */
export interface LoadRunner {
  start(of: {
    readonly plan: LoadPlan;
    readonly part: PlannedPart;
    readonly namespace: string;
    /** Address that clients use: the Service's ClusterIP or a name, with the port. */
    readonly address: string;
    readonly seed: string;
    readonly host: LoadHost;
    /** Folder for scripts, inputs and raw output; exists, and is the run's own. */
    readonly workFolder: string;
    /** CLOCK_MONOTONIC at the start of the run. */
    readonly monotonicStartUs: Us;
    /** Longest it may have to go on. */
    readonly atMostMs: number;
    readonly onRequest: (request: Request) => void;
    readonly onSample: (sample: Sample) => void;
  }): Promise<RunningLoad>;
}
