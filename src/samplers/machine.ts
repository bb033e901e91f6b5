import { readFile } from "node:fs/promises";
import type { Sampler } from "../ports/sampler.ts";

const EVERY_MS = 1_000;

/** CPU time since boot, in the kernel's ticks. */
export interface CpuTicks {
  readonly busy: number;
  readonly total: number;
}

export const machine: Sampler = {
  name: "machine",
  about:
    "CPU, memory and load of the machine that ninety and the load generator run on; on the local " +
    "cluster every node runs there too, so a busy machine is a limit of the measurement.",
  run: async ({ clock, sample, signal }) => {
    let before = cpuTicks(await readFile("/proc/stat", "utf8"));
    while (!signal.aborted) {
      try {
        await clock.until(Math.floor(clock.nowMs() / EVERY_MS + 1) * EVERY_MS, signal);
      } catch (error) {
        if (signal.aborted) return;
        throw error;
      }
      const [stat, memory, load] = await Promise.all(
        ["/proc/stat", "/proc/meminfo", "/proc/loadavg"].map((path) => readFile(path, "utf8")),
      );
      const atUs = clock.nowUs();
      const put = (metric: string, value: number | null): void => {
        if (value !== null) sample({ atUs, metric, value, tags: {} });
      };
      const now = cpuTicks(stat ?? "");
      put("machine_cpu_busy_ratio", busyRatio(before, now));
      put("machine_memory_used_bytes", memoryUsedBytes(memory ?? ""));
      put("machine_load_1m", loadOf(load ?? ""));
      before = now;
    }
  },
};

/** From /proc/stat. Waiting for I/O is idle; guest time is already in user time. */
export function cpuTicks(stat: string): CpuTicks {
  const [user = 0, nice = 0, system = 0, idle = 0, wait = 0, irq = 0, soft = 0, steal = 0] = (
    /^cpu +(.*)$/m.exec(stat)?.[1] ?? ""
  )
    .split(" ")
    .map(Number);
  const busy = user + nice + system + irq + soft + steal;
  return { busy, total: busy + idle + wait };
}

/** Share of all CPUs between two readings; null where no time passed. */
export function busyRatio(before: CpuTicks, now: CpuTicks): number | null {
  const total = now.total - before.total;
  if (total <= 0) return null;
  return Math.min(1, Math.max(0, (now.busy - before.busy) / total));
}

/** From /proc/meminfo: all that could not be had without swapping; null where it does not say. */
export function memoryUsedBytes(text: string): number | null {
  const kib = (name: string): number =>
    Number(new RegExp(`^${name}: +(\\d+) kB$`, "m").exec(text)?.[1]);
  const used = (kib("MemTotal") - kib("MemAvailable")) * 1_024;
  return Number.isFinite(used) ? used : null;
}

/** From /proc/loadavg: processes that ran or waited, over the last minute. */
export function loadOf(text: string): number | null {
  const load = Number.parseFloat(text);
  return Number.isFinite(load) ? load : null;
}
