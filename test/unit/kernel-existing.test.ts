import { describe, expect, test } from "vitest";
import { NinetyError } from "../../src/model/error.ts";
import type { KubeObject } from "../../src/model/json.ts";
import { all, exactly, one } from "../../src/ports/author.ts";
import { fullReference, imageProblems } from "../../src/kernel/images.ts";
import { selects, selectsBy } from "../../src/kernel/selector.ts";
import { FakeApi, FakeProvider } from "../../src/testing/fake-cluster.ts";
import { existing } from "../../workloads/parts/existing.ts";
import { drop, offer, serving } from "./kernel-kit.ts";
import { scene, type Scene } from "./kernel-scene.ts";

const web = existing({
  namespace: "shop",
  selector: "app=web",
  service: "web",
  port: 80,
  request: { path: "/", expect: {} },
});
const labels = { app: "web" };

/** A cluster in which somebody runs a service of three pods. */
async function shop(
  changes: {
    readonly service?: object;
    readonly budget?: object;
    readonly replicas?: number;
    readonly optIn?: string;
  } = {},
): Promise<FakeApi> {
  const api = new FakeApi({ nodes: 2, gpusPerNode: 0 });
  const inside = (kind: string, apiVersion: string, of: object): KubeObject => ({
    apiVersion,
    kind,
    metadata: { name: "web", namespace: "shop", labels },
    ...of,
  });
  const { optIn = "true" } = changes;
  await api.apply({
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name: "shop", labels: { "ninety/opt-in": optIn } },
  });
  await api.apply(
    inside("Deployment", "apps/v1", {
      spec: {
        replicas: changes.replicas ?? 3,
        template: { metadata: { labels }, spec: { containers: [] } },
      },
    }),
  );
  const ports = [{ port: 80 }];
  const spec = { selector: labels, ports, ...changes.service };
  await api.apply(inside("Service", "v1", { spec }));
  if (changes.budget) {
    const budget = { selector: { matchLabels: labels }, ...changes.budget };
    await api.apply(inside("PodDisruptionBudget", "policy/v1", { spec: budget }));
  }
  return api;
}

function run(api: FakeApi, changes: object = {}, deps: object = {}): Scene {
  const provider = new FakeProvider(api, "kube");
  return scene({
    changes: {
      stack: [web],
      load: offer({ to: web, requests: 50 }),
      faults: [drop({ on: one(web.pods) })],
      ...changes,
    },
    addOns: [],
    deps: { provider, samplers: [], ...deps },
  });
}

async function refusal(of: Scene): Promise<NinetyError> {
  const { failure } = await of.run();
  expect(failure?.phase).toBe("preflight");
  if (failure?.error instanceof NinetyError) return failure.error;
  throw new Error(`no failure: ${String(failure?.error)}`);
}

describe("a service that was there before", () => {
  test("is disturbed and measured, and nothing of it is applied, relabelled or removed", async () => {
    const api = await shop({ budget: { maxUnavailable: 1 } });
    const before = structuredClone([...api.objects]);
    const calls: string[] = [];
    const call = api.call.bind(api);
    api.call = async (request) => {
      // Logs are read, and the run's own Lease is kept; nothing else is called.
      const isOwn = request.path.includes("/leases");
      if (request.method !== "GET" && !isOwn) calls.push(`${request.method} ${request.path}`);
      return call(request);
    };
    const going = run(api);
    expect(await going.run()).toEqual({ unhealed: [], failure: null });
    expect([...api.objects]).toEqual(before);
    expect(calls).toEqual([]);
    const [begin] = going.log.disk.filter(
      (event) => event.type === "fault" && event.edge === "inject-begin",
    );
    expect(begin).toMatchObject({ targets: [{ kind: "pod", namespace: "shop" }] });
    expect(going.log.requests.length).toBeGreaterThan(1_000);
    // Its pods are kept all the same, and nothing of what is beside them.
    const kept = (kind: string): unknown =>
      JSON.parse(going.log.artifacts.get(`objects/${kind}.json`) ?? "null");
    expect(kept("pods")).toMatchObject({ items: [{ metadata: { namespace: "shop" } }, {}, {}] });
    expect(kept("deployments")).toMatchObject({ items: [] });
  });

  test("is asked for what this run reads only: no kind that it does not need", async () => {
    const api = await shop();
    const lists: string[] = [];
    const list = api.list.bind(api);
    api.list = async (path) => {
      lists.push(path);
      return list(path);
    };
    await run(api).run();
    expect(new Set(lists)).toEqual(
      new Set([
        "api/v1/nodes",
        "api/v1/namespaces/shop/pods?labelSelector=app%3Dweb",
        "apis/policy/v1/namespaces/shop/poddisruptionbudgets",
      ]),
    );
  });

  test("lives beside parts that the run brings", async () => {
    const api = await shop();
    const mixed = scene({
      changes: {
        stack: [web, serving({ gpus: 0 })],
        load: offer({ to: web, requests: 50 }),
        faults: [drop({ on: exactly(2, web.pods) })],
        cluster: { nodes: 2, gpusPerNode: 0 },
      },
      deps: { provider: new FakeProvider(api, "kube"), samplers: [] },
    });
    expect(await mixed.run()).toEqual({ unhealed: [], failure: null });
    const kinds = [...api.objects.values()].map(({ kind, metadata }) => `${kind} ${metadata.name}`);
    expect(kinds.filter((kind) => !kind.startsWith("Pod ") && !kind.startsWith("Node"))).toEqual([
      "Namespace shop",
      "Deployment web",
      "Service web",
    ]);
    expect(api.pods()).toHaveLength(3);
  });

  test.each([
    [{ service: { clusterIP: "None" } }, "web.service must have a cluster IP, got None"],
    [{ service: { ports: [{ port: 8443 }] } }, "web.port must be one of 8443, got 80"],
    [
      { service: { selector: { app: "other" } } },
      "web.selector must select pods of the Service, which selects app=other, got app=web",
    ],
    [
      { replicas: 0 },
      "web.selector must match at least one Ready pod in shop, " +
        "got 0 pods of app=web, none of them Ready",
    ],
  ])("is refused before anything is touched: %j", async (changes, problem) => {
    const api = await shop(changes);
    const error = await refusal(run(api));
    expect([error.exit, error.message]).toEqual([4, problem]);
  });

  test("that is not there is refused, with all that is missing", async () => {
    const error = await refusal(run(new FakeApi({ nodes: 1, gpusPerNode: 0 })));
    expect(error.message.split("\n")).toEqual([
      "web.service must be in namespace shop, got none named web",
      expect.stringMatching(/^web\.selector must match at least one Ready pod/),
    ]);
  });

  test("may have no cluster address where clients use another one", async () => {
    const api = await shop({ service: { clusterIP: "None", ports: [{ port: 1 }] } });
    const going = run(api, {}, { address: "staging.test:80" });
    expect((await going.run()).failure).toBeNull();
  });

  test.each([
    [{ maxUnavailable: 1 }, exactly(2, web.pods), /1 pods may be down, got 2/],
    [{ minAvailable: 3 }, one(web.pods), /0 pods may be down, got 1/],
    [{ minAvailable: "34%" }, all(web.pods), /1 pods may be down, got 3/],
    [{ maxUnavailable: 1 }, one(web.pods), null],
    [{ maxUnavailable: 0, selector: { matchLabels: { app: "other" } } }, all(web.pods), null],
  ])("has its disruption budget respected: %j", async (budget, on, problem) => {
    const api = await shop({ budget });
    const going = run(api, { faults: [drop({ on })] });
    if (problem === null) expect((await going.run()).failure).toBeNull();
    else expect((await refusal(going)).message).toMatch(problem);
  });

  test("needs a cluster that is up", async () => {
    const provider = new FakeProvider(await shop(), "local");
    const error = await refusal(run(provider.api, {}, { provider }));
    expect(error.message).toBe("existing parts need a cluster that is up, got web and none");
    expect(provider.calls).toEqual([]);
  });
});

test.each([
  [{ matchLabels: { app: "web" } }, true],
  [{ matchLabels: { app: "web", tier: "x" } }, false],
  [{ matchExpressions: [{ key: "app", operator: "In", values: ["a", "web"] }] }, true],
  [{ matchExpressions: [{ key: "app", operator: "NotIn", values: ["web"] }] }, false],
  [{ matchExpressions: [{ key: "app", operator: "Exists" }] }, true],
  [{ matchExpressions: [{ key: "app", operator: "DoesNotExist" }] }, false],
  [{ matchExpressions: [{ key: "app", operator: "Nearly" }] }, false],
  [{}, true],
] as const)("a label selector %j", (selector, selected) => {
  expect(selectsBy(selector, labels)).toBe(selected);
});

test("selector text", () => {
  expect(selects("app=web", labels)).toBe(true);
  expect(selects("app=web,tier=x", labels)).toBe(false);
  expect(selects("app=web", undefined)).toBe(false);
});

test("images that nodes without a registry lack are told with where they are wanted", () => {
  const pod = (image: string, more: object = {}): KubeObject => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "it", namespace: "n" },
    spec: { containers: [{ name: "c", image, ...more }] },
  });
  const there = ["ninety.local/envoy:1", "nginx"];
  const of = (object: KubeObject): readonly string[] => imageProblems([object], there);
  expect(of(pod("ninety.local/envoy:1"))).toEqual([]);
  expect(of(pod("docker.io/library/nginx", { imagePullPolicy: "Never" }))).toEqual([]);
  expect(of(pod("nginx"))).toEqual([
    "pod n/it: container c: imagePullPolicy must be IfNotPresent or Never on the local cluster, " +
      "which has no registry, got Always for nginx",
  ]);
  expect(of(pod("nginx:1.27"))).toEqual([
    expect.stringMatching(/^pod n\/it: container c: image must be on the nodes .* got nginx:1.27;/),
  ]);
  const cron = {
    ...pod("x"),
    kind: "CronJob",
    spec: { jobTemplate: { spec: { template: { spec: pod("other:1")["spec"] } } } },
  };
  expect(of(cron)).toHaveLength(1);
});

test.each([
  ["nginx", "docker.io/library/nginx:latest"],
  ["me/nginx:1", "docker.io/me/nginx:1"],
  ["localhost/x", "localhost/x:latest"],
  ["registry:5000/x", "registry:5000/x:latest"],
  ["ghcr.io/a/b@sha256:ab", "ghcr.io/a/b@sha256:ab"],
])("the full reference of %s", (image, full) => {
  expect(fullReference(image)).toBe(full);
});
