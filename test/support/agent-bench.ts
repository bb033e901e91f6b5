import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { nowUs } from "../../src/agents/monotonic.ts";
import { nodeAgentInjector } from "../../src/injectors/node-agent.ts";
import { deviceNow, type DeviceFile } from "../../src/model/device.ts";
import type { Effect } from "../../src/model/effect.ts";
import type { KubeObject } from "../../src/model/json.ts";
import type { Api, ExecSession } from "../../src/ports/api.ts";
import type { InjectorBench } from "../../src/testing/injector-contract.ts";
import { endAll, exited, freezeAll, processesWith, startProgram, until } from "./holder-process.ts";

const AGENTS = join(import.meta.dirname, "../../src/agents");
const NODE = "n1";

const refuse = (): never => {
  throw new Error("the injector must only list pods and exec");
};

/** An Api whose one agent pod is a process of this machine, with connect.ts as its exec. */
function localApi(env: object): Api {
  const pod: KubeObject = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: "node-agent-1",
      namespace: "ninety-system",
      labels: { "ninety/part": "node-agent" },
    },
    spec: { nodeName: NODE },
    status: { containerStatuses: [{ name: "agent", state: { running: {} } }] },
  };
  return {
    get: refuse,
    apply: refuse,
    call: refuse,
    watch: refuse,
    list: async (path) => (path === "api/v1/namespaces/ninety-system/pods" ? [pod] : refuse()),
    exec: async (_pod, argv, signal) => {
      const program = argv.at(-1)?.replace("/app/src/agents", AGENTS) ?? "";
      return session(startProgram(program, { env }), signal);
    },
  };
}

function session(child: ReturnType<typeof startProgram>, signal?: AbortSignal): ExecSession {
  let buffer = "";
  let stderr = "";
  const takers: ((line: string) => void)[] = [];
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
    const lines = (buffer + chunk).split("\n");
    buffer = lines.pop() ?? "";
    for (const line of lines) for (const take of takers) take(line);
  });
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
  child.stdin?.on("error", () => {});
  signal?.addEventListener("abort", () => child.kill());
  return {
    send: (line) => void child.stdin?.write(`${line}\n`),
    onLine: (take) => void takers.push(take),
    ended: exited(child).then((code) => ({ code, stderr })),
    close: () => void child.kill(),
  };
}

/** Two effects of one kind that can be had on this machine, apart from each other. */
export interface EffectBench {
  readonly effect: (nth: 0 | 1) => Effect;
  /** Text of its journal entry that no other effect's has. */
  readonly mark: (effect: Effect) => string;
  readonly isThere: (effect: Effect) => boolean;
  readonly close: () => Promise<void>;
}

/** Two devices in a folder. */
function deviceBench(devices: string): EffectBench {
  const device = (effect: Effect): string => (effect.kind === "gpu-state" ? effect.gpu.device : "");
  for (const nth of [0, 1]) mkdirSync(join(devices, `GPU-n1-${nth}`), { recursive: true });
  return {
    effect: (nth) => gpuState(`GPU-n1-${nth}`),
    mark: (effect) => `"device":"${device(effect)}"`,
    isThere: (effect) => isDisturbed(join(devices, device(effect), "state.json")),
    close: async () => {},
  };
}

/** A node agent under its init; it holds `effects`, by default two devices in its folder. */
export async function agentBench(
  effects?: EffectBench,
): Promise<InjectorBench & { readonly folder: string }> {
  const folder = mkdtempSync(join(tmpdir(), "ninety-agent-"));
  const devices = join(folder, "gpus");
  const socket = join(folder, "agent.sock");
  const { effect, mark, isThere, close } = effects ?? deviceBench(devices);
  const env = {
    NINETY_AGENT_SOCKET: socket,
    NINETY_JOURNAL: join(folder, "effects"),
    NINETY_DEVICE_ROOT: devices,
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

export const gpuState = (device: string): Extract<Effect, { kind: "gpu-state" }> => ({
  kind: "gpu-state",
  gpu: { kind: "gpu", node: NODE, device, holder: null },
  state: "crash",
  signal: true,
  symptom: true,
});

function isDisturbed(path: string): boolean {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return false;
  }
  return deviceNow(JSON.parse(text) as DeviceFile, nowUs()).state !== "ok";
}

function isChildOf(pid: number, parent: number): boolean {
  return readFileSync(`/proc/${pid}/status`, "utf8").includes(`PPid:\t${parent}\n`);
}

function carries(pid: number, mark: string): boolean {
  const entry = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").at(-2) ?? "";
  return readFileSync(entry, "utf8").includes(mark);
}
