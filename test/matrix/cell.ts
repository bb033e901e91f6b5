// One cell: a step is begun over a real holder, somebody is killed at one moment of it, and what
// is left is looked at until nothing is, and once more after it was healed twice.
import type { ChildProcess } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

import { cutsControlPath } from "../../src/kernel/lease.ts";
import { randomOf } from "../../src/kernel/prng.ts";
import type { Leasing } from "../../src/model/agent-protocol.ts";
import type { Effect } from "../../src/model/effect.ts";
import { happensOnce } from "../../src/model/effect-facts.ts";
import type { Ms } from "../../src/model/quantity.ts";
import type { EffectBench } from "../support/effect-bench.ts";
import { exited, processesWith, startProgram, until } from "../support/holder-process.ts";
import { nameOf, type Cell, type Moment } from "./cells.ts";
import { startHolder, type MatrixHolder } from "./holder.ts";
import { BENCHES } from "./registry.ts";
import type { Step } from "./step.ts";

/** Past the lease, until nothing may be left. */
export const PAST_LEASE_MS = 5_000;
/** Quick, so that a cell takes seconds. */
export const QUICK: Leasing = { beatMs: 300, leaseMs: 1_000, slackMs: 1_500 };
/** A moment that a busy machine missed is waited for again, with all times twice as long. */
const TRIES_MAX = 4;

/** Longer than a lease and all that is done meanwhile: only a lease or a heal ends it. */
const LONG_HOLD_MS = 60_000;
const SHORT_HOLD_MS = 1_000;
/** Until it was renewed and somebody was killed. */
const RENEWED_HOLD_MS = 2_500;
const LOOK_MS = 50;
/** Nothing was left for so long: what was on its way has arrived. */
const STILL_MS = 500;
const REACH_MAX_MS = 15_000;
const END_MAX_MS = 60_000;
/** How long after a moment the kill comes, at most. */
const KILL_WITHIN_MS: Readonly<Record<Moment, Ms>> = {
  "before inject": 0,
  "during inject": 500,
  after: 200,
  "during heal": 60,
};

export interface CellEnd {
  /** From the kill, or from the heal where the runner lived to ask for it. */
  readonly cleanMs: Ms;
  /** How long the effect could have lived without anybody. */
  readonly leaseMs: Ms;
}

let made = 0;

/** The step was over before it came to the moment: nothing was killed, and nothing is known. */
class NotMet extends Error {}

/** Throws what did not hold, with what was said by whom. */
export async function runCell(cell: Cell, seed: string, leasing = QUICK): Promise<CellEnd> {
  for (let tries = 1; ; tries += 1) {
    const times = 2 ** (tries - 1);
    try {
      return await tryCell(cell, { seed, leasing, times });
    } catch (error) {
      if (!(error instanceof NotMet) || tries >= TRIES_MAX) throw error;
    }
  }
}

async function tryCell(
  cell: Cell,
  of: { readonly seed: string; readonly leasing: Leasing; readonly times: number },
): Promise<CellEnd> {
  const { seed, times } = of;
  const { beatMs, leaseMs, slackMs } = of.leasing;
  made += 1;
  // Before anything is waited for: cells run side by side.
  const run = `kills-${process.pid}-${made}`;
  const disturbed = await BENCHES[cell.kind]();
  const folder = mkdtempSync(join(tmpdir(), "ninety-cell-"));
  const holder = await startHolder(cell.kind, disturbed, folder);
  const effect = disturbed.effect(0);
  const step: Step = {
    run,
    folder: join(folder, "record"),
    holder: holder.at,
    effect,
    leasing: { beatMs, leaseMs: leaseMs * times, slackMs: slackMs * times },
    holdMs: holdOf(cell, effect, times),
    waitsAt: cell.moment,
  };
  const runner = new Runner(step, folder);
  try {
    return await new Killing(cell, { step, bench: disturbed, holder, runner, folder }).run(seed);
  } catch (error) {
    if (error instanceof NotMet) throw error;
    const said = `holder: ${holder.told().trim()}\nrunner: ${runner.told().trim()}`;
    throw new Error(`${nameOf(cell)}: ${String(error)}\n${said}`, { cause: error });
  } finally {
    runner.end();
    try {
      await holder.close();
    } finally {
      await disturbed.close();
      rmSync(folder, { recursive: true, force: true });
    }
  }
}

function holdOf({ moment, killed }: Cell, effect: Effect, times: number): Ms | null {
  if (happensOnce(effect)) return null;
  const runnerLives = killed === "holder";
  const isShort = runnerLives || moment === "during heal" || cutsControlPath(effect);
  if (!isShort) return LONG_HOLD_MS;
  return (moment === "after" ? RENEWED_HOLD_MS : SHORT_HOLD_MS) * times;
}

/** The runner's process, and where it has been. */
class Runner {
  readonly process: ChildProcess;
  readonly #atMs = new Map<string, number>();
  #stderr = "";

  constructor(step: Step, folder: string) {
    const file = join(folder, "step.json");
    writeFileSync(file, JSON.stringify(step));
    this.process = startProgram(join(import.meta.dirname, "runner-process.ts"), { args: [file] });
    let buffer = "";
    this.process.stdout?.setEncoding("utf8").on("data", (text: string) => {
      const lines = (buffer + text).split("\n");
      buffer = lines.pop() ?? "";
      for (const line of lines) {
        const { at } = JSON.parse(line) as { readonly at: Moment };
        if (!this.#atMs.has(at)) this.#atMs.set(at, performance.now());
      }
    });
    this.process.stderr?.setEncoding("utf8").on("data", (text: string) => (this.#stderr += text));
    this.process.stdin?.on("error", () => {});
  }

  atMs(moment: Moment): number | undefined {
    return this.#atMs.get(moment);
  }

  isOver(): boolean {
    return this.process.exitCode !== null || this.process.signalCode !== null;
  }

  told(): string {
    return `${[...this.#atMs.keys()].join(", ")}; ${this.#stderr.slice(-2_000)}`;
  }

  async reach(moment: Moment): Promise<void> {
    const untilMs = performance.now() + REACH_MAX_MS;
    while (this.atMs(moment) === undefined) {
      if (this.isOver() || performance.now() > untilMs) {
        throw new NotMet(`the runner must get to ${moment}, got no further than ${this.told()}`);
      }
      await sleep(LOOK_MS / 10);
    }
  }

  goOn(): void {
    this.process.stdin?.write("\n");
  }

  end(): void {
    if (!this.isOver()) this.process.kill("SIGKILL");
  }
}

class Killing {
  readonly #cell: Cell;
  readonly #step: Step;
  readonly #bench: EffectBench;
  readonly #holder: MatrixHolder;
  readonly #runner: Runner;
  readonly #folder: string;

  constructor(
    cell: Cell,
    of: {
      readonly step: Step;
      readonly bench: EffectBench;
      readonly holder: MatrixHolder;
      readonly runner: Runner;
      readonly folder: string;
    },
  ) {
    this.#cell = cell;
    this.#step = of.step;
    this.#bench = of.bench;
    this.#holder = of.holder;
    this.#runner = of.runner;
    this.#folder = of.folder;
  }

  async run(seed: string): Promise<CellEnd> {
    const { moment } = this.#cell;
    await this.#runner.reach(moment);
    const random = randomOf(seed, nameOf(this.#cell));
    await sleep(random() * KILL_WITHIN_MS[moment]);
    const killedMs = performance.now();
    this.#kill();
    this.#runner.goOn();
    const end = await this.#clean(killedMs);
    await this.#heals();
    return end;
  }

  #kill(): void {
    const { killed } = this.#cell;
    const pid = this.#holder.pid();
    if (pid === null) throw new Error("the holder must live until it is killed, got none");
    if (killed !== "holder") this.#runner.process.kill("SIGKILL");
    if (killed !== "runner") process.kill(pid, "SIGKILL");
    if (killed === "all") for (const one of this.#holder.carriers()) kill(one);
  }

  /** Resolves once nothing is left, and nothing has been for a while. */
  async #clean(killedMs: number): Promise<CellEnd> {
    const { effect, leasing, holdMs } = this.#step;
    const leaseMs = cutsControlPath(effect) ? (holdMs ?? 0) + leasing.slackMs : leasing.leaseMs;
    let fromMs = killedMs;
    let lastMs = killedMs;
    for (;;) {
      const left = await this.#left();
      const nowMs = performance.now();
      const healMs = this.#cell.killed === "holder" ? this.#runner.atMs("during heal") : undefined;
      fromMs = Math.max(killedMs, healMs ?? killedMs);
      const runs = !this.#runner.isOver();
      if (left.length > 0 || runs) lastMs = nowMs;
      const isBounded = this.#cell.killed !== "holder" || healMs !== undefined;
      if (isBounded && left.length > 0 && nowMs - fromMs > leaseMs + PAST_LEASE_MS) {
        throw new Error(`nothing must be left, got ${left.join(", ")}`);
      }
      if (runs && nowMs - killedMs > END_MAX_MS)
        throw new Error("the runner must end, it does not");
      if (nowMs - lastMs > STILL_MS && this.#holder.pid() !== null) break;
      await sleep(LOOK_MS);
    }
    const code = await exited(this.#runner.process);
    if (this.#cell.killed === "holder" && code !== 0) {
      throw new Error(
        `the runner must heal with a holder that was started again, got code ${code}`,
      );
    }
    return { cleanMs: Math.max(0, Math.round(lastMs - fromMs)), leaseMs };
  }

  async #left(): Promise<readonly string[]> {
    const { run, effect } = this.#step;
    const carriers = this.#holder.carriers();
    const others = processesWith(`${run}/`).filter((pid) => !carriers.includes(pid));
    return [
      ...((await this.#bench.isThere(effect)) ? [`the effect (${effect.kind})`] : []),
      ...this.#holder.journalled().map((name) => `journal entry ${name}`),
      ...carriers.map((pid) => `carrier ${pid}`),
      ...others.map((pid) => `process ${pid}`),
    ];
  }

  /** From the events alone: all that there are, and those up to the begin; each must do no harm. */
  async #heals(): Promise<void> {
    const { folder, effect } = this.#step;
    const begun = join(this.#folder, "begun");
    cpSync(folder, begun, { recursive: true });
    const events = join(begun, "events.ndjson");
    const lines = readFileSync(events, "utf8").split("\n");
    const nth = lines.findIndex((line) => line.includes('"edge":"inject-begin"'));
    if (nth < 0) throw new Error("the record must tell that the step was begun, it does not");
    writeFileSync(events, `${lines.slice(0, nth + 1).join("\n")}\n`);
    const before = this.#bench.times?.(effect) ?? 0;
    for (const record of [folder, begun]) {
      const code = await this.#heal(record);
      if (code !== 0) throw new Error(`heal must end with code 0, got ${code}`);
    }
    const left = await this.#left();
    if (left.length > 0) throw new Error(`healing must leave nothing, got ${left.join(", ")}`);
    // A session of a runner that was killed, say.
    await until("nobody who was started for this cell is left", () => {
      return startedFor(this.#folder).every((pid) => pid === this.#holder.pid());
    });
    this.#judgeTimes(before);
  }

  #judgeTimes(before: number): void {
    const { moment, killed } = this.#cell;
    const times = this.#bench.times?.(this.#step.effect);
    if (times === undefined) return;
    if (times !== before) throw new Error(`healing must do nothing again, got ${times} times`);
    const most = moment === "before inject" && killed !== "holder" ? 0 : 1;
    if (times > most) throw new Error(`it must have happened ${most} times at most, got ${times}`);
  }

  async #heal(record: string): Promise<number | null> {
    const file = join(this.#folder, "heal.json");
    writeFileSync(file, JSON.stringify({ ...this.#step, folder: record }));
    const program = join(import.meta.dirname, "heal-process.ts");
    const child = startProgram(program, { args: [file] });
    child.stderr?.pipe(process.stderr);
    return exited(child);
  }
}

/** By what they were told in their environment: the holder, and who was started by it. */
function startedFor(folder: string): readonly number[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      return readFileSync(`/proc/${name}/environ`, "utf8").includes(folder) ? [Number(name)] : [];
    } catch {
      return [];
    }
  });
}

function kill(pid: number): void {
  try {
    process.kill(pid, "SIGKILL");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}
