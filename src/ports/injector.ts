import type { HeldNow } from "../model/agent-protocol.ts";
import type { Effect, Held, Lease } from "../model/effect.ts";
import type { Us } from "../model/quantity.ts";

/** `unleased`: why it would hold the effect without a lease, so that it could outlive us. */
export type Acceptance =
  | { readonly means: string; readonly unleased?: string }
  | { readonly refused: string };

/** Whoever can hold effects: node agent, guard. One contract suite for all. */
export interface Injector {
  readonly name: string;
  /** How it would hold this very effect, or why it cannot; asked before anything is touched. */
  accepts(effect: Effect): Acceptance;
  /**
   * Resolves with the holder's own stamp of the effect, on the run's clock. Refuses an id that was
   * stopped before: a late start must not outlive its stop.
   */
  start(held: Held, lease: Lease, signal: AbortSignal): Promise<Us>;
  /** Answers the ids that are still held: a missing one has lapsed. */
  renew(ids: readonly string[], signal: AbortSignal): Promise<readonly string[]>;
  /** Idempotent, a tombstone for the id, and right without any start. */
  stop(held: Held, signal: AbortSignal): Promise<void>;
  /** All it holds, whoever asked for it: for sweep, never for proof. */
  list(signal: AbortSignal): Promise<readonly HeldNow[]>;
}
