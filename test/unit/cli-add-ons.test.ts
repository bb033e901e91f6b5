import { expect, test } from "vitest";
import { addOns } from "../../src/cli/compose.ts";
import { loadExperiment } from "../../src/cli/plugins.ts";
import { readExperiment } from "../../src/kernel/experiment.ts";

async function addOnsOf(name: string, where: "local" | "kube"): Promise<readonly string[]> {
  const { loaded } = await loadExperiment(name);
  return addOns(readExperiment(name, loaded), where).map(({ part }) => part);
}

test("metrics are brought where something scales, to a cluster that is ours", async () => {
  expect(await addOnsOf("hpa", "local")).toEqual(["node-agent", "metrics-server"]);
  expect(await addOnsOf("hpa", "kube")).toEqual(["node-agent"]);
  expect(await addOnsOf("gpu-loss", "local")).toEqual(["node-agent", "gpu-plugin"]);
});
