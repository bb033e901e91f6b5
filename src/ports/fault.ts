import type { Effect, EffectKind } from "../model/effect.ts";
import type { Evidence } from "../model/evidence.ts";
import type { Fields, Read, Written } from "../model/fields.ts";
import type { Duration } from "../model/quantity.ts";
import type { Pick, Target, TargetKind } from "../model/target.ts";
import type { Witness } from "./witness.ts";

/** Every fault takes these; it adds its own fields beside them. */
export type StepOptions<K extends TargetKind, L extends "held" | "once"> = {
  /** From the start of the faults phase. Default "0s". */
  readonly at?: Duration;
} & (L extends "held" ? { readonly for: Duration } : unknown) &
  // A fault that meets several kinds of things takes one of them, with what is right for that one.
  (K extends "cluster"
    ? unknown
    : { readonly on: Pick<K> } & (L extends "held"
        ? K extends Replaced
          ? {
              /** Meets the replacements of its targets too. Default false. */
              readonly follow?: boolean;
            }
          : { readonly follow?: never }
        : unknown));

/** Kinds of things that have a successor when they are gone. */
type Replaced = "pod" | "gpu";

/** One planned fault, as the author wrote it. */
export interface Step {
  readonly fault: string;
  readonly options: object;
  readonly definition: AnyFault;
}

/** A kind of disturbance: one file in src/faults. All functions but `observe` are pure. */
export interface FaultDefinition<
  K extends TargetKind,
  L extends "held" | "once",
  F extends Fields,
  O,
> {
  readonly name: string;
  readonly about: string;
  /** The kind of things that it meets, or those that it may meet. */
  readonly on: K | readonly K[];
  readonly lasts: L;
  /** Of every effect that `effects` may give: what the fault needs follows from them. */
  readonly kinds: readonly EffectKind[];
  /** What the witness looks at for the proof, in one sentence: `status of the pod`. */
  readonly evidence: string;
  readonly params: F;
  /** Rules between fields: `rule, got value` each. */
  readonly problems?: (params: Read<F>) => readonly string[];
  /** What to hold, as data: the engine injects, leases, heals, sweeps. */
  readonly effects: (params: Read<F>, target: Target<K>) => readonly Effect[];
  /** Looked at before, during and after, by another way than the effect's own. */
  readonly observe: (witness: Witness, target: Target<K>, params: Read<F>) => Promise<O>;
  /**
   * What the looks after inject have seen so far, and the next one, as one: what is there for a
   * moment only still counts. Default: the latest look alone. Not used for the proof of a heal.
   */
  readonly gather?: (seen: O, now: O) => O;
  /** Required `present` after inject and `absent` after heal (a once fault: only `present`). */
  readonly proof: (before: O, now: O, params: Read<F>, target: Target<K>) => Evidence;
  /**
   * Required `absent` after heal, where that takes more than the effect's absence, such as a fresh
   * boot. Default: `proof`.
   */
  readonly healProof?: (before: O, now: O, params: Read<F>, target: Target<K>) => Evidence;
  /** How long the proof is looked for after inject or heal. Default 30 s. */
  readonly proofWithinMs?: number;
}

/** Any fault: what the engine handles without naming one. */
export interface AnyFault {
  readonly name: string;
  readonly about: string;
  readonly on: TargetKind | readonly TargetKind[];
  readonly lasts: "held" | "once";
  readonly kinds: readonly EffectKind[];
  readonly evidence: string;
  readonly params: Fields;
  readonly problems?: (params: never) => readonly string[];
  readonly effects: (params: never, target: never) => readonly Effect[];
  readonly observe: (witness: Witness, target: never, params: never) => Promise<unknown>;
  readonly gather?: (seen: never, now: never) => unknown;
  readonly proof: (before: never, now: never, params: never, target: never) => Evidence;
  readonly healProof?: (before: never, now: never, params: never, target: never) => Evidence;
  readonly proofWithinMs?: number;
}

/** The kinds of things that a fault may meet; the first is what it is mostly used on. */
export function targetKinds({ on }: { readonly on: AnyFault["on"] }): readonly TargetKind[] {
  return typeof on === "string" ? [on] : on;
}

export type Fault<K extends TargetKind, L extends "held" | "once", F extends Fields> = ((
  options: StepOptions<K, L> & Written<F>,
) => Step) & { readonly definition: AnyFault };

/**
 * `gpuLost({ on: one(server.gpus), for: "60s" })` is a step; the definition hangs on the function.
 */
export function defineFault<
  const K extends TargetKind,
  const L extends "held" | "once",
  F extends Fields,
  O,
>(definition: FaultDefinition<K, L, F, O>): Fault<K, L, F> {
  const make = (options: object): Step => ({ fault: definition.name, options, definition });
  return Object.assign(make, { definition });
}
