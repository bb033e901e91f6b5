import type { Event, EventBody } from "../model/event.ts";
import type { Plan } from "../model/plan.ts";
import type { Sample } from "../model/request.ts";
import type { Api } from "./api.ts";
import type { Clock } from "./clock.ts";
import type { LoadHost } from "./cluster.ts";

/** A source of samples and cluster events that runs beside the loop. One file in src/samplers. */
export interface Sampler {
  readonly name: string;
  readonly about: string;
  /**
   * Until the signal aborts; a throw makes the run unknown, so what may fail is told as an event.
   */
  run(of: {
    readonly plan: Plan;
    readonly namespace: string;
    readonly api: Api;
    /** Where clients are, and the `address:port` that they use. */
    readonly clients: { readonly host: LoadHost; readonly address: string };
    readonly clock: Clock;
    readonly events: () => readonly Event[];
    readonly append: (body: EventBody) => Promise<void>;
    readonly sample: (sample: Sample) => void;
    readonly signal: AbortSignal;
  }): Promise<void>;
}
