import { readFile } from "node:fs/promises";
import type { Us } from "../../model/quantity.ts";
import type { Sample } from "../../model/request.ts";
import type { RawRequest } from "./raw-line.ts";

/** Of Linux: USER_HZ and the page of x86-64 and arm64 as Debian, Fedora and Ubuntu build it. */
const TICKS_PER_S = 100;
const PAGE_BYTES = 4_096;
const LAGS_MAX = 16_384;

/** CPU seconds and memory out of the text of /proc/<pid>/stat; null where it is none. */
export function usageOf(stat: string): { readonly cpuS: number; readonly rssBytes: number } | null {
  // The name of the program, in brackets, may hold blanks: fields count from its end.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [userTicks, systemTicks, pages] = [fields[11], fields[12], fields[21]].map(Number);
  if (!Number.isFinite(userTicks) || !Number.isFinite(systemTicks) || !Number.isFinite(pages)) {
    return null;
  }
  return {
    cpuS: ((userTicks ?? 0) + (systemTicks ?? 0)) / TICKS_PER_S,
    rssBytes: (pages ?? 0) * PAGE_BYTES,
  };
}

/** The generator's own state: a slow one must not look like a slow service. */
export class Health {
  readonly #pid: number;
  readonly #lagsUs = new Map<string, number[]>();
  readonly #inFlight = new Map<string, number>();
  #last: { readonly atUs: Us; readonly cpuS: number } | null = null;

  constructor(pid: number) {
    this.#pid = pid;
  }

  request(raw: RawRequest): void {
    if (raw.startUs === undefined) return;
    const lags = this.#lagsUs.get(raw.scenario) ?? [];
    this.#lagsUs.set(raw.scenario, lags);
    if (lags.length < LAGS_MAX) lags.push(raw.startUs - raw.intendedUs);
  }

  inFlight(scenario: string, count: number): void {
    this.#inFlight.set(scenario, count);
  }

  /**
   * What was seen since the last call: `load_start_lag_p99_us` and `load_in_flight` of each
   * scenario, `load_cpu_cores` and `load_rss_bytes` of the process where /proc shows it.
   */
  async samples(atUs: Us): Promise<readonly Sample[]> {
    const samples: Sample[] = [];
    for (const [scenario, lags] of this.#lagsUs) {
      const sorted = lags.splice(0).sort((a, b) => a - b);
      const p99 = sorted[Math.ceil(sorted.length * 0.99) - 1];
      if (p99 === undefined) continue;
      samples.push({ atUs, metric: "load_start_lag_p99_us", value: p99, tags: { scenario } });
    }
    for (const [scenario, value] of this.#inFlight) {
      samples.push({ atUs, metric: "load_in_flight", value, tags: { scenario } });
    }
    // The process may have ended a moment ago: then there is nothing to tell.
    const used = usageOf(await readFile(`/proc/${this.#pid}/stat`, "utf8").catch(() => ""));
    if (!used) return samples;
    samples.push({ atUs, metric: "load_rss_bytes", value: used.rssBytes, tags: {} });
    const last = this.#last;
    this.#last = { atUs, cpuS: used.cpuS };
    if (last && atUs > last.atUs) {
      const value = ((used.cpuS - last.cpuS) * 1_000_000) / (atUs - last.atUs);
      samples.push({ atUs, metric: "load_cpu_cores", value, tags: {} });
    }
    return samples;
  }
}
