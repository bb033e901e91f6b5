// plan --as chaos-mesh through the front door, on an API server that only tells of three pods.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";

import { ninety, start, type Ended } from "../support/ninety.ts";

const EXPERIMENT = "test/support/web-existing.experiment.ts";
const NAMES = ["web-1", "web-2", "web-3"];

const pod = (name: string): object => ({
  metadata: { name, namespace: "shop", uid: `u-${name}`, labels: { app: "web" } },
  spec: { nodeName: "n1", containers: [{ name: "web" }] },
  status: { phase: "Running", conditions: [{ type: "Ready", status: "True" }] },
});
const PODS = "/api/v1/namespaces/shop/pods";
let ready = NAMES;
const ANSWERS: Readonly<Record<string, () => object>> = {
  "/version": () => ({ major: "1", minor: "36", gitVersion: "v1.36.3" }),
  "/api/v1/nodes": () => ({ kind: "NodeList", items: [{ metadata: { name: "n1" } }] }),
  "/apis/apps/v1/daemonsets": () => ({ kind: "DaemonSetList", items: [] }),
  [PODS]: () => ({ kind: "PodList", items: ready.map(pod) }),
  ...Object.fromEntries(NAMES.map((name) => [`${PODS}/${name}`, () => pod(name)])),
};

let folder = "";
let server: Server;
const asked = new Set<string>();
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "ninety-chaos-mesh-"));
  server = createServer((request, response) => {
    asked.add(request.method ?? "");
    const answer = ANSWERS[new URL(request.url ?? "", "http://x").pathname]?.();
    response.writeHead(answer ? 200 : 404, { "content-type": "application/json" });
    response.end(JSON.stringify(answer ?? { kind: "Status", code: 404 }));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const cluster = { server: `http://127.0.0.1:${port}`, "insecure-skip-tls-verify": true };
  const kubeconfig = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "c", cluster }],
    users: [{ name: "u", user: {} }],
    contexts: [{ name: "staging", context: { cluster: "c", user: "u" } }],
    "current-context": "staging",
  };
  writeFileSync(join(folder, "kubeconfig"), JSON.stringify(kubeconfig));
});
afterAll(async () => {
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

function plan(seed: string, ...more: readonly string[]): Promise<Ended> {
  const options = ["--as", "chaos-mesh", "--context", "staging", "--seed", seed, ...more];
  const env = { KUBECONFIG: join(folder, "kubeconfig") };
  return start(["plan", EXPERIMENT, ...options], undefined, env).ended;
}

test("prints YAML with the victim that the seed draws, and touches nothing", async () => {
  const { code, stdout, stderr } = await plan("s1");
  expect(stderr).toBe("");
  expect(code).toBe(0);
  const documents = parseAllDocuments(stdout).map((one) => one.toJSON() as object);
  expect(documents.filter((one) => one !== null)).toMatchObject([
    {
      apiVersion: "chaos-mesh.org/v1alpha1",
      kind: "PodChaos",
      metadata: { name: "web-existing-f01", namespace: "shop" },
      spec: { action: "pod-kill", gracePeriod: 0, mode: "all" },
    },
  ]);
  expect(stdout).toContain("# f01 pod-kill, 0 s into the faults, once");
  expect((await plan("s1")).stdout).toBe(stdout);
  expect([...asked]).toEqual(["GET"]);
});

test("other seeds, other victims: each of the pods that are there and no other", async () => {
  const drawn = new Set<string>();
  for (const seed of ["s1", "s2", "s3", "s4"]) {
    const { stdout } = await plan(seed, "--json");
    const { steps } = JSON.parse(stdout) as {
      steps: { objects: { spec: { selector: { pods: { shop: string[] } } } }[] }[];
    };
    expect(steps).toHaveLength(1);
    for (const name of steps[0]?.objects[0]?.spec.selector.pods.shop ?? []) drawn.add(name);
  }
  expect(drawn.size).toBeGreaterThan(1);
  for (const name of drawn) expect(NAMES).toContain(name);
});

test("fewer pods than asked for is exit 4, with the step's name", async () => {
  ready = [];
  const { code, stdout, stderr } = await plan("s1");
  ready = NAMES;
  expect(stderr).toContain("f01 pod-kill must meet 1 pods of web, found 0: none is Ready");
  expect([code, stdout]).toEqual([4, ""]);
});

test("what Chaos Mesh cannot carry out is exit 3, with the step's name, and nothing is printed", async () => {
  const { code, stdout, stderr } = await ninety(["plan", "gpu-loss", "--as", "chaos-mesh"]);
  expect(stderr).toContain("f01 gpu-lost: Chaos Mesh has nothing that does gpu-state");
  expect([code, stdout]).toEqual([3, ""]);
});

test("without a cluster there are no victims: exit 4", async () => {
  const where = ["--instance", "no-such-cluster"];
  const { code, stderr } = await ninety(["plan", EXPERIMENT, "--as", "chaos-mesh", ...where]);
  expect(stderr).toContain("local cluster no-such-cluster is not up");
  expect(code).toBe(4);
});

test("another form, or a suite, is exit 3", async () => {
  expect((await ninety(["plan", EXPERIMENT, "--as", "litmus"])).code).toBe(3);
  expect((await ninety(["plan", "headline", "--as", "chaos-mesh"])).code).toBe(3);
});
