import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { nowUs } from "../../src/agents/monotonic.ts";
import { guardInjector } from "../../src/injectors/guard.ts";
import type { GuardConfig } from "../../src/model/agent-protocol.ts";
import type { Effect } from "../../src/model/effect.ts";
import type { InjectorBench } from "../../src/testing/injector-contract.ts";
import { endAll, exited, freezeAll, processesWith, startProgram, until } from "./holder-process.ts";

const GUARD = join(import.meta.dirname, "../../src/agents/guard.ts");

const MACHINE_EFFECTS: readonly [Effect, Effect] = [
  { kind: "power", node: "n1" },
  { kind: "power", node: "n2" },
];

/** Effects that are held at an API server, and eyes on them. */
export interface ApiEffects {
  readonly effects: readonly [Effect, Effect];
  readonly isThere: (effect: Effect) => Promise<boolean>;
}

/** A guard whose machines are files, started again whenever it dies. */
export async function guardBench(
  api: GuardConfig["api"] = null,
  held: ApiEffects | null = null,
  controlPlane: GuardConfig["controlPlane"] = null,
): Promise<InjectorBench & { readonly folder: string }> {
  const folder = mkdtempSync(join(tmpdir(), "ninety-guard-"));
  const mark = (node: string, what: string): string => join(folder, `${node}-${what}`);
  const machine = (node: string): GuardConfig["machines"][string] => ({
    powerOff: ["/usr/bin/touch", mark(node, "power")],
    powerOn: ["/bin/rm", "-f", mark(node, "power")],
    reboot: ["/usr/bin/touch", mark(node, "booted")],
  });
  const config: GuardConfig = {
    socketPath: join(folder, "guard.sock"),
    journalFolder: join(folder, "journal"),
    api,
    machines: {
      n1: machine("n1"),
      n2: machine("n2"),
      slow: {
        ...machine("slow"),
        powerOff: ["/bin/sh", "-c", `sleep 30; touch ${mark("slow", "power")}`],
        reboot: ["/bin/sh", "-c", `touch ${mark("slow", "power")}; sleep 31; exit 1`],
      },
      late: {
        ...machine("late"),
        powerOff: ["/bin/sh", "-c", `sleep 4; touch ${mark("late", "power")}`],
      },
      bad: { ...machine("bad"), powerOff: ["/bin/false"] },
    },
    controlPlane,
  };
  const file = join(folder, "guard.json");
  writeFileSync(file, JSON.stringify(config));
  let ending = false;
  const start = (): ReturnType<typeof startProgram> => {
    const child = startProgram(GUARD, { args: ["--config", file] });
    child.stderr?.resume();
    child.once("exit", () => {
      // The pause of its supervisor.
      setTimeout(() => {
        if (!ending) guard = start();
      }, 1_000);
    });
    return child;
  };
  let guard = start();
  await until("the guard listens", () => existsSync(config.socketPath));
  const monotonicStartUs = nowUs();
  const machines = Object.keys(config.machines);
  const injector = guardInjector({
    socketPath: config.socketPath,
    machines,
    components: controlPlane?.components ?? [],
    monotonicStartUs,
  });
  const carriers = (): readonly number[] => processesWith("effect-child.ts", folder);
  return {
    folder,
    injector,
    effect: (nth) => held?.effects[nth] ?? MACHINE_EFFECTS[nth],
    foreign: { kind: "power", node: "not-ours" },
    isThere: (effect) =>
      held?.isThere(effect) ?? ("node" in effect && existsSync(mark(effect.node, effect.kind))),
    nowUs: () => nowUs() - monotonicStartUs,
    breaks: {
      holder: () => endAll([guard.pid ?? 0]),
      carrierOf: (effect) => endAll(carriers().filter((pid) => carries(pid, effect))),
      freeze: () => freezeAll([guard.pid ?? 0]),
      all: () => endAll([guard.pid ?? 0, ...carriers()]),
    },
    close: async () => {
      injector.close();
      ending = true;
      guard.kill("SIGTERM");
      const code = await exited(guard);
      await until("no carrier is left", () => carriers().length === 0);
      rmSync(folder, { recursive: true, force: true });
      if (code !== 0) throw new Error(`the guard must end with code 0, got ${code}`);
    },
  };
}

function carries(pid: number, effect: Effect): boolean {
  const entry = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").at(-2) ?? "";
  return readFileSync(entry, "utf8").includes(JSON.stringify(effect));
}
