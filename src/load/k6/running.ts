import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import { EXIT, messageOf, NinetyError } from "../../model/error.ts";
import type { Us } from "../../model/quantity.ts";
import type { Request, Sample } from "../../model/request.ts";
import type { HostProcess } from "../../ports/cluster.ts";
import type { RunningLoad } from "../../ports/load.ts";
import { Health } from "./health.ts";
import { LineTail } from "./line-tail.ts";
import { readRawLine, type RawRequest } from "./raw-line.ts";
import { requestOf } from "./request-of.ts";
import { TickAccount } from "./tick-account.ts";

const BEAT_MS = 50;
const HEALTH_EVERY_US = 1_000_000;
/** After the grace of `stop`: for k6 to write its last line, then to obey SIGINT. */
const LAST_LINE_MS = 3_000;
const INTERRUPT_MS = 5_000;
/** Of k6's log and errors, told when it died. */
const TOLD_CHARACTERS = 1_000;

type Exit = Awaited<HostProcess["ended"]>;

export interface Watched {
  readonly process: HostProcess;
  /** The file of `--out record=<path>`. */
  readonly recordPath: string;
  readonly logPath: string;
  readonly scenarios: readonly string[];
  readonly monotonicStartUs: Us;
  readonly onRequest: (request: Request) => void;
  readonly onSample: (sample: Sample) => void;
}

/** One k6 process from its start to its last line. */
export class K6Load implements RunningLoad {
  readonly ended: Promise<void>;
  /** Resolves once each scenario has sent its first request; rejects as `ended` does. */
  readonly begun: Promise<void>;
  readonly #of: Watched;
  readonly #account = new TickAccount();
  readonly #health: Health;
  readonly #waitsFor: Set<string>;
  readonly #begin: PromiseWithResolvers<void> = Promise.withResolvers();
  #told: number | null = null;
  #stopping: Promise<void> | null = null;

  constructor(of: Watched) {
    this.#of = of;
    this.#health = new Health(of.process.pid);
    this.#waitsFor = new Set(of.scenarios);
    this.begun = this.#begin.promise;
    this.ended = this.#follow();
    this.ended.then(undefined, (error: unknown) => this.#begin.reject(error));
    // Whoever awaits them sees the error; until then it is no defect of the process.
    this.begun.catch(() => {});
  }

  stop(graceMs: number): Promise<void> {
    this.#stopping ??= this.#stop(graceMs);
    return this.#stopping;
  }

  async #stop(graceMs: number): Promise<void> {
    const { process, recordPath } = this.#of;
    await writeFile(`${recordPath}.stop.tmp`, String(Math.ceil(graceMs)));
    await rename(`${recordPath}.stop.tmp`, `${recordPath}.stop`);
    if (await this.#endsWithin(graceMs + LAST_LINE_MS)) return;
    process.kill("SIGINT");
    if (await this.#endsWithin(INTERRUPT_MS)) return;
    process.kill("SIGKILL");
    await this.#endsWithin(INTERRUPT_MS);
  }

  async #endsWithin(limitMs: number): Promise<boolean> {
    const timer = new AbortController();
    const settled = this.ended.then(
      () => true,
      () => true,
    );
    const late = sleep(limitMs, false, { signal: timer.signal }).catch(() => false);
    const ended = await Promise.race([settled, late]);
    timer.abort();
    return ended;
  }

  async #follow(): Promise<void> {
    const tail = new LineTail(this.#of.recordPath);
    try {
      const exit = await this.#untilExit(tail);
      await this.#judge(exit);
    } catch (error) {
      this.#of.process.kill("SIGKILL");
      throw error instanceof NinetyError ? error : died(messageOf(error), undefined, error);
    } finally {
      await tail.close();
    }
  }

  async #untilExit(tail: LineTail): Promise<Exit> {
    let exit: Exit | null = null;
    void this.#of.process.ended.then((of) => (exit = of));
    let healthUs = 0;
    for (;;) {
      // Looked at before the file is read: what was written before the end is then read, too.
      const over: Exit | null = exit;
      await tail.read((line) => this.#take(line));
      if (over) return over;
      const nowUs = Number(process.hrtime.bigint() / 1_000n) - this.#of.monotonicStartUs;
      if (nowUs - healthUs >= HEALTH_EVERY_US) {
        healthUs = nowUs;
        for (const sample of await this.#health.samples(nowUs)) this.#of.onSample(sample);
      }
      await sleep(BEAT_MS);
    }
  }

  #take(text: string): void {
    const line = readRawLine(text);
    if (this.#told !== null) throw new Error(`a line after the last one: ${text}`);
    switch (line.is) {
      case "begin":
        return;
      case "scenario":
        this.#waitsFor.delete(line.scenario);
        if (this.#waitsFor.size === 0) this.#begin.resolve();
        return;
      case "in-flight":
        this.#health.inFlight(line.scenario, line.count);
        return;
      case "request":
        this.#request(line.request);
        return;
      case "end":
        this.#told = line.requests;
    }
  }

  #request(raw: RawRequest): void {
    this.#account.add(raw.scenario, raw.tick);
    this.#health.request(raw);
    this.#of.onRequest(requestOf(raw, this.#of.monotonicStartUs));
  }

  /** Complete, and asked to end: anything else is a load that died. */
  async #judge({ code, signal, stderr }: Exit): Promise<void> {
    if (this.#told === null) {
      const log = await readFile(this.#of.logPath, "utf8").catch(() => "");
      const said = `${log}\n${stderr}`.trim().slice(-TOLD_CHARACTERS);
      throw died(
        `k6 must write its last line, but it ended (${signal ?? `exit code ${code}`})`,
        said === "" ? undefined : `k6 said: ${said}`,
      );
    }
    if (this.#told !== this.#account.count) {
      throw died(`its record must hold ${this.#told} requests, got ${this.#account.count}`);
    }
    for (const { scenario, tick } of this.#account.missing()) {
      throw died(`each tick of ${scenario} must be told, but tick ${tick} is missing`);
    }
    if (!this.#stopping) throw died("it must go on until it is stopped, but it ended before");
    // All of it has been handed on.
    await rm(this.#of.recordPath, { force: true });
    await rm(`${this.#of.recordPath}.stop`, { force: true });
  }
}

/** The run is unknown: nobody can say what clients would have seen. */
export function died(why: string, hint?: string, cause?: unknown): NinetyError {
  return new NinetyError(`load died: ${why}`, {
    exit: EXIT.unknown,
    ...(hint === undefined ? {} : { hint }),
    ...(cause === undefined ? {} : { cause }),
  });
}
