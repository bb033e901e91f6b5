import { CONNECTIONS, CONNECTIONS_WAITING } from "../model/connection-table.ts";
import { messageOf } from "../model/error.ts";
import type { PlannedPart } from "../model/plan.ts";
import type { Us } from "../model/quantity.ts";
import type { Sampler } from "../ports/sampler.ts";
import { ConnectionTable, OTHERS, waitingSocket } from "./state/connection-table.ts";
import { endpointAddresses, type EndpointAddress } from "./state/endpoint-addresses.ts";

/** A reading of 14,000 entries takes 75 ms of a CPU in conntrack and 10 ms here: 2 % of one. */
const EVERY_MS = 5_000;
const READ_MAX_MS = 4_000;
/** Of that, for the API server: while it is silent its last word is taken. */
const TOLD_MAX_MS = 1_500;
/** Readings in a row that may fail before there are no more. */
const FAILURES_MAX = 3;
/** More entries than a connection table has by default. */
const LINES_MAX = 1_000_000;
/** Backends whose names are kept, and series that go on with 0. */
const KNOWN_MAX = 1_000;
/** Whether a backend gets traffic, where nobody tells. */
const UNKNOWN = "unknown";

type Surroundings = Parameters<Sampler["run"]>[0];

export const connections: Sampler = {
  name: "connections",
  about:
    "Entries for the service in the load host's connection table, by backend and TCP state, and the " +
    "sockets that wait on them, every 5 s and at the end; where it cannot look it says so once.",
  run: async (of) => {
    const { clock, signal } = of;
    const part = of.plan.stack.find((one) => one.part === of.plan.load.to);
    const service = serviceOf(of, part);
    if (service === null) return;
    const view = new View(of, service);
    while (!signal.aborted) {
      try {
        await clock.until(Math.floor(clock.nowMs() / EVERY_MS + 1) * EVERY_MS, signal);
      } catch (error) {
        if (!signal.aborted) throw error;
      }
      if (!(await view.read())) return;
    }
    await view.end();
  },
};

interface Service {
  readonly address: string;
  readonly port: string;
  /** API path of its endpoint slices. */
  readonly slices: string;
}

function serviceOf(of: Surroundings, part: PlannedPart | undefined): Service | null {
  const [, address = "", port = ""] = /^\[?([^\]]+?)\]?:(\d+)$/.exec(of.clients.address) ?? [];
  if (address === "" || !part || part.service === null) return null;
  const there = part.existing?.namespace;
  const own = there ?? part.objects.map((object) => object.metadata.namespace).find(Boolean);
  const selector = encodeURIComponent(`kubernetes.io/service-name=${part.service.name}`);
  const slices = `apis/discovery.k8s.io/v1/namespaces/${own ?? of.namespace}/endpointslices`;
  return { address, port, slices: `${slices}?labelSelector=${selector}` };
}

/** What was seen so far. */
class View {
  readonly #of: Surroundings;
  readonly #service: Service;
  /** Pods by address, also those that are no endpoints any more. */
  readonly #pods = new Map<string, string>();
  /** Series that were told: one that has no entries any more goes on with 0. */
  readonly #told = new Map<string, { readonly metric: string; readonly tags: Tags }>();
  /** At the reading before; null: there was none. */
  #waiting: ReadonlySet<string> | null = null;
  /** What the API server told last; null: nothing yet. */
  #endpoints: ReadonlyMap<string, EndpointAddress> | null = null;
  #failures = 0;
  #readUs: Us = 0;
  #entries = 0;

  constructor(of: Surroundings, service: Service) {
    this.#of = of;
    this.#service = service;
  }

  /** False: there is nothing more to be had, and that has been told. */
  async read(): Promise<boolean> {
    // Not the signal of the run: the last reading comes when that has aborted.
    const deadline = this.#of.clock.deadline(READ_MAX_MS);
    try {
      await this.#look(deadline);
      this.#failures = 0;
      return true;
    } catch (error) {
      this.#failures += 1;
      const over = this.#failures >= FAILURES_MAX || this.#readUs === 0;
      if (over) await this.#unseen(messageOf(error));
      return !over;
    }
  }

  /** A table without a single entry is not the one that clients' connections are in. */
  async end(): Promise<void> {
    if (this.#readUs === 0 || this.#entries > 0) return;
    await this.#unseen(`the load host's table held no entry for ${this.#of.clients.address}`);
  }

  async #unseen(why: string): Promise<void> {
    const notBeforeUs = this.#readUs;
    const event = { type: "cluster", object: "watch/connections", change: "unseen" } as const;
    await this.#of.append({ ...event, notBeforeUs, detail: { why } });
  }

  async #look(deadline: AbortSignal): Promise<void> {
    const isTold = await this.#askEndpoints(deadline);
    const { host } = this.#of.clients;
    const { address, port } = this.#service;
    // Sockets first: whatever waits by now has its entry.
    const begun = await this.#sockets(deadline);
    const table = new ConnectionTable(begun);
    const list = ["conntrack", "-L", "-p", "tcp", "--orig-dst", address, "--orig-port-dst", port];
    await output(host, list, { take: (line) => table.take(line), deadline });
    const readyOf = (backend: string): string =>
      String(this.#endpoints?.get(backend)?.ready === true);
    this.#put(table, (backend) => (isTold ? readyOf(backend) : UNKNOWN));
  }

  /** False: the API server is silent, and what it told before is all that is known. */
  async #askEndpoints(deadline: AbortSignal): Promise<boolean> {
    const { api, clock } = this.#of;
    try {
      const limit = clock.deadline(TOLD_MAX_MS, deadline);
      this.#endpoints = endpointAddresses(await api.list(this.#service.slices, limit));
    } catch (error) {
      if (this.#endpoints === null) throw error;
      return false;
    }
    for (const [address, { pod }] of this.#endpoints) {
      if (this.#pods.size < KNOWN_MAX || this.#pods.has(address)) this.#pods.set(address, pod);
    }
    return true;
  }

  /** Clients' ends of the sockets that wait now and did not at the reading before. */
  async #sockets(deadline: AbortSignal): Promise<ReadonlySet<string>> {
    const { address, port } = this.#service;
    const begun = new Set<string>();
    const now = new Set<string>();
    const take = (line: string): void => {
      const socket = waitingSocket(line);
      if (socket === null) return;
      now.add(socket.id);
      if (this.#waiting?.has(socket.id) === false) begun.add(socket.end);
    };
    const peer = `${address.includes(":") ? `[${address}]` : address}:${port}`;
    const argv = ["ss", "-tneH", "state", "syn-sent", "dst", peer];
    await output(this.#of.clients.host, argv, { take, deadline });
    this.#waiting = now;
    return begun;
  }

  #put(table: ConnectionTable, readyOf: (address: string) => string): void {
    const atUs = this.#of.clock.nowUs();
    this.#readUs = Math.max(1, atUs);
    const now = new Map<string, number>();
    const count = (metric: string, tags: Tags, value: number): void => {
      const key = JSON.stringify([metric, tags]);
      if (this.#told.size < KNOWN_MAX || this.#told.has(key)) this.#told.set(key, { metric, tags });
      now.set(key, value);
    };
    for (const [address, { states, waiting }] of table.backends()) {
      const ready = address === OTHERS ? UNKNOWN : readyOf(address);
      const pod = this.#pods.get(address) ?? "";
      const tags = { backend: pod === "" ? address : pod, address, ready };
      for (const [state, entries] of states) {
        count(CONNECTIONS, { ...tags, state }, entries);
        this.#entries += entries;
      }
      count(CONNECTIONS_WAITING, tags, waiting);
    }
    for (const [key, { metric, tags }] of this.#told) {
      this.#of.sample({ atUs, metric, value: now.get(key) ?? 0, tags });
    }
  }
}

type Tags = Readonly<Record<string, string>>;

/** Runs a program where clients are, to its end. Throws what it said when it failed or was late. */
async function output(
  host: Surroundings["clients"]["host"],
  argv: readonly string[],
  { take, deadline }: { readonly take: (line: string) => void; readonly deadline: AbortSignal },
): Promise<void> {
  const name = argv[0] ?? "";
  const child = host.start({ argv, env: {}, workFolder: "/" });
  const stop = (): void => child.kill("SIGKILL");
  let lines = 0;
  child.onLine((line) => {
    lines += 1;
    if (lines === LINES_MAX) stop();
    if (lines < LINES_MAX) take(line);
  });
  deadline.addEventListener("abort", stop, { once: true });
  if (deadline.aborted) stop();
  const { code, signal, stderr } = await child.ended;
  deadline.removeEventListener("abort", stop);
  if (deadline.aborted) throw new Error(`${name} must end within ${READ_MAX_MS} ms, it did not`);
  if (lines >= LINES_MAX) throw new Error(`${name} must tell at most ${LINES_MAX} lines, got more`);
  if (code === 0) return;
  const said = stderr.trim().slice(-300);
  throw new Error(`${name} ended with ${code ?? signal ?? "no code"}: ${said}`);
}
