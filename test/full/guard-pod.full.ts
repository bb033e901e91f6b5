// Through a kubeconfig, with an image of our programs: the guard is a pod of the cluster, holds
// what has to be held, ends it when nobody renews it, and goes with the run.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { LEASE_MS } from "../../src/model/agent-protocol.ts";
import { HELD_LABEL } from "../../src/model/marked.ts";
import { eventually, ninety, ROOT } from "../support/ninety.ts";
import { CONTEXT, staging, type Staging } from "../support/staging.ts";

const INSTANCE = "full-guard-pod";
const EXPERIMENT = join(ROOT, "test/support/faults-api.experiment.ts");
let there: Staging;
let inside: readonly string[];

beforeAll(async () => {
  await ninety(["cluster", "down", "--instance", INSTANCE]);
  const up = await ninety(["cluster", "up", "--instance", INSTANCE, "--gpus", "0", "--json"]);
  expect(up.code, up.stderr).toBe(0);
  there = staging(INSTANCE);
  inside = ["--context", CONTEXT, "--image", there.cluster.images["programs"] ?? ""];
});
afterAll(async () => {
  there.remove();
  await ninety(["cluster", "down", "--instance", INSTANCE]);
});

const marked = async (): Promise<number> => {
  const label = encodeURIComponent(HELD_LABEL);
  return (await there.cluster.api.list(`api/v1/nodes?labelSelector=${label}`)).length;
};

test("each is proved and healed, and nothing is left of the guard", async () => {
  const ended = await there.ninety("run", EXPERIMENT, ...inside, "--json");
  const { steps } = JSON.parse(ended.stdout) as { readonly steps: readonly object[] };
  const wanted = { proved: "proved", healed: "healed", healProved: "proved" };
  expect(steps, ended.stderr.slice(-4_000)).toMatchObject([
    { fault: "image-unavailable", ...wanted },
    { fault: "pod-evict", proved: "proved" },
    { fault: "node-drain", ...wanted },
    { fault: "node-taint", ...wanted },
    { fault: "coredns-down", ...wanted },
  ]);
  expect(ended.code, ended.stderr.slice(-4_000)).toBe(0);
  const roles = await there.cluster.api.list("apis/rbac.authorization.k8s.io/v1/clusterroles");
  expect(roles.filter(({ metadata }) => metadata.name.startsWith("ninety"))).toEqual([]);
});

test("kill -9 in the fault: over within its lease", async () => {
  const running = there.start("run", EXPERIMENT, ...inside);
  await running.said(/f03 node-drain: in effect/, 240_000);
  expect(await marked()).toBe(1);
  const pid = running.child.pid ?? 0;
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8");
  for (const child of children.trim().split(/\s+/)) process.kill(Number(child), "SIGKILL");
  await running.ended;
  await eventually("the node is open", async () => (await marked()) === 0, LEASE_MS + 5_000);
  const healed = await there.ninety("heal", "--all", "--context", CONTEXT);
  expect(healed.code, healed.stderr).toBe(0);
});
