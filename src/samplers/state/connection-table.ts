/**
 * Backends told apart in one reading; whatever lies beyond is counted together under `OTHERS`.
 */
const BACKENDS_MAX = 100;
export const OTHERS = "others";

/** Entries of one backend. */
export interface BackendEntries {
  /** By TCP state. */
  readonly states: ReadonlyMap<string, number>;
  /** In SYN_SENT, with one of the sockets that were given. */
  readonly waiting: number;
}

/**
 * The clients' connection table, counted while its lines come. The backend of a connection is where
 * its answers would come from: the source of the reply direction, behind all rewriting.
 */
export class ConnectionTable {
  readonly #sockets: ReadonlySet<string>;
  readonly #backends = new Map<string, { states: Map<string, number>; waiting: number }>();

  /** `sockets`: clients' ends whose entries are told apart, `10.99.0.50:40000`. */
  constructor(sockets: ReadonlySet<string>) {
    this.#sockets = sockets;
  }

  /** A line of `conntrack -L`; what is no TCP entry is passed over. */
  take(line: string): void {
    const [, state, client = "", port = "", reply = ""] = ENTRY.exec(line) ?? [];
    if (state === undefined) return;
    const known = this.#backends.has(reply) || this.#backends.size < BACKENDS_MAX;
    const name = known ? reply : OTHERS;
    const backend = this.#backends.get(name) ?? { states: new Map<string, number>(), waiting: 0 };
    this.#backends.set(name, backend);
    backend.states.set(state, (backend.states.get(state) ?? 0) + 1);
    if (state === "SYN_SENT" && this.#sockets.has(`${client}:${port}`)) backend.waiting += 1;
  }

  /** By the backend's address. */
  backends(): ReadonlyMap<string, BackendEntries> {
    return this.#backends;
  }
}

/** State, the client's end, and the source of the last direction, which is the reply's. */
const ENTRY = /^tcp +6 +\d+ +([A-Z_0-9]+) +src=(\S+) dst=\S+ sport=(\d+) .* src=(\S+) /;

/** A socket in a line of `ss -tneH state syn-sent`; null: there is none. */
export function waitingSocket(line: string): { readonly id: string; readonly end: string } | null {
  const [, , local, peer] = line.trim().split(/ +/);
  if (local === undefined || peer === undefined) return null;
  const end = local.replace(/[[\]]/g, "");
  // The kernel's cookie: a port may be another socket's a moment later.
  const [id = end] = / sk:\S+/.exec(line) ?? [];
  return { id, end };
}
