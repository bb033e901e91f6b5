// The red button, on the real cluster: one deleted object ends a run, and so does one command.
import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { cacheRoot } from "../../src/cli/folders.ts";
import { machineSnapshot } from "../support/machine.ts";
import { ninety, start } from "../support/ninety.ts";

const INSTANCE = "full-red-button";
const EXPERIMENT = "test/support/red-button.experiment.ts";
const LEASE = ["lease", "ninety-run", "--namespace", "default"];

afterEach(async () => void (await ninety(["cluster", "down", "--instance", INSTANCE])));

function kubectl(...argv: readonly string[]): string {
  const bin = join(cacheRoot(), "bin");
  const [folder] = readdirSync(bin)
    .filter((name) => name.startsWith("kubernetes-"))
    .sort()
    .reverse();
  const kubeconfig = join(cacheRoot(), "clusters", INSTANCE, "kubeconfig");
  const program = join(bin, folder ?? "", "kubectl");
  return execFileSync(program, ["--kubeconfig", kubeconfig, ...argv], { encoding: "utf8" });
}

describe("the red button", () => {
  it.each([
    ["kubectl delete lease", () => kubectl("delete", ...LEASE)],
    [
      "ninety heal --all",
      async () => (await ninety(["heal", "--all", "--instance", INSTANCE])).code,
    ],
  ])("%s: the run heals, ends with exit 2, and leaves the machine as it was", async (_, press) => {
    const before = machineSnapshot();
    const running = start(["run", EXPERIMENT, "--instance", INSTANCE]);
    await running.said(/f01 gpu-lost: in effect/, 240_000);
    expect(kubectl("get", ...LEASE, "--output=jsonpath={.spec.holderIdentity}")).toMatch(
      /^red-button/,
    );

    const second = await ninety(["run", EXPERIMENT, "--instance", INSTANCE]);
    expect(second.code).toBe(4);
    expect(second.stderr).toMatch(/the cluster must be free, got in use by run red-button/);

    await press();
    await running.said(/f01 gpu-lost: healed/, 20_000);
    const { code, stderr } = await running.ended;
    expect(stderr).toContain("Lease default/ninety-run");
    expect(code).toBe(2);
    expect(machineSnapshot()).toEqual(before);
  });
});
