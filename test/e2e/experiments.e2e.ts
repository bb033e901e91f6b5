// The experiments that ship, through the front door, on the real local cluster.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import type { Episode } from "../../src/model/measurement.ts";
import type { Finding } from "../../src/model/verdict.ts";
import { machineSnapshot } from "../support/machine.ts";
import { notPassed } from "../support/not-passed.ts";
import { ninety, type Ended } from "../support/ninety.ts";
import { seeReport } from "../support/report-page.ts";

interface Report {
  readonly outcome: string;
  readonly folder: string;
  readonly findings: readonly Finding[];
  readonly episodes: readonly Episode[];
  readonly steps: readonly { readonly proved: string; readonly healed: string }[];
}

function reportOf(ended: Ended): Report {
  try {
    return JSON.parse(ended.stdout) as Report;
  } catch {
    throw new Error(`no report (exit ${ended.code}):\n${ended.stderr.slice(-4_000)}`);
  }
}

test("gpu-loss passes on a cluster of its own and leaves the machine as it was", async () => {
  const before = machineSnapshot();
  const ended = await ninety(["run", "gpu-loss", "--json", "--instance", "e2e"]);
  const report = reportOf(ended);
  expect(notPassed(report.findings)).toEqual([]);
  expect(report.outcome).toBe("pass");
  expect(ended.code).toBe(0);
  expect(report.steps).toMatchObject([{ proved: "proved", healed: "healed" }]);
  const [episode] = report.episodes;
  expect(Object.keys(episode?.service ?? {}).sort()).toEqual(["new", "reused"]);
  expect(episode?.capacity.class).toBe("RECOVERED");
  expect(ended.tookMs).toBeLessThan(300_000);
  expect(machineSnapshot()).toEqual(before);
  await opensByItself(join(report.folder, "report.html"));
});

/** In a real browser: no message, no request but for the file itself, and anyone can read it. */
async function opensByItself(file: string): Promise<void> {
  expect(readFileSync(file).byteLength).toBeLessThan(500_000);
  const seen = await seeReport(file, {
    look: async (page) => {
      expect(await page.locator("h1").textContent()).toBe("gpu-loss");
      expect(await page.locator("svg").count()).toBeGreaterThan(3);
    },
  });
  expect(seen).toEqual({ said: [], asked: [], violations: [] });
}

test("canary-silent, whose effect is only acknowledged, is unknown and exits 2", async () => {
  const ended = await ninety(["run", "canary-silent", "--json", "--instance", "e2e"]);
  const report = reportOf(ended);
  expect(report.steps).toMatchObject([{ proved: "unproved" }]);
  expect(report.outcome).toBe("unknown");
  expect(ended.code).toBe(2);
});
