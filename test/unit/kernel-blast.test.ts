// The blast radius in whole runs on fake ports: what is refused, when, and what is told.
import { describe, expect, test } from "vitest";
import type { Damage } from "../../src/model/damage.ts";
import { NinetyError } from "../../src/model/error.ts";
import type { KubeObject } from "../../src/model/json.ts";
import { all, exactly, one } from "../../src/ports/author.ts";
import { defineFault } from "../../src/ports/fault.ts";
import { readExperiment } from "../../src/kernel/experiment.ts";
import { createHolders } from "../../src/kernel/holders.ts";
import { makePlan } from "../../src/kernel/planner.ts";
import { planDamage, planProblems } from "../../src/kernel/preflight.ts";
import { FakeApi, FakeProvider } from "../../src/testing/fake-cluster.ts";
import { FakeInjector } from "../../src/testing/fakes.ts";
import { VirtualClock } from "../../src/testing/virtual-clock.ts";
import { existing } from "../../workloads/parts/existing.ts";
import { podOf, type PodOf } from "../support/placement.ts";
import { drop, jam, offer, serving, unplug, written } from "./kernel-kit.ts";
import { scene, type Scene } from "./kernel-scene.ts";

const definitions = [jam.definition, drop.definition, unplug.definition];
const faults = (name: string): (typeof definitions)[number] =>
  definitions.find((one) => one.name === name)!;

async function put(api: FakeApi, of: PodOf): Promise<void> {
  const pod = podOf(of);
  const { namespace = "" } = pod.metadata;
  if (!api.objects.has(`api/v1/namespaces/${namespace}`)) await space(api, namespace);
  await api.apply(pod);
}

async function space(api: FakeApi, name: string, optIn = ""): Promise<void> {
  const labels = optIn === "" ? {} : { "ninety/opt-in": optIn };
  await api.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name, labels } });
}

const labels = { app: "web" };
const web = existing({
  namespace: "shop",
  selector: "app=web",
  service: "web",
  port: 80,
  request: { path: "/", expect: {} },
});

/** Two nodes; three pods of somebody's service, two of them on n1. */
async function shop(optIn = "true"): Promise<FakeApi> {
  const api = new FakeApi({ nodes: 2, gpusPerNode: 0 });
  await space(api, "shop", optIn);
  const metadata = { name: "web", namespace: "shop", labels };
  const template = { metadata: { labels }, spec: { containers: [] } };
  const spec = { replicas: 3, template };
  await api.apply({ apiVersion: "apps/v1", kind: "Deployment", metadata, spec });
  const service: KubeObject = { apiVersion: "v1", kind: "Service", metadata };
  await api.apply({ ...service, spec: { selector: labels, ports: [{ port: 80 }] } });
  return api;
}

/** The service's nodes lose their power, on a cluster of a kubeconfig. */
function cutShop(api: FakeApi, changes: object = {}, deps: object = {}): Scene {
  return scene({
    changes: {
      stack: [web],
      load: offer({ to: web, requests: 50 }),
      faults: [unplug({ on: one(web.nodes), for: "5s" })],
      ...changes,
    },
    addOns: [],
    deps: { provider: new FakeProvider(api, "kube"), samplers: [], faults, ...deps },
  });
}

async function failureOf(of: Scene): Promise<NinetyError & { readonly phase: string }> {
  const { failure } = await of.run();
  if (!(failure?.error instanceof NinetyError)) throw new Error(`got ${String(failure?.error)}`);
  return Object.assign(failure.error, { phase: failure.phase });
}

const foretold = ({ log }: Scene): readonly Damage[] =>
  log.events().flatMap((event) => (event.type === "damage" ? [event] : []));
const injected = ({ log }: Scene): number =>
  log.events().filter((event) => event.type === "fault" && event.edge === "inject-begin").length;

describe("a namespace of a shared cluster", () => {
  test.each(["", "false"])("must have opted in, got %j", async (optIn) => {
    const error = await failureOf(
      cutShop(await shop(optIn), { faults: [drop({ on: one(web.pods) })] }),
    );
    expect(error).toMatchObject({
      exit: 4,
      phase: "preflight",
      message: "namespace shop must have opted in by label ninety/opt-in=true, got none",
      hint: "whoever owns it grants it: kubectl label namespace shop ninety/opt-in=true",
    });
  });

  test("need not on a cluster of ours", async () => {
    const api = await shop("");
    const provider = new FakeProvider(api, "local");
    const changes = { faults: [drop({ on: one(web.pods) })] };
    const going = cutShop(api, changes, { provider, attach: provider.cluster() });
    expect((await going.run()).failure).toBeNull();
  });

  test("must also where its pods are only beside those that are meant", async () => {
    const api = await shop();
    for (const node of ["n1", "n2"])
      await put(api, { name: `job-${node}`, node, namespace: "batch" });
    const error = await failureOf(cutShop(api));
    expect([error.exit, error.message]).toEqual([
      4,
      "namespace batch must have opted in by label ninety/opt-in=true, got none",
    ]);
    await space(api, "batch", "true");
    expect((await cutShop(api).run()).failure).toBeNull();
  });
});

describe("pods on the node that a step draws", () => {
  const alone = async (): Promise<FakeApi> => {
    const api = await shop();
    for (const node of ["n1", "n2"]) {
      await put(api, { name: `dns-${node}`, node, namespace: "kube-system", owner: `Set ${node}` });
      const labels = { app: "grafana" };
      await put(api, { name: `g-${node}`, node, namespace: "obs", labels });
    }
    return api;
  };

  test("of control plane and monitoring are refused before anything is touched", async () => {
    const api = await alone();
    const going = cutShop(api);
    const error = await failureOf(going);
    expect([error.exit, error.phase]).toEqual([4, "preflight"]);
    expect(error.message).toMatch(/no pod of the control plane .* got kube-system\/dns-n\d on n\d/);
    expect(error.message).toMatch(/accepts: \["control-plane-pod"\] if that is what is tested/);
    expect(error.message).toMatch(/no pod of the monitoring .* got obs\/g-n\d/);
    expect(injected(going)).toBe(0);
  });

  test("may be taken where that is accepted, and that is told before it is done", async () => {
    const going = cutShop(await alone(), { accepts: ["control-plane-pod", "monitoring-pod"] });
    expect((await going.run()).failure).toBeNull();
    expect(foretold(going).map(({ accept, id }) => [accept, id])).toEqual([
      ["control-plane-pod", "f01"],
      ["monitoring-pod", "f01"],
    ]);
    const types = going.log
      .events()
      .map((event) => (event.type === "fault" ? event.edge : event.type));
    expect(types.indexOf("damage")).toBeLessThan(types.indexOf("inject-begin"));
  });

  test("count for the minimum, all of them", async () => {
    const changes = { minimumReady: [exactly(2, web.pods)] };
    const of = async (seed: readonly number[]): Promise<Scene> => {
      const going = cutShop(await shop(), changes);
      Object.assign(going.plan.steps[0]!, { slots: seed });
      return going;
    };
    const error = await failureOf(await of([0]));
    expect([error.exit, error.message]).toEqual([
      4,
      "f01 unplug must leave 2 Ready pods of web (minimumReady), got 1 of 3; " +
        'accepts: ["below-minimum"] if that is what is tested',
    ]);
    expect((await (await of([1])).run()).failure).toBeNull();
  });
});

test("fewer things than a step asks for are refused at preflight where they are there already", async () => {
  const changes = { faults: [drop({ on: exactly(4, web.pods) })] };
  const error = await failureOf(cutShop(await shop(), changes));
  expect([error.exit, error.message]).toEqual([
    4,
    expect.stringMatching(/^f01 drop must meet 4 pods of web, found 3: /),
  ]);
});

describe("where a run has deployed its parts", () => {
  const server = serving({ gpus: 1 });
  const cut = (
    changes: object = {},
    before: (api: FakeApi) => Promise<void> = async () => {},
    api = new FakeApi({ nodes: 3, gpusPerNode: 2 }),
  ): Scene => {
    const provider = new FakeProvider(api, "local");
    const up = provider.up.bind(provider);
    provider.up = async (...args) => {
      await before(api);
      return up(...args);
    };
    return scene({
      changes: {
        stack: [server],
        load: offer({ to: server, requests: 50 }),
        faults: [unplug({ on: one(server.nodes), for: "5s" })],
        ...changes,
      },
      deps: { provider, samplers: [], faults },
    });
  };
  const lonely = async (api: FakeApi): Promise<void> => {
    for (const node of ["n1", "n2", "n3"]) {
      await put(api, { name: `dns-${node}`, node, namespace: "kube-system", owner: `Set ${node}` });
    }
  };

  test("a step that takes too much is refused after deploy, and nothing is disturbed", async () => {
    const going = cut({}, lonely);
    const error = await failureOf(going);
    expect([error.exit, error.phase]).toEqual([2, "deploy"]);
    expect(error.message).toMatch(/f01 unplug must take no pod of the control plane/);
    expect(injected(going)).toBe(0);
    const accepted = cut({ accepts: ["control-plane-pod"] }, lonely);
    expect((await accepted.run()).failure).toBeNull();
    expect(foretold(accepted)).toHaveLength(1);
  });

  test("a replica that is Ready a moment later still counts", async () => {
    const replicated = async (api: FakeApi): Promise<void> => {
      for (const [nth, node] of ["n1", "n2", "n3"].entries()) {
        const ready = nth === 0;
        await put(api, {
          name: `dns-${node}`,
          node,
          namespace: "kube-system",
          owner: "Set dns",
          ready,
        });
      }
    };
    const api = new FakeApi({ nodes: 3, gpusPerNode: 2 });
    const going = cut({}, replicated, api);
    Object.assign(going.plan.steps[0]!, { slots: [0] });
    going.clock.at(8_000, () => {
      for (const [path, pod] of api.objects) {
        if (!pod.metadata.name.startsWith("dns-")) continue;
        const conditions = [{ type: "Ready", status: "True" }];
        api.objects.set(path, { ...pod, status: { phase: "Running", conditions } });
      }
    });
    expect((await going.run()).failure).toBeNull();
    const late = cut({}, replicated);
    Object.assign(late.plan.steps[0]!, { slots: [0] });
    expect(await failureOf(late)).toMatchObject({ exit: 2, phase: "deploy" });
  });

  test("a step is judged again with the pods where they are when it comes", async () => {
    const api = new FakeApi({ nodes: 3, gpusPerNode: 2 });
    const going = cut({ minimumReady: [exactly(2, server.pods)] }, undefined, api);
    const move = (): void => {
      const all = [...api.objects].filter(
        ([, { kind, metadata }]) => kind === "Pod" && metadata.name.startsWith("server"),
      );
      for (const [path, pod] of all) {
        api.objects.set(path, { ...pod, spec: { ...(pod["spec"] as object), nodeName: "n1" } });
      }
    };
    going.clock.at(20_000, move);
    const error = await failureOf(going);
    expect([error.exit, error.phase]).toEqual([2, "faults"]);
    expect(error.message).toMatch(/must leave 2 Ready pods of server \(minimumReady\), got 0 of 3/);
    expect(injected(going)).toBe(0);
  });
});

describe("a holder without a lease", () => {
  const why = "the API server has no lease for it";
  const accepts = (): { means: string; unleased: string } => ({ means: "a PATCH", unleased: why });

  test("is refused before anything is deployed, unless that is accepted", async () => {
    const going = scene({ accepts: { accepts } });
    const error = await failureOf(going);
    expect([error.exit, error.phase]).toEqual([4, "deploy"]);
    expect(error.message).toContain(
      `f01 jam must be held under a lease, which would end it without us, got none: ${why}; ` +
        'accepts: ["unleased"]',
    );
    const wanted = scene({ accepts: { accepts }, changes: { accepts: ["unleased"] } });
    expect((await wanted.run()).failure).toBeNull();
    expect(foretold(wanted)).toMatchObject([{ accept: "unleased", id: "f01" }]);
  });

  test("holds what happens once: there is nothing to outlive", async () => {
    const server = serving({});
    const changes = { stack: [server], faults: [drop({ on: one(server.pods) })] };
    const going = scene({ accepts: { accepts }, changes });
    expect((await going.run()).failure).toBeNull();
    expect(foretold(going)).toEqual([]);
  });

  test("comes after one that has a lease", () => {
    const clock = new VirtualClock();
    const leased = new FakeInjector(clock, { accepts: () => ({ means: "a lease" }) });
    const holders = createHolders([new FakeInjector(clock, { accepts }), leased]);
    expect(holders.accepts({ kind: "power", node: "n1" })).toEqual({ means: "a lease" });
  });
});

const blind = defineFault({
  ...(drop.definition as never as Parameters<typeof defineFault>[0]),
  name: "blind",
  on: "pod",
  lasts: "held",
  effects: (_params, pod) => [
    {
      kind: "net-shape",
      pod,
      direction: "both",
      ports: [],
      peers: null,
      delayMs: 0,
      jitterMs: 0,
      lossRatio: 1,
      affectsProbes: true,
    },
  ],
});

test("a fault that meets the kubelet's probes is refused, unless that is accepted", () => {
  const server = serving({});
  const planOf = (accepts: readonly string[]): ReturnType<typeof makePlan> =>
    makePlan(
      readExperiment(
        "sample",
        written({
          stack: [server],
          accepts,
          faults: [blind({ on: one(server.pods), for: "9s" } as never)],
        }),
      ),
      "s",
      { always: [], addOns: [] },
    );
  const named = (): typeof blind.definition => blind.definition;
  expect(planProblems(planOf([]), named)).toEqual([
    "f01 blind must leave the kubelet's probes alone, got affectsProbes: true; " +
      'accepts: ["affects-probes"] if that is what is tested',
  ]);
  expect(planProblems(planOf(["affects-probes"]), named)).toEqual([]);
  expect(planDamage(planOf(["affects-probes"]), named)).toMatchObject([
    { accept: "affects-probes" },
  ]);
});

test("a minimum is read with its rules", () => {
  const server = serving({});
  const of = (minimumReady: unknown): unknown => {
    try {
      return readExperiment("sample", written({ stack: [server], minimumReady })).minimumReady;
    } catch (error) {
      return (error as { problems: readonly string[] }).problems;
    }
  };
  expect(of([exactly(2, server.pods)])).toEqual({ server: 2 });
  expect(of(undefined)).toEqual({});
  expect(of([exactly(4, server.pods)])).toEqual([
    "minimumReady[0] must be at most 3: server has no more pods, got 4",
  ]);
  expect(of([all(server.pods)])).toEqual([
    expect.stringMatching(/^minimumReady\[0\] must be such as exactly\(2, server\.pods\), got /),
  ]);
  expect(of([one(server.nodes)])).toHaveLength(1);
  expect(of([one(server.pods), one(server.pods)])).toEqual([
    "minimumReady[1] must be of another part, got server again",
  ]);
  expect(of({ server: 2 })).toHaveLength(1);
});
