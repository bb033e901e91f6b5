// Containers of which something can be exhausted, and eyes of the test's own on whether it is.
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, statfsSync } from "node:fs";
import { join } from "node:path";

import type { ContainerLook } from "../../src/model/container-look.ts";
import type { Effect, EffectKind } from "../../src/model/effect.ts";
import type { JsonObject } from "../../src/model/json.ts";
import type { EffectBench } from "./agent-bench.ts";
import { testContainer, type TestContainer } from "./test-container.ts";

export type RoomKind = Extract<
  EffectKind,
  "processes-limit" | "files-limit" | "disk-fill" | "disk-slow"
>;
export const MIB = 2 ** 20;
const LOOK = join(import.meta.dirname, "../../src/agents/look-in-container.ts");

/** `/opt` is a small file system that the container has for itself. */
const SCRIPT = "mount -t tmpfs -o size=8m none /opt\nexec sleep 1000";
let made = 0;

export function roomContainer(script = SCRIPT): Promise<TestContainer> {
  made += 1;
  return testContainer({
    uid: `u-room-${process.pid}-${made}`,
    script,
    controllers: ["pids", "blkio"],
  });
}

export function roomEffect(kind: RoomKind, { pod }: TestContainer): Effect {
  const on = { pod, container: "" };
  if (kind === "disk-fill") return { kind, ...on, path: "/opt", leave: { bytes: 0 } };
  return kind === "disk-slow" ? { kind, ...on, bytesPerSec: MIB } : { kind, ...on };
}

const linesIn = (folder: string, ...names: readonly string[]): string =>
  names
    .map((name) => join(folder, name))
    .filter((path) => existsSync(path))
    .map((path) => readFileSync(path, "utf8").trim())
    .join("");

/** As the kernel's own files have it. */
export const IS_THERE: Record<RoomKind, (one: TestContainer) => boolean> = {
  "processes-limit": ({ cgroups }) => linesIn(cgroups["pids"] ?? "", "pids.max") !== "max",
  "files-limit": ({ pids }) => pids().some((pid) => softOf(pid) < 64),
  "disk-fill": ({ pids }) =>
    pids().some((pid) => {
      const root = `/proc/${pid}/root/opt`;
      return existsSync(root) && statfsSync(root).bfree === 0;
    }),
  "disk-slow": ({ cgroups }) => {
    const folder = cgroups["blkio"] ?? "";
    return linesIn(folder, "blkio.throttle.read_bps_device", "io.max") !== "";
  },
};

/** How many files it may open. */
export function softOf(pid: number): number {
  const limits = readFileSync(`/proc/${pid}/limits`, "utf8");
  return Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1]);
}

/** Two containers, and effects of that kind on them. */
export async function roomBench(kind: RoomKind): Promise<EffectBench> {
  const pair = [await roomContainer(), await roomContainer()] as const;
  const uidOf = (effect: Effect): string => ("pod" in effect ? effect.pod.uid : "");
  return {
    effect: (nth) => roomEffect(kind, pair[nth]),
    mark: (effect) => `"uid":"${uidOf(effect)}"`,
    isThere: (effect) => pair.some((one) => one.pod.uid === uidOf(effect) && IS_THERE[kind](one)),
    close: async () => {
      for (const one of pair) await one.close();
    },
  };
}

type Looked = ContainerLook extends infer L
  ? L extends object
    ? Omit<L, "container">
    : never
  : never;

/** What the agent's own look says. */
export function lookIn({ pod }: TestContainer, look: Looked): JsonObject {
  const argv = [LOOK, JSON.stringify({ pod, container: "", ...look })];
  const { status, stdout, stderr } = spawnSync(process.execPath, argv, { encoding: "utf8" });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout) as JsonObject;
}
