import type { Effect, Held, Lease } from "../model/effect.ts";
import type { HeldNow, Leasing } from "../model/agent-protocol.ts";
import type { Plan, PlannedStep } from "../model/plan.ts";
import type { Ms, Us } from "../model/quantity.ts";
import type { Target } from "../model/target.ts";
import type { Clock } from "../ports/clock.ts";
import type { Acceptance } from "../ports/injector.ts";
import type { Log } from "../ports/log.ts";
import type { Crew } from "./crew.ts";

/** All injectors as one: who accepts an effect holds it. */
export interface Holders {
  accepts(effect: Effect): Acceptance;
  start(held: Held, lease: Lease, signal: AbortSignal): Promise<Us>;
  /** `held` lives on, `lost` has lapsed; an id in neither could not be asked about. */
  renew(
    all: readonly Held[],
    signal: AbortSignal,
  ): Promise<{ readonly held: readonly string[]; readonly lost: readonly string[] }>;
  stop(held: Held, signal: AbortSignal): Promise<void>;
  list(signal: AbortSignal): Promise<readonly HeldNow[]>;
}

/** What healing needs: nothing of the run but its record. */
export interface Healing {
  readonly clock: Clock;
  readonly log: Log;
  readonly holders: Holders;
}

/** What the loop does everything through. */
export interface System extends Healing {
  /** Throws NinetyError with exit 4; touches nothing. */
  preflight(plan: Plan, signal: AbortSignal): Promise<void>;
  deploy(plan: Plan, signal: AbortSignal): Promise<void>;
  /** Starts load and samplers: they run beside the loop, end with it, and only append. */
  watch(plan: Plan, crew: Crew, signal: AbortSignal): Promise<void>;
  /**
   * Draws the step's slots among what is there now (or takes `targets`), and takes the look before.
   * Effects are not yet held. Throws on fewer than asked, and nothing was touched.
   */
  resolve(step: PlannedStep, signal: AbortSignal, targets?: readonly Target[]): Promise<Resolved>;
  readonly leasing: Leasing;
  /** How long its effects may live without us; `forMs`: what is left of its planned duration. */
  lease(step: PlannedStep, forMs: Ms): Lease;
  /**
   * The loop's one wait: an open step with `follow` whose target was replaced, or nothing once
   * `untilMs` has come.
   */
  replaced(untilMs: Ms, signal: AbortSignal): Promise<Replaced | undefined>;
  /** Looks until the proof says so or its time is over, and appends which. */
  prove(step: PlannedStep, want: "present" | "absent", signal: AbortSignal): Promise<void>;
  /** Resolves when every clock has held, or at the signal. */
  settled(plan: Plan, signal: AbortSignal): Promise<void>;
  /** Sweeps and removes all that was deployed; appends what is left behind. */
  remove(plan: Plan, signal: AbortSignal): Promise<void>;
}

export interface Resolved {
  readonly targets: readonly Target[];
  readonly effects: readonly Held[];
}

export interface Replaced {
  readonly step: PlannedStep;
  readonly targets: readonly Target[];
}
