// Through a kubeconfig alone: no image of ours, no agent, no guard.
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { KubeObject } from "../../src/model/json.ts";
import type { Cluster } from "../../src/ports/cluster.ts";
import { eventually, ninety, ROOT, type Ended } from "../support/ninety.ts";
import { CONTEXT, staging, type Staging } from "../support/staging.ts";

const INSTANCE = "e2e-context";
const labels = { app: "web" };
let there: Staging;
let cluster: Cluster;

const web = (image: string): readonly KubeObject[] => [
  {
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: "shop", labels: { "ninety/opt-in": "true" } },
  },
  {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "web", namespace: "shop" },
    spec: { selector: labels, ports: [{ port: 80, targetPort: 8080 }] },
  },
  {
    apiVersion: "policy/v1",
    kind: "PodDisruptionBudget",
    metadata: { name: "web", namespace: "shop" },
    spec: { selector: { matchLabels: labels }, maxUnavailable: 1 },
  },
  {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "web", namespace: "shop" },
    spec: {
      replicas: 3,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          containers: [
            {
              name: "web",
              image,
              args: [
                "-e",
                `require("http").createServer((q, a) => a.end("web answers")).listen(8080)`,
              ],
              readinessProbe: { httpGet: { path: "/", port: 8080 }, periodSeconds: 1 },
            },
          ],
        },
      },
    },
  },
];

const ninetyInside = (...args: readonly string[]): Promise<Ended> => there.ninety(...args);

beforeAll(async () => {
  await ninety(["cluster", "down", "--instance", INSTANCE]);
  const up = await ninety(["cluster", "up", "--instance", INSTANCE, "--gpus", "0", "--json"]);
  expect(up.code, up.stderr).toBe(0);
  there = staging(INSTANCE);
  cluster = there.cluster;
  for (const object of web(cluster.images["programs"] ?? "")) await cluster.api.apply(object);
  await eventually(
    "the web serves",
    async () => {
      const found = await cluster.api.get("apis/apps/v1/namespaces/shop/deployments/web");
      return JSON.stringify(found).includes('"readyReplicas":3');
    },
    120_000,
  );
});
afterAll(async () => {
  expect((await ninety(["cluster", "down", "--instance", INSTANCE])).code).toBe(0);
  there.remove();
});

const experiment = (name: string): string => join(ROOT, "test/support", `${name}.experiment.ts`);

test("pod-kill runs end to end against a service that is not ours, and leaves it as it was", async () => {
  const path = "apis/apps/v1/namespaces/shop/deployments/web";
  const before = (await cluster.api.get(path)) as unknown as KubeObject;
  const ended = await ninetyInside(
    "run",
    experiment("web-existing"),
    "--context",
    CONTEXT,
    "--json",
  );
  expect(ended.code, ended.stderr.slice(-3_000)).toBe(0);
  const report = JSON.parse(ended.stdout) as {
    folder: string;
    steps: readonly { readonly proved: string }[];
    episodes: readonly { readonly capacity: { readonly class: string } }[];
  };
  expect(report.steps).toMatchObject([{ proved: "proved" }]);
  expect(report.episodes[0]?.capacity.class).toBe("RECOVERED");
  const after = (await cluster.api.get(path)) as unknown as KubeObject;
  expect(after.metadata).toEqual({
    ...before.metadata,
    managedFields: expect.anything(),
    resourceVersion: expect.anything(),
  });
  expect(after["spec"]).toEqual(before["spec"]);
  const spaces = await cluster.api.list("api/v1/namespaces");
  expect(spaces.filter(({ metadata }) => metadata.name.startsWith("ninety"))).toEqual([]);

  const heal = await ninetyInside("heal", report.folder, "--context", CONTEXT);
  expect(heal.stdout).toContain("nothing is open");
  expect(heal.code).toBe(0);
});

test("clients may use another address than the Service's", async () => {
  const service = await cluster.api.get("api/v1/namespaces/shop/services/web");
  const { spec } = service as unknown as { spec: { clusterIP: string } };
  const args = ["run", experiment("web-existing"), "--context", CONTEXT, "--json"];
  const wrong = await ninetyInside(...args, "--url", "https://web.example/path");
  expect(wrong.stderr).toContain("--url must be http://<host>[:<port>]");
  expect(wrong.code).toBe(3);
  const given = await ninetyInside(...args, "--url", `http://${spec.clusterIP}`);
  expect(given.code, given.stderr.slice(-3_000)).toBe(0);
});

test("what needs hands on a node exits 4 and names them, and nothing is touched", async () => {
  const ended = await ninetyInside("run", experiment("web-beyond"), "--context", CONTEXT);
  expect(ended.code).toBe(4);
  expect(ended.stderr).toContain(
    "f01 container-kill can be held by nobody: api: container-kill needs the node agent: --image",
  );
  expect(ended.stderr).toContain("api: power needs the guard of a local cluster");
  const gpu = await ninetyInside("run", "gpu-loss", "--context", CONTEXT);
  expect(gpu.code).toBe(4);
  expect(gpu.stderr).toContain("runs ninety's programs: it needs --image");
  const spaces = await cluster.api.list("api/v1/namespaces");
  expect(spaces.filter(({ metadata }) => metadata.name.startsWith("ninety"))).toEqual([]);
});

test("plan names the pods of the node that the seed draws, by the API server's own lists", async () => {
  const args = ["plan", experiment("web-beyond"), "--context", CONTEXT, "--seed", "s1"];
  const { code, stdout, stderr } = await ninetyInside(...args);
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(/ {2}victims of f01: pod shop\/web-\S+ on n\d\n/);
  const [, node = "", told = ""] =
    /victims of f02: node (n\d), with 0 GPUs and \d+ pods: (.+)\n/.exec(stdout) ?? [];
  const there = await cluster.api.list(`api/v1/pods?fieldSelector=spec.nodeName%3D${node}`);
  const names = there.map(({ metadata }) => `${metadata.namespace}/${metadata.name}`);
  expect(told.split(", ").sort()).toEqual(names.sort());
  // One replica of cluster DNS at most is on it: the other one goes on.
  expect(stdout).not.toContain("would be refused");
});

test("a namespace that has not opted in is exit 4, and the hint's command grants it", async () => {
  const label = async (value: string | null): Promise<void> => {
    const body = { metadata: { labels: { "ninety/opt-in": value } } };
    const path = "api/v1/namespaces/shop";
    const contentType = "application/merge-patch+json";
    const { status } = await cluster.api.call({ method: "PATCH", path, body, contentType });
    expect(status).toBe(200);
  };
  await label(null);
  const ended = await ninetyInside("run", experiment("web-existing"), "--context", CONTEXT);
  await label("true");
  expect(ended.code).toBe(4);
  expect(ended.stderr).toContain("namespace shop must have opted in by label ninety/opt-in=true");
  expect(ended.stderr).toContain("kubectl label namespace shop ninety/opt-in=true");
  const leases = await cluster.api.list("apis/coordination.k8s.io/v1/namespaces/default/leases");
  expect(leases.map(({ metadata }) => metadata.name)).not.toContain("ninety-run");
});
