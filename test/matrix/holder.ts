// A holder as it runs on a node or beside a cluster, started again a second after it died.
import type { ChildProcess } from "node:child_process";
import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { filesBelow } from "../../src/artifacts/content-hash.ts";
import type { GuardConfig } from "../../src/model/agent-protocol.ts";
import type { EffectKind } from "../../src/model/effect.ts";
import { EFFECT_FACTS } from "../../src/model/effect-facts.ts";
import type { EffectBench } from "../support/effect-bench.ts";
import { exited, processesWith, startProgram, until } from "../support/holder-process.ts";
import { AGENTS } from "../support/local-agent-api.ts";
import type { HolderAt } from "./step.ts";

const AGAIN_MS = 1_000;
const TOLD_MAX_CHARS = 4_096;

export interface MatrixHolder {
  readonly at: HolderAt;
  /** Null: it is dead, and not yet started again. */
  readonly pid: () => number | null;
  readonly carriers: () => readonly number[];
  /** Files in its journal of what may be held, or is to be put back. */
  readonly journalled: () => readonly string[];
  /** The last that it said. */
  readonly told: () => string;
  readonly close: () => Promise<void>;
}

/** `folder`: of its socket and its journal, and of nobody else. */
export async function startHolder(
  kind: EffectKind,
  bench: EffectBench,
  folder: string,
): Promise<MatrixHolder> {
  const { at, journal, start } = holderOf(kind, bench, folder);
  mkdirSync(journal, { recursive: true });
  let told = "";
  let ending = false;
  let child: ChildProcess | null = null;
  const run = (): void => {
    if (ending) return;
    const one = start();
    child = one;
    one.stdout?.resume();
    one.stderr?.setEncoding("utf8").on("data", (text: string) => {
      told = (told + text).slice(-TOLD_MAX_CHARS);
    });
    one.once("exit", () => {
      if (child === one) child = null;
      setTimeout(run, AGAIN_MS);
    });
  };
  run();
  await until("the holder listens", () => existsSync(at.socket));
  const carriers = (): readonly number[] => processesWith("effect-child.ts", folder);
  return {
    at,
    pid: () => child?.pid ?? null,
    carriers,
    journalled: () => filesBelow(journal).filter((name) => !name.startsWith("ended/")),
    told: () => told,
    close: async () => {
      ending = true;
      const last = child;
      if (last === null) return;
      last.kill("SIGTERM");
      const code = await exited(last);
      await until("no carrier is left", () => carriers().length === 0);
      if (code !== 0) throw new Error(`the holder must end with code 0, got ${code}: ${told}`);
    },
  };
}

function holderOf(
  kind: EffectKind,
  { env = {}, guard }: EffectBench,
  folder: string,
): {
  readonly at: HolderAt;
  readonly journal: string;
  readonly start: () => ChildProcess;
} {
  const socket = join(folder, "holder.sock");
  const journal = join(folder, "journal");
  if (EFFECT_FACTS[kind].doneBy === "node") {
    const own = { ...env, NINETY_AGENT_SOCKET: socket, NINETY_JOURNAL: journal };
    const start = (): ChildProcess => startProgram(join(AGENTS, "node-agent.ts"), { env: own });
    return { at: { is: "agent", socket }, journal, start };
  }
  if (guard === undefined) throw new Error(`bench of ${kind} must say what its guard is told`);
  const { controlPlane = null } = guard;
  const own = { socketPath: socket, journalFolder: journal, controlPlane };
  const config: GuardConfig = { ...guard, ...own };
  const file = join(folder, "guard.json");
  writeFileSync(file, JSON.stringify(config));
  const args = ["--config", file];
  return {
    at: {
      is: "guard",
      socket,
      machines: Object.keys(guard.machines),
      components: controlPlane?.components ?? [],
    },
    journal,
    start: () => startProgram(join(AGENTS, "guard.ts"), { args, env }),
  };
}
