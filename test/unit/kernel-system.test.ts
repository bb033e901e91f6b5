import { describe, expect, test } from "vitest";
import { NinetyError } from "../../src/model/error.ts";
import type { Event } from "../../src/model/event.ts";
import type { KubeObject } from "../../src/model/json.ts";
import { one } from "../../src/ports/author.ts";
import type { Sampler } from "../../src/ports/sampler.ts";
import { runLabel } from "../../src/kernel/system.ts";
import { FakeApi, FakeProvider } from "../../src/testing/fake-cluster.ts";
import { jam, server } from "./kernel-kit.ts";
import { scene, type Scene } from "./kernel-scene.ts";

const told = (events: readonly Event[]): readonly string[] =>
  events.flatMap((event) => {
    if (event.type === "phase") return [event.phase];
    if (event.type === "error") return [`error ${event.code}`];
    return event.type === "fault" ? [`${event.id} ${event.edge}`] : [];
  });

describe("a run on ports", () => {
  test("goes through every phase, proves, heals, settles early, and leaves nothing", async () => {
    const { run: go, log, api, provider, injector, system, clock } = scene();
    expect(await go()).toEqual({ unhealed: [], failure: null });
    expect(told(log.disk)).toEqual([
      "preflight",
      "deploy",
      "warmup",
      "steady",
      "faults",
      "f01 inject-begin",
      "f01 inject-end",
      "f01 proved",
      "f01 heal-begin",
      "f01 heal-end",
      "observe",
      "f01 heal-proved",
      "teardown",
      "end",
    ]);
    expect(provider.calls).toEqual(["prepare", "up", "ready", "down"]);
    expect(injector.held.size).toBe(0);
    expect(system.loadComplete()).toBe(true);
    expect(log.requests.length).toBeGreaterThan(90 * 50);
    // Two minutes of observation were not needed.
    expect(clock.nowMs()).toBeLessThan(200_000);
    const [begin] = log.disk.filter((one) => one.type === "fault" && one.edge === "inject-begin");
    expect(begin).toMatchObject({
      lateUs: expect.any(Number),
      effects: [{ id: "sample-1/f01.0", effect: { kind: "gpu-state", state: "hang" } }],
      targets: [{ kind: "gpu", holder: { namespace: "ninety-sample" } }],
    });
    const types = log.disk.map((one) => (one.type === "fault" ? one.edge : one.type));
    expect(types.indexOf("prediction")).toBe(types.indexOf("inject-begin") - 1);
    const [prediction] = log.disk.filter((one) => one.type === "prediction");
    const edges = prediction?.segments.map(({ from, to }) => `${from}>${to}`);
    expect(edges).toContain("inj>det:device-health");
    expect(log.documents.get("environment.json")).toMatchObject({
      schema: 1,
      level: "simulated",
      cluster: { kind: "local", versions: { fake: "1", node: "24" } },
    });
    expect(log.documents.get("plan.json")).toMatchObject({ experiment: "sample", seed: "s" });
    const labels = [...api.objects.values()]
      .filter(({ kind }) => !["Node", "Lease"].includes(kind))
      .map(({ metadata }) => metadata.labels?.["ninety/run"]);
    expect(labels.every((label) => label === "sample-1")).toBe(true);
  });

  test("applies with namespaces and full images", async () => {
    const { run: go, api } = scene();
    await go();
    expect(api.objects.has("api/v1/namespaces/ninety-sample")).toBe(true);
    expect(api.objects.has("api/v1/namespaces/ninety-system")).toBe(true);
    const images = api.pods().map((pod) => JSON.stringify(pod["spec"]));
    expect(images).toHaveLength(4);
    expect(images.every((spec) => spec.includes("registry.invalid/programs:1"))).toBe(true);
  });

  test("that proves nothing tells so and waits for all of its observation", async () => {
    const { run: go, log } = scene({ idle: true, changes: { observe: "60s" } });
    expect((await go()).failure).toBeNull();
    expect(told(log.disk)).toContain("f01 unproved");
  });

  test("takes away what it deployed where the cluster stays", async () => {
    const { run: go, api, provider, log } = scene({ kind: "kube", deps: { keep: true } });
    await go();
    expect(provider.calls).not.toContain("down");
    expect([...api.objects.values()].map(({ kind }) => kind)).toEqual(["Node", "Node", "Node"]);
    expect(told(log.disk).filter((line) => line.startsWith("error"))).toEqual([]);
  });

  test("tells what it could not take away, and the command that does", async () => {
    const api = new FakeApi({ nodes: 3, gpusPerNode: 2 });
    const call = api.call.bind(api);
    api.call = async (request) =>
      request.path.includes("/leases")
        ? call(request)
        : Promise.resolve({ status: 403, body: "no" });
    const provider = new FakeProvider(api, "kube");
    const { run: go, log } = scene({ deps: { provider, samplers: [] } });
    await go();
    const left = log.disk.flatMap((one) =>
      one.type === "error" && one.code === "leftover" ? [one.message] : [],
    );
    expect(left).toContain(
      JSON.stringify({
        object: "namespace ninety-sample",
        remove: "kubectl delete namespace ninety-sample",
      }),
    );
  });

  test("follows a target that is replaced", async () => {
    const faults = [jam({ on: one(server.gpus), for: "60s", delay: "1ms", follow: true })];
    const { run: go, log, api, clock, injector } = scene({ changes: { faults } });
    let devices = 0;
    clock.at(60_000, () => {
      const [now] = injector.held.values();
      const effect = now?.held.effect;
      if (effect?.kind === "gpu-state") api.replacePod(effect.gpu.holder!.name);
    });
    clock.at(70_000, () => {
      devices = injector.held.size;
    });
    await go();
    expect(devices).toBe(2);
    expect(told(log.disk).filter((line) => line.startsWith("f01"))).toEqual([
      "f01 inject-begin",
      "f01 inject-end",
      "f01 proved",
      "f01 inject-begin",
      "f01 inject-end",
      "f01 proved",
      "f01 heal-begin",
      "f01 heal-end",
      "f01 heal-proved",
    ]);
    expect(injector.held.size).toBe(0);
  });
});

describe("a run that cannot be", () => {
  const failureOf = async (of: Scene): Promise<NinetyError> => {
    const { failure } = await of.run();
    if (failure?.error instanceof NinetyError) return failure.error;
    throw new Error(`no failure: ${String(failure?.error)}`);
  };

  test("is refused by its plan before anything is built", async () => {
    const tight = scene({ changes: { cluster: { nodes: 1, gpusPerNode: 2 } } });
    const error = await failureOf(tight);
    expect([error.exit, error.message]).toEqual([
      4,
      "the stack must find 3 GPUs, the cluster has 2",
    ]);
    expect(tight.provider.calls).toEqual([]);
  });

  test("is refused by who should hold its effects, and the cluster goes again", async () => {
    const unheld = scene({ accepts: { accepts: () => ({ refused: "no such hand" }) } });
    const error = await failureOf(unheld);
    expect(error.exit).toBe(4);
    expect(error.message).toContain("f01 jam can be held by nobody: fake: no such hand");
    expect(unheld.provider.calls).toEqual(["prepare", "up", "down"]);
  });

  test("is refused by a namespace that is there, or by what another run left", async () => {
    const api = new FakeApi({ nodes: 3, gpusPerNode: 2 });
    const provider = new FakeProvider(api, "kube");
    const mine: KubeObject = {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: "ninety-sample" },
    };
    await api.apply(mine);
    const taken = await failureOf(scene({ deps: { attach: provider.cluster(), provider } }));
    expect([taken.exit, taken.hint]).toEqual([
      4,
      "if no other run uses it: kubectl delete namespace ninety-sample",
    ]);
    await api.apply({ ...mine, metadata: { name: "x", labels: { "ninety/run": "other-7" } } });
    const left = await failureOf(scene({ deps: { attach: provider.cluster(), provider } }));
    expect(left.message).toContain("1 objects of other runs are there: namespace x");
    expect(provider.calls).toEqual(["prepare"]);
    expect(api.objects.has("api/v1/namespaces/ninety-sample")).toBe(true);
  });

  test("says which pods do not get Ready, and why", async () => {
    const sick = scene();
    sick.api.broken.add("server");
    const error = await failureOf(sick);
    expect(error.exit).toBe(2);
    expect(error.message).toMatch(/deployment ninety-sample\/server has 0 of 3 pods Ready/);
    expect(error.message).toMatch(/server-\d: any waits: ImagePullBackOff: no such image/);
    expect(sick.provider.calls.at(-1)).toBe("down");
  });

  test("is over when its load dies", async () => {
    const poor = scene({ loadDiesMs: 50_000 });
    const { failure, unhealed } = await poor.run();
    expect(failure).toMatchObject({ phase: "faults", error: { code: "load-died", exit: 2 } });
    expect(unhealed).toEqual([]);
    expect(told(poor.log.disk).slice(-5)).toEqual([
      "error load-died",
      "f01 heal-begin",
      "f01 heal-end",
      "teardown",
      "end",
    ]);
    expect(poor.system.loadComplete()).toBe(false);
    expect(poor.clock.nowMs()).toBeLessThan(60_000);
  });

  test("is over when its load does not even start", async () => {
    const poor = scene({ loadDiesMs: 0 });
    expect((await poor.run()).failure).toMatchObject({
      phase: "deploy",
      error: { code: "load-died", exit: 2, message: "k6 is not there" },
    });
    expect(poor.provider.calls.at(-1)).toBe("down");
  });

  test("is over when a sampler throws, and says which", async () => {
    const blind: Sampler = {
      name: "blind",
      about: "Throws.",
      run: async () => Promise.reject(new Error("no eyes")),
    };
    const { failure } = await scene({ deps: { samplers: [blind] } }).run();
    expect(failure?.error).toMatchObject({
      code: "sampler-died",
      message: "sampler blind failed: no eyes",
    });
  });

  test("is healed and taken down at an interrupt, whenever it comes", async () => {
    for (let stopMs = 0; stopMs < 130_000; stopMs += 3_700) {
      const stopped = scene();
      const { failure, unhealed } = await stopped.run(stopMs);
      expect(unhealed).toEqual([]);
      expect(stopped.injector.held.size).toBe(0);
      expect(told(stopped.log.disk).at(-1)).toBe("end");
      const { calls } = stopped.provider;
      if (calls.includes("up")) expect(calls.at(-1)).toBe("down");
      if (failure) expect(failure.error).toMatchObject({ code: "interrupted", exit: 130 });
    }
  });
});

test("a run's label is one that Kubernetes takes, and stays its own", () => {
  expect(runLabel("gpu-loss-20261123T231500Z-ab12")).toBe("gpu-loss-20261123T231500Z-ab12");
  const long = (end: string): string => runLabel(`${"x".repeat(80)}${end}`);
  expect(long("a")).not.toBe(long("b"));
  for (const label of [long("a"), runLabel("-a.b_"), runLabel("ä"), runLabel("")]) {
    expect(label).toMatch(/^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/);
  }
});
