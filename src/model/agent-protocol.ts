import type { ControlComponent } from "./component.ts";
import type { Held, Lease } from "./effect.ts";
import type { Ms, Us } from "./quantity.ts";

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
 * What the child that carries one effect says to its holder, one JSON object a line on its standard
 * output. It is given the path of its journal entry, applies, says `applied` with its own stamp and
 * reads the entry again and again: a later `leaseEndsUs` there is a renewal, so renewing outlives
 * the holder. It undoes at SIGTERM (or when the entry is gone), when the lease runs out, and at the
 * deadline; then it says `released` and ends with code 0. Losing its holder changes nothing.
 */
export type ChildAnswer =
  /** `stampUs`: since when it is there; in the future where it would hold back this answer. */
  | { readonly did: "applied"; readonly stampUs: Us }
  | {
      readonly did: "released";
      readonly stampUs: Us;
      readonly why: "asked" | "lapsed" | "deadline";
    }
  /** `undone`: nothing of the effect is there. */
  | { readonly did: "failed"; readonly message: string; readonly undone: boolean };

/** On the node (agent) or in the cluster's state (guard): one file an effect, written before it. */
export interface JournalEntry {
  readonly held: Held;
  readonly childPid: number | null;
  /** Field 22 of /proc/<pid>/stat: tells the child from a later process with its pid. */
  readonly childStart: string | null;
  readonly sinceUs: Us;
  readonly leaseMs: Ms;
  readonly leaseEndsUs: Us;
  readonly deadlineUs: Us;
}

/** The file that the guard is started with. All paths absolute; argv without a shell. */
export interface GuardConfig {
  readonly socketPath: string;
  readonly journalFolder: string;
  /** Null: it changes no API object. */
  readonly api:
    | ({
        /** `https://host:port`; null: that of the cluster whose pod it runs in. */
        readonly server: string | null;
        readonly caFile: string;
      } & (
        | { readonly certFile: string; readonly keyFile: string }
        /** Read anew for each request. */
        | { readonly tokenFile: string }
      ))
    | null;
  /**
   * By node name. Each argv must be idempotent and end within 25 s with code 0; what it leaves
   * running must be in a session of its own.
   */
  readonly machines: Readonly<
    Record<
      string,
      {
        readonly powerOff: readonly string[];
        readonly powerOn: readonly string[];
        /** Off and on. */
        readonly reboot: readonly string[];
      }
    >
  >;
  /** Null: it has no hand on a control plane. */
  readonly controlPlane: {
    /** A cgroup that holds all processes of the control plane, and no others. */
    readonly cgroup: string;
    readonly components: readonly ControlComponent[];
  } | null;
}

/** How often the runner renews. */
export const BEAT_MS = 3_000;
/** Without renewal for this long the holder ends the effect. */
export const LEASE_MS = 10_000;

/** How long effects live without the runner. */
export interface Leasing {
  readonly beatMs: Ms;
  readonly leaseMs: Ms;
  /** The holder ends the effect this long past its planned duration, renewed or not. */
  readonly slackMs: Ms;
}

/** Of every run. */
export const LEASING: Leasing = { beatMs: BEAT_MS, leaseMs: LEASE_MS, slackMs: 30_000 };
