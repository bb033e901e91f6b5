import type { Held, Lease } from "./effect.ts";
import type { Us } from "./quantity.ts";

/**
 * What the engine says to a holder of effects (node agent, guard), one JSON object a line, over
 * the standard streams of one long exec or over a unix socket. `re` names the ask it answers.
 * Stamps are CLOCK_MONOTONIC in microseconds, of the holder's machine.
 */
export type AgentAsk = { readonly ask: number } & (
  | { readonly do: "hello" }
  | { readonly do: "start"; readonly held: Held; readonly lease: Lease }
  | { readonly do: "renew"; readonly ids: readonly string[] }
  | { readonly do: "stop"; readonly held: Held }
  | { readonly do: "list" }
);

export type AgentAnswer = { readonly re: number } & (
  | { readonly ok: true; readonly stampUs: Us; readonly held?: readonly HeldNow[] }
  | { readonly ok: false; readonly message: string }
);

/** One effect as its holder knows it. */
export interface HeldNow {
  readonly held: Held;
  readonly sinceUs: Us;
  readonly leaseEndsUs: Us;
  readonly deadlineUs: Us;
}

/**
 * Between a holder and the child that carries one effect, one JSON object a line on the child's
 * standard streams. The child applies, answers `applied` with its stamp, and undoes by itself when
 * told `release`, when the lease runs out, and at the deadline; then it answers `released` and ends.
 * Losing its parent changes nothing: the lease runs on.
 */
export type ChildAsk =
  | { readonly do: "apply"; readonly held: Held; readonly leaseEndsUs: Us; readonly deadlineUs: Us }
  | { readonly do: "renew"; readonly leaseEndsUs: Us }
  | { readonly do: "release" };
export type ChildAnswer =
  | { readonly did: "applied"; readonly stampUs: Us }
  | {
      readonly did: "released";
      readonly stampUs: Us;
      readonly why: "asked" | "lapsed" | "deadline";
    }
  | { readonly did: "failed"; readonly message: string };

/** On the node (agent) or in the cluster's state (guard): one file an effect, written before it. */
export interface JournalEntry {
  readonly held: Held;
  readonly childPid: number | null;
  readonly sinceUs: Us;
  readonly leaseEndsUs: Us;
  readonly deadlineUs: Us;
}

/** How often the runner renews. */
export const BEAT_MS = 3_000;
/** Without renewal for this long the holder ends the effect. */
export const LEASE_MS = 10_000;
/** Past the planned duration, renewed or not. */
export const DEADLINE_SLACK_MS = 30_000;
