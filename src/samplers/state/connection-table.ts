import { SYN_FRESH_S } from "../../model/connection-table.ts";

/**
 * Backends told apart in one reading; whatever lies beyond is counted together under `OTHERS`.
 */
const BACKENDS_MAX = 100;
export const OTHERS = "others";

/** Entries of one backend. */
export interface BackendEntries {
  /** By TCP state. */
  readonly states: Map<string, number>;
  /** In SYN_SENT with a last SYN of at most `SYN_FRESH_S`; null: that cannot be known. */
  readonly tried: number | null;
}

/**
 * The clients' connection table, counted while its lines come. The backend of a connection is where
 * its answers would come from: the source of the reply direction, behind all rewriting.
 */
export class ConnectionTable {
  readonly #states = new Map<string, Map<string, number>>();
  readonly #tried = new Map<string, number>();
  readonly #synTimeoutS: number | null;

  /**
   * `synTimeoutS`: what an entry in SYN_SENT is given at each SYN. What is left of it tells how old
   * the last SYN is.
   */
  constructor(synTimeoutS: number | null) {
    this.#synTimeoutS = synTimeoutS;
  }

  /** A line of `conntrack -L`; what is no TCP entry is passed over. */
  take(line: string): void {
    const [, leftS, state = "", reply = ""] = ENTRY.exec(line) ?? [];
    if (leftS === undefined) return;
    const known = this.#states.has(reply) || this.#states.size < BACKENDS_MAX;
    const backend = known ? reply : OTHERS;
    const states = this.#states.get(backend) ?? new Map<string, number>();
    this.#states.set(backend, states);
    states.set(state, (states.get(state) ?? 0) + 1);
    if (state !== "SYN_SENT" || this.#synTimeoutS === null) return;
    if (this.#synTimeoutS - Number(leftS) > SYN_FRESH_S) return;
    this.#tried.set(backend, (this.#tried.get(backend) ?? 0) + 1);
  }

  /** By the backend's address. */
  backends(): ReadonlyMap<string, BackendEntries> {
    const knows = this.#synTimeoutS !== null;
    return new Map(
      [...this.#states].map(([backend, states]) => [
        backend,
        { states, tried: knows ? (this.#tried.get(backend) ?? 0) : null },
      ]),
    );
  }
}

/** Seconds left, state, and the source of the last direction, which is the reply's. */
const ENTRY = /^tcp +6 +(\d+) +([A-Z_0-9]+) .* src=(\S+) /;
