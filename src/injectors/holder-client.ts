import { setTimeout as sleep } from "node:timers/promises";

import type { HeldNow } from "../model/agent-protocol.ts";
import type { Held, Lease } from "../model/effect.ts";
import { EXIT, messageOf, NinetyError, type ExitCode } from "../model/error.ts";
import type { Us } from "../model/quantity.ts";
import { clockAheadUs, type Exchange } from "./holder-clock.ts";
import { LineClient, type Ask, type OpenSession } from "./line-client.ts";

const HELLOS = 3;
const QUICK_MAX_MS = 4_000;
const START_MAX_MS = 30_000;
const LEAD_MAX_MS = 5_000;
/** A machine that boots again takes its time. */
const STOP_MAX_MS = 28_000;

const nowUs = (): Us => Number(process.hrtime.bigint() / 1_000n);

/** One holder, asked over one session; its stamps come out on the run's clock. */
export class HolderClient {
  readonly #line: LineClient;
  readonly #monotonicStartUs: Us;
  readonly #leaseEnds = new Map<string, { readonly leaseMs: number; endsUs: Us }>();
  #ahead: Promise<Us> | null = null;

  constructor(name: string, open: OpenSession, monotonicStartUs: Us) {
    this.#line = new LineClient(name, open);
    this.#monotonicStartUs = monotonicStartUs;
  }

  async start(held: Held, lease: Lease, signal: AbortSignal): Promise<Us> {
    const aheadUs = await this.#aheadUs(signal);
    const answer = await this.#ask({ do: "start", held, lease }, START_MAX_MS, signal);
    const endsUs = nowUs() + lease.leaseMs * 1_000;
    this.#leaseEnds.set(held.id, { leaseMs: lease.leaseMs, endsUs });
    // What would hold back its own answer comes after it.
    const leftMs = (answer.stampUs - aheadUs - nowUs()) / 1_000;
    if (leftMs > 0) await sleep(Math.min(leftMs, LEAD_MAX_MS), undefined, { signal });
    return this.#onRunClock(answer.stampUs, aheadUs);
  }

  /**
   * Those that are still held. A holder that cannot be asked is taken to hold what it held until
   * the lease it was last given has run out: by then it has ended the effect by itself.
   */
  async renew(ids: readonly string[], signal: AbortSignal): Promise<readonly string[]> {
    const askedUs = nowUs();
    try {
      const { held = [] } = await this.#ask({ do: "renew", ids }, QUICK_MAX_MS, signal);
      const renewed = held.map((one) => one.held.id);
      for (const id of ids) {
        const known = this.#leaseEnds.get(id);
        if (!renewed.includes(id)) this.#leaseEnds.delete(id);
        else if (known !== undefined) known.endsUs = askedUs + known.leaseMs * 1_000;
      }
      return renewed;
    } catch {
      return ids.filter((id) => nowUs() < (this.#leaseEnds.get(id)?.endsUs ?? 0));
    }
  }

  async stop(held: Held, signal: AbortSignal): Promise<void> {
    this.#leaseEnds.delete(held.id);
    await this.#ask({ do: "stop", held }, STOP_MAX_MS, signal, EXIT.healFailed);
  }

  async list(signal: AbortSignal): Promise<readonly HeldNow[]> {
    const aheadUs = await this.#aheadUs(signal);
    const { held = [] } = await this.#ask({ do: "list" }, QUICK_MAX_MS, signal);
    return held.map((one) => ({
      held: one.held,
      sinceUs: this.#onRunClock(one.sinceUs, aheadUs),
      leaseEndsUs: this.#onRunClock(one.leaseEndsUs, aheadUs),
      deadlineUs: this.#onRunClock(one.deadlineUs, aheadUs),
    }));
  }

  close(): void {
    this.#line.close();
  }

  #onRunClock(stampUs: Us, aheadUs: Us): Us {
    return stampUs - aheadUs - this.#monotonicStartUs;
  }

  /** Measured once: monotonic clocks drift apart by less than a round trip in a run. */
  async #aheadUs(signal: AbortSignal): Promise<Us> {
    if (this.#ahead === null) {
      const ahead = this.#measureAhead(signal);
      this.#ahead = ahead;
      ahead.catch(() => {
        if (this.#ahead === ahead) this.#ahead = null;
      });
    }
    return this.#ahead;
  }

  async #measureAhead(signal: AbortSignal): Promise<Us> {
    const exchanges: Exchange[] = [];
    for (let nth = 0; nth < HELLOS; nth += 1) {
      const askedUs = nowUs();
      const { stampUs } = await this.#ask({ do: "hello" }, QUICK_MAX_MS, signal);
      exchanges.push({ askedUs, stampUs, answeredUs: nowUs() });
    }
    return clockAheadUs(exchanges);
  }

  async #ask(
    ask: Ask,
    withinMs: number,
    signal: AbortSignal,
    exit: ExitCode = EXIT.unknown,
  ): Promise<Awaited<ReturnType<LineClient["ask"]>>> {
    try {
      return await this.#line.ask(ask, withinMs, signal);
    } catch (error) {
      const what = "held" in ask ? `${ask.do} of ${ask.held.id}` : ask.do;
      throw new NinetyError(`${what} failed: ${messageOf(error)}`, { exit, cause: error });
    }
  }
}
