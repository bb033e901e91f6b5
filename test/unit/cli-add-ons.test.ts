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

test("a guard is brought where objects are to be held, to a cluster that has none beside it", async () => {
  expect(await addOnsOf("node-drain", "kube")).toEqual(["node-agent", "guard", "gpu-plugin"]);
  expect(await addOnsOf("node-drain", "local")).toEqual(["node-agent", "gpu-plugin"]);
  // What happens once needs nobody to hold it.
  expect(await addOnsOf("pod-evict", "kube")).toEqual(["node-agent", "gpu-plugin"]);
});
