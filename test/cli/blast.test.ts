// The blast radius through the front door: what plan shows, what run refuses, and which plan runs.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { KubeObject } from "../../src/model/json.ts";
import { FakeApi } from "../../src/testing/fake-cluster.ts";
import { serveFakeApi, type FakeApiServer } from "../support/fake-api-server.ts";
import { ninety, ROOT, start, type Ended } from "../support/ninety.ts";
import { podOf, type PodOf } from "../support/placement.ts";

let folder = "";
let api: FakeApi;
let server: FakeApiServer;
beforeAll(async () => {
  api = await shop();
  server = await serveFakeApi(api);
});
afterAll(async () => server.stop());
beforeEach(() => {
  // Below the repository, so that `import "ninety"` finds the package itself.
  mkdirSync(join(ROOT, "reports"), { recursive: true });
  folder = mkdtempSync(join(ROOT, "reports", "test-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const labels = { app: "web" };
async function space(name: string, optIn: string, to: FakeApi): Promise<void> {
  const metadata = { name, labels: { "ninety/opt-in": optIn } };
  await to.apply({ apiVersion: "v1", kind: "Namespace", metadata });
}

/** Two pods of somebody's service on n1, one on n2, and beside them what else a cluster has. */
async function shop(): Promise<FakeApi> {
  const made = new FakeApi({ nodes: 2, gpusPerNode: 1 });
  for (const name of ["shop", "kube-system", "obs"]) await space(name, "", made);
  const metadata = { name: "web", namespace: "shop", labels };
  const service: KubeObject = { apiVersion: "v1", kind: "Service", metadata };
  await made.apply({ ...service, spec: { selector: labels, ports: [{ port: 80 }] } });
  const pods: readonly PodOf[] = [
    { name: "web-1", node: "n1", namespace: "shop", labels },
    { name: "web-2", node: "n1", namespace: "shop", labels },
    { name: "web-3", node: "n2", namespace: "shop", labels },
    { name: "dns-1", node: "n1", namespace: "kube-system", owner: "ReplicaSet dns" },
    { name: "dns-2", node: "n2", namespace: "kube-system", owner: "ReplicaSet dns" },
    { name: "only-1", node: "n1", namespace: "kube-system", owner: "ReplicaSet only" },
    { name: "log-1", node: "n1", namespace: "obs", owner: "DaemonSet log" },
    { name: "grafana-1", node: "n1", namespace: "obs", labels: { app: "grafana" } },
  ];
  for (const pod of pods) await made.apply(podOf(pod));
  return made;
}

/** An experiment on that service; `options` stand beside its faults. */
function written(faults: string, options = ""): string {
  const file = join(folder, "blast.experiment.ts");
  writeFileSync(
    file,
    `
import { all, exactly, experiment, one } from "ninety";
import { recovery } from "ninety/checks/recovery";
import { nodePowerOff } from "ninety/faults/node-power-off";
import { netPartition } from "ninety/faults/net-partition";
import { podKill } from "ninety/faults/pod-kill";
import { requests } from "ninety/load/requests";
import { existing } from "ninety/parts/existing";
const web = existing({
  namespace: "shop", selector: "app=web", service: "web", port: 80,
  request: { path: "/", expect: {} },
});
export default experiment({
  hypothesis: "Wrong.",
  stack: [web],
  load: requests({ to: web, rate: "20/s", connections: ["new"] }),
  slo: { within: "250ms", good: "99%" },
  steady: "20s",
  faults: [${faults}],
  observe: "60s",
  ${options}
  expect: [recovery({ service: "10s" })],
});
`,
  );
  return file;
}

function onStaging(...args: readonly string[]): Promise<Ended> {
  const env = { KUBECONFIG: server.kubeconfig };
  return start([...args, "--context", "staging"], folder, env).ended;
}
const CUT = "nodePowerOff({ on: all(web.nodes), for: '5s' })";
const CUT_ONE = "nodePowerOff({ on: one(web.nodes), for: '5s' })";

describe("plan", () => {
  test("names nodes, pods and GPUs that the seed draws, and what would be refused", async () => {
    const file = written(CUT, "minimumReady: [exactly(1, web.pods)],");
    const { code, stdout, stderr } = await onStaging("plan", file, "--seed", "s1");
    expect([stderr, code]).toEqual(["", 4]);
    expect(stdout).toContain("  at least 1 Ready pods of web at any time\n");
    expect(stdout).toContain(
      "  victims of f01: node n1, node n2, with 2 GPUs and 7 pods: shop/web-1, shop/web-2, " +
        "shop/web-3, kube-system/dns-1, kube-system/dns-2, kube-system/only-1, obs/grafana-1\n",
    );
    for (const refused of [
      "f01 node-power-off must leave 1 Ready pods of web (minimumReady), got 0 of 3",
      "no pod of the control plane without a Ready replica elsewhere, got kube-system/only-1 on n1",
      "no pod of the control plane without a Ready replica elsewhere, got kube-system/dns-1 on n1",
      "no pod of the monitoring without a Ready replica elsewhere, got obs/grafana-1 on n1",
      "namespace shop must have opted in by label ninety/opt-in=true, got none",
    ]) {
      expect(stdout).toMatch(
        new RegExp(`  would be refused: .*${refused.replace(/[()]/g, "\\$&")}`),
      );
    }
    expect(server.changes).toEqual([]);
  });

  test("tells what is accepted as predicted, and passes once the namespace has opted in", async () => {
    await space("shop", "true", api);
    const accepts = 'accepts: ["control-plane-pod", "monitoring-pod"],';
    const file = written(CUT_ONE, accepts);
    const drawn: string[] = [];
    for (const seed of ["s1", "s9"]) {
      const { code, stdout } = await onStaging("plan", file, "--seed", seed);
      expect(code).toBe(0);
      const [, node = ""] = /victims of f01: node (n\d), with 1 GPUs/.exec(stdout) ?? [];
      drawn.push(node);
      const predicted = /predicted, accepted as control-plane-pod: .*only-1 on n1/.test(stdout);
      expect(predicted).toBe(node === "n1");
      expect(stdout).not.toContain("dns-1 on");
    }
    await space("shop", "", api);
    expect(drawn).toEqual(["n1", "n2"]);
  });

  test("prints the hash of the bytes that it gives with --json, and of no other plan", async () => {
    const args = ["plan", "gpu-loss", "--instance", "none-such", "--seed"];
    const bytes = (await ninety([...args, "a", "--json"])).stdout;
    const hash = createHash("sha256").update(bytes).digest("hex");
    const { code, stdout } = await ninety([...args, "a"]);
    expect(code).toBe(0);
    expect(stdout).toContain(`  plan ${hash}  (run it: --plan-hash)\n`);
    expect(stdout).toMatch(/ {2}victims of f01: 1 gpu of server, rank \d in the order of nodes/);
    expect((await ninety([...args, "b"])).stdout).not.toContain(hash);
  });

  test("says what a plan alone foresees: accepted it is told, else it would be refused", async () => {
    const args = ["plan", "--instance", "none-such"];
    const partition = "netPartition({ on: one(web.pods), for: '5s', affectsProbes: true })";
    const closed = await ninety([...args, written(partition)], folder);
    expect(closed.code).toBe(4);
    expect(closed.stdout).toContain(
      "  would be refused: f01 net-partition must leave the kubelet's probes alone, " +
        'got affectsProbes: true; accepts: ["affects-probes"] if that is what is tested\n',
    );
    const open = await ninety(
      [...args, written(partition, 'accepts: ["affects-probes"],')],
      folder,
    );
    expect(open.code).toBe(0);
    expect(open.stdout).toContain("  predicted, accepted as affects-probes: ");
    const slow = await ninety([...args, "gpu-slow"]);
    expect(slow.stdout).toContain(
      "  predicted, accepted as pdb-broken: disruption budget of server broken by f01 gpu-slow " +
        "(2, the rule is at most 1)\n",
    );
  });
});

describe("run", () => {
  test("refuses a namespace that has not opted in, and says who grants it how", async () => {
    const file = written("podKill({ on: one(web.pods), grace: '0s' })");
    const before = new Map(api.objects);
    const { code, stderr } = await onStaging("run", file);
    expect(code).toBe(4);
    expect(stderr).toContain(
      "error: namespace shop must have opted in by label ninety/opt-in=true, got none\n" +
        "hint: whoever owns it grants it: kubectl label namespace shop ninety/opt-in=true\n",
    );
    expect(new Map(api.objects)).toEqual(before);
    // The Lease that keeps a second run away is all that it made, and it is gone.
    expect(server.changes.filter((one) => !one.includes("/leases"))).toEqual([]);
  });

  test("refuses to go below the declared minimum, whatever was opted in", async () => {
    await space("shop", "true", api);
    const options = "minimumReady: [exactly(3, web.pods)],";
    const file = written("podKill({ on: one(web.pods), grace: '0s' })", options);
    const { code, stderr } = await onStaging("run", file);
    await space("shop", "", api);
    expect([code, api.pods().length]).toEqual([4, 8]);
    expect(stderr).toContain(
      "error: f01 pod-kill must leave 3 Ready pods of web (minimumReady), got 2 of 3; " +
        'accepts: ["below-minimum"] if that is what is tested\n',
    );
  });

  const RUN = ["run", "gpu-loss", "--instance", "none-such", "--no-install", "--seed", "a"];

  test("runs no other plan than that of the hash: exit 4, and there is no record", async () => {
    const hash = "0".repeat(64);
    const { code, stderr } = await ninety([...RUN, "--plan-hash", hash], folder);
    expect(code).toBe(4);
    expect(stderr).toMatch(
      new RegExp(`^error: the plan must have SHA-256 ${hash}, got [0-9a-f]{64}\\nhint: `),
    );
    expect(readdirSync(folder)).toEqual([]);
  });

  test("wants a hash that is one, and of an experiment: exit 3", async () => {
    const short = await ninety([...RUN, "--plan-hash", "abc"], folder);
    expect([short.code, short.stderr]).toEqual([
      3,
      "error: --plan-hash must be 64 of 0-9 a-f, got abc\nhint: ninety plan prints it\n",
    ]);
    const suite = await ninety(["run", "headline", "--plan-hash", "0".repeat(64)], folder);
    expect(suite.code).toBe(3);
    expect(readdirSync(folder)).toEqual([]);
  });

  test("with the right hash goes on, and its first line and plan.json have it", async () => {
    await space("shop", "true", api);
    const options = "minimumReady: [exactly(3, web.pods)],";
    const file = written("podKill({ on: one(web.pods), grace: '0s' })", options);
    const seed = ["--seed", "a"];
    const bytes = (await onStaging("plan", file, ...seed, "--json")).stdout;
    const hash = createHash("sha256").update(bytes).digest("hex");
    const { code, stderr } = await onStaging("run", file, ...seed, "--plan-hash", hash);
    await space("shop", "", api);
    expect(code).toBe(4);
    const [first = ""] = stderr.split("\n");
    expect(first).toMatch(/^blast {2}seed a {2}reports\/runs\/blast\//);
    expect(first).toContain(`  plan ${hash}`);
    const [, record = ""] = /(reports\/runs\/blast\/\S+)/.exec(first) ?? [];
    expect(existsSync(join(folder, record, "plan.json"))).toBe(true);
  });
});
