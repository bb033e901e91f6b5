import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { nowUs } from "../../src/agents/monotonic.ts";
import { nodeAgentInjector } from "../../src/injectors/node-agent.ts";
import type { InjectorBench } from "../../src/testing/injector-contract.ts";
import { deviceBench } from "./benches/devices.ts";
import type { EffectBench } from "./effect-bench.ts";
import { endAll, exited, freezeAll, processesWith, startProgram, until } from "./holder-process.ts";
import { AGENTS, localApi, NODE } from "./local-agent-api.ts";

export type { EffectBench } from "./effect-bench.ts";

/** A node agent under its init; it holds `effects`, by default two devices in its folder. */
export async function agentBench(
  effects?: EffectBench,
): Promise<InjectorBench & { readonly folder: string }> {
  const folder = mkdtempSync(join(tmpdir(), "ninety-agent-"));
  const socket = join(folder, "agent.sock");
  const { effect, mark, isThere, close, ...of } = effects ?? deviceBench(join(folder, "gpus"));
  const env = {
    NINETY_AGENT_SOCKET: socket,
    NINETY_JOURNAL: join(folder, "effects"),
    ...of.env,
  };
  const init = startProgram(join(AGENTS, "init.ts"), { env });
  init.stderr?.resume();
  await until("the agent listens", () => existsSync(socket));
  const monotonicStartUs = nowUs();
  const injector = nodeAgentInjector({ api: localApi(env), monotonicStartUs });
  const agentOf = (): readonly number[] =>
    processesWith("src/agents/node-agent.ts").filter((pid) => isChildOf(pid, init.pid ?? 0));
  const carriers = (): readonly number[] => processesWith("effect-child.ts", folder);
  return {
    folder,
    injector,
    effect,
    foreign: { kind: "power", node: NODE },
    isThere,
    nowUs: () => nowUs() - monotonicStartUs,
    breaks: {
      holder: () => endAll(agentOf()),
      carrierOf: (effect) => endAll(carriers().filter((pid) => carries(pid, mark(effect)))),
      freeze: () => freezeAll(agentOf()),
      all: () => endAll([...agentOf(), ...carriers()]),
    },
    close: async () => {
      injector.close();
      init.kill("SIGTERM");
      const code = await exited(init);
      await until("no carrier is left", () => carriers().length === 0);
      await close();
      rmSync(folder, { recursive: true, force: true });
      if (code !== 0) throw new Error(`the node agent must end with code 0, got ${code}`);
    },
  };
}

function isChildOf(pid: number, parent: number): boolean {
  return readFileSync(`/proc/${pid}/status`, "utf8").includes(`PPid:\t${parent}\n`);
}

function carries(pid: number, mark: string): boolean {
  const entry = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").at(-2) ?? "";
  return readFileSync(entry, "utf8").includes(mark);
}
