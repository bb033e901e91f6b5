import type { AgentAnswer, AgentAsk, HeldNow, JournalEntry } from "../model/agent-protocol.ts";
import type { EffectKind, Held, Lease } from "../model/effect.ts";
import { EFFECT_FACTS, happensOnce } from "../model/effect-facts.ts";
import { messageOf } from "../model/error.ts";
import type { Us } from "../model/quantity.ts";
import { isOneOf } from "./ask.ts";
import { adoptCarrier, releaseCarrier, spawnCarrier, type Carrier } from "./carrier.ts";
import { loadProgram } from "./effect-program.ts";
import type { Journal } from "./journal.ts";
import {
  adoptLease,
  endLease,
  expireLeases,
  noLeases,
  renewLeases,
  startLease,
  type Leases,
} from "./lease.ts";
import { nowUs } from "./monotonic.ts";
import { lives } from "./process-identity.ts";

const TICK_MS = 200;
/** A child past its lease gets this long to end by itself. */
const GRACE_US = 250_000;
const RETRY_MAX = 20;
const RETRY_SLOWEST_US = 30_000_000;

/** An effect that may be there: from before it is applied until it is known to be undone. */
interface Carried {
  entry: JournalEntry;
  /** Null: no child lives, and the effect is still to be undone. */
  carrier: Carrier | null;
  started: Promise<Us>;
  ending: Promise<void> | null;
  tries: number;
  retryAtUs: Us;
}

export interface HolderOptions {
  readonly journal: Journal;
  /** The kinds of effect that it holds; others are refused. */
  readonly kinds: readonly EffectKind[];
  /** Longest that a child may take to undo before it is ended and the holder undoes itself. */
  readonly releaseMaxMs: number;
  /** For people: what went wrong and is being dealt with. */
  readonly tell: (message: string) => void;
}

/**
 * Holds effects: journal first, then a child process an effect. Undoes by itself what a child could
 * not, at its start what an earlier holder left, and everything at its end.
 */
export class Holder {
  readonly #options: HolderOptions;
  readonly #carried = new Map<string, Carried>();
  /** Effects that happened once, so that asking again does not do them again. */
  readonly #once = new Map<string, Promise<Us>>();
  #leases: Leases;
  #ending = false;
  readonly #ticks: NodeJS.Timeout;

  constructor(options: HolderOptions) {
    this.#options = options;
    this.#leases = noLeases(options.journal.ended());
    for (const entry of options.journal.entries(options.tell)) this.#recover(entry);
    this.#ticks = setInterval(() => this.#tick(), TICK_MS);
  }

  /** One answer for one ask; never throws. */
  async answer(ask: AgentAsk): Promise<AgentAnswer> {
    const re = ask.ask;
    try {
      return { re, ok: true, ...(await this.#do(ask)) };
    } catch (error) {
      return { re, ok: false, message: messageOf(error) };
    }
  }

  async #do(ask: AgentAsk): Promise<{ stampUs: Us; held?: readonly HeldNow[] }> {
    if (ask.do === "start") return { stampUs: await this.#start(ask.held, ask.lease) };
    if (ask.do === "stop") await this.#end(ask.held.id);
    if (ask.do === "list") return { stampUs: nowUs(), held: this.#list() };
    if (ask.do === "renew") {
      const renewed = this.#renew(ask.ids);
      const held = this.#list().filter(({ held }) => renewed.includes(held.id));
      return { stampUs: nowUs(), held };
    }
    return { stampUs: nowUs() };
  }

  /** Releases everything; resolves with what could not be undone. */
  async close(): Promise<readonly string[]> {
    this.#ending = true;
    const failures: string[] = [];
    const release = async (id: string): Promise<void> => {
      try {
        await this.#end(id);
      } catch (error) {
        failures.push(`${id}: ${messageOf(error)}`);
      }
    };
    await Promise.all([...this.#carried.keys()].map(release));
    clearInterval(this.#ticks);
    return failures;
  }

  async #start(held: Held, lease: Lease): Promise<Us> {
    if (this.#ending) throw new Error(`effect ${held.id}: the holder must be there, got ending`);
    if (!isOneOf(this.#options.kinds, held)) {
      const known = this.#options.kinds.join(", ");
      throw new Error(`effect ${held.id}: kind must be ${known}, got ${held.effect.kind}`);
    }
    const again = this.#carried.get(held.id)?.started ?? this.#once.get(held.id);
    const { leases, outcome } = startLease(this.#leases, { held, lease, nowUs: nowUs() });
    if (outcome === "refused") throw new Error(`effect ${held.id} must be new, got one that ended`);
    if (again !== undefined) return again;
    if (happensOnce(held.effect)) return this.#doOnce(held);
    const leased = leases.held.get(held.id);
    if (leased === undefined) throw new Error(`effect ${held.id}: no lease was made`);
    const entry: JournalEntry = { ...leased, childPid: null, childStart: null };
    this.#options.journal.write(entry, true);
    this.#leases = leases;
    return this.#apply(entry);
  }

  async #doOnce(held: Held): Promise<Us> {
    const doing = EFFECT_FACTS[held.effect.kind].hasMiddle
      ? this.#doWhole(held)
      : this.#doNow(held);
    this.#once.set(held.id, doing);
    // A failure may be tried again; a success is remembered like an ended id.
    doing.catch(() => this.#once.delete(held.id));
    for (const id of this.#once.keys()) {
      if (this.#once.size <= 1_000) break;
      this.#once.delete(id);
    }
    return doing;
  }

  async #doNow(held: Held): Promise<Us> {
    const program = await loadProgram(held.effect.kind);
    await program.apply(held.effect, { id: held.id, untilUs: 0 });
    return nowUs();
  }

  /** On the journal while it happens: should this process die, the next one undoes it. */
  async #doWhole(held: Held): Promise<Us> {
    const { journal } = this.#options;
    const atUs = nowUs();
    const ends = { sinceUs: atUs, leaseMs: 0, leaseEndsUs: atUs, deadlineUs: atUs };
    const entry: JournalEntry = { held, childPid: null, childStart: null, ...ends };
    journal.write(entry, true);
    try {
      const stampUs = await this.#doNow(held);
      journal.remove(held.id);
      return stampUs;
    } catch (error) {
      this.#carry(entry, null);
      this.#settle(held.id);
      throw error;
    }
  }

  async #apply(entry: JournalEntry): Promise<Us> {
    const { journal } = this.#options;
    const { id } = entry.held;
    const carrier = spawnCarrier(journal.pathOf(id));
    const carried = this.#carry(
      { ...entry, childPid: carrier.pid, childStart: carrier.start },
      carrier,
    );
    journal.write(carried.entry, false);
    try {
      const sinceUs = await carrier.applied;
      if (!this.#leases.held.has(id))
        throw new Error(`effect ${id} was stopped before it was there`);
      carried.entry = { ...carried.entry, sinceUs };
      this.#remember(carried.entry);
      this.#watch(id, carrier);
      return sinceUs;
    } catch (error) {
      // Its id is not ended: what could not be applied may be asked for again.
      this.#drop(id);
      const undoing = await this.#release(id).then(
        () => null,
        (failure: unknown) => failure,
      );
      if (undoing === null) throw error;
      const both = `${messageOf(error)}; and then undoing: ${messageOf(undoing)}`;
      throw new Error(both, { cause: error });
    }
  }

  /** The stamp of an effect that is there already: not worth undoing it when the disk is full. */
  #remember(entry: JournalEntry): void {
    try {
      this.#options.journal.write(entry, false);
    } catch (error) {
      this.#options.tell(`effect ${entry.held.id}: stamp not written: ${messageOf(error)}`);
    }
  }

  #carry(entry: JournalEntry, carrier: Carrier | null): Carried {
    const started = carrier?.applied ?? Promise.resolve(entry.sinceUs);
    const carried: Carried = { entry, carrier, started, ending: null, tries: 0, retryAtUs: 0 };
    this.#carried.set(entry.held.id, carried);
    return carried;
  }

  #recover(entry: JournalEntry): void {
    const { childPid, childStart } = entry;
    const { id } = entry.held;
    if (childPid !== null && lives(childPid, childStart)) {
      const carrier = adoptCarrier(childPid, childStart, this.#options.journal.pathOf(id));
      const carried = this.#carry(entry, carrier);
      this.#leases = adoptLease(this.#leases, entry);
      carrier.applied.then(
        (sinceUs) => void (carried.entry = { ...carried.entry, sinceUs }),
        () => {},
      );
      this.#watch(id, carrier);
      return;
    }
    this.#carry(entry, null);
    this.#settle(id);
  }

  /** A child that ends unasked has lapsed or was ended by somebody: either way the effect ends. */
  #watch(id: string, carrier: Carrier): void {
    const ended = async (): Promise<void> => {
      await carrier.ended;
      if (this.#carried.get(id)?.carrier === carrier) this.#settle(id);
    };
    void ended();
  }

  #drop(id: string): void {
    const held = new Map(this.#leases.held);
    held.delete(id);
    this.#leases = { ...this.#leases, held };
  }

  #renew(ids: readonly string[]): readonly string[] {
    const { leases, renewed } = renewLeases(this.#leases, ids, nowUs());
    this.#leases = leases;
    for (const id of renewed) {
      const carried = this.#carried.get(id);
      const leaseEndsUs = leases.held.get(id)?.leaseEndsUs;
      if (carried === undefined || leaseEndsUs === undefined) continue;
      carried.entry = { ...carried.entry, leaseEndsUs };
      this.#options.journal.write(carried.entry, false);
    }
    return renewed;
  }

  #list(): readonly HeldNow[] {
    return [...this.#carried.values()].map(({ entry }) => ({
      held: entry.held,
      sinceUs: entry.sinceUs,
      leaseEndsUs: entry.leaseEndsUs,
      deadlineUs: entry.deadlineUs,
    }));
  }

  /** For good, held or not. */
  async #end(id: string): Promise<void> {
    this.#leases = endLease(this.#leases, id);
    // The undo must not wait for a mark that a full disk refuses.
    try {
      this.#options.journal.markEnded(id);
    } catch (error) {
      this.#options.tell(`effect ${id}: its end is remembered in memory only: ${messageOf(error)}`);
    }
    await this.#release(id);
  }

  /** Ends an effect that nobody asked to end; what fails is tried again by the tick. */
  #settle(id: string): void {
    this.#end(id).catch((error: unknown) => {
      this.#options.tell(`effect ${id}: could not be undone yet: ${messageOf(error)}`);
    });
  }

  #release(id: string): Promise<void> {
    const carried = this.#carried.get(id);
    if (carried === undefined) return Promise.resolve();
    carried.ending ??= this.#undo(id, carried);
    return carried.ending;
  }

  async #undo(id: string, carried: Carried): Promise<void> {
    const { held } = carried.entry;
    try {
      const { carrier } = carried;
      const { undone } = carrier
        ? await releaseCarrier(carrier, this.#options.releaseMaxMs)
        : { undone: false };
      carried.carrier = null;
      if (!undone) await (await loadProgram(held.effect.kind)).undo(held.effect, held.id);
      this.#carried.delete(id);
      this.#options.journal.remove(id);
    } catch (error) {
      carried.ending = null;
      carried.tries += 1;
      carried.retryAtUs = nowUs() + Math.min(RETRY_SLOWEST_US, 500_000 * 2 ** carried.tries);
      throw error;
    }
  }

  #tick(): void {
    const atUs = nowUs();
    for (const { held } of expireLeases(this.#leases, atUs - GRACE_US).lapsed)
      this.#settle(held.id);
    for (const [id, { carrier, ending, tries, retryAtUs }] of this.#carried) {
      const due = carrier === null && ending === null && atUs >= retryAtUs;
      if (due && tries > 0 && tries < RETRY_MAX) this.#settle(id);
    }
  }
}
