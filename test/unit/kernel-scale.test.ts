import { describe, expect, test } from "vitest";
import { EXIT, NinetyError } from "../../src/model/error.ts";
import type { Json, KubeObject } from "../../src/model/json.ts";
import type { Plan, PlannedPart } from "../../src/model/plan.ts";
import { ApiError } from "../../src/ports/api.ts";
import { all, exactly, one, type GpuWorkload } from "../../src/ports/author.ts";
import { readExperiment } from "../../src/kernel/experiment.ts";
import { makePlan } from "../../src/kernel/planner.ts";
import { planProblems as problemsOfPlan } from "../../src/kernel/preflight.ts";
import { missing } from "../../src/kernel/readiness.ts";
import { leastPods, metricsProblems, podBounds, scales } from "../../src/kernel/scale.ts";
import { FakeApi, FakeProvider } from "../../src/testing/fake-cluster.ts";
import { drop, jam, offer, serving, written } from "./kernel-kit.ts";
import { scene } from "./kernel-scene.ts";

const planProblems = (plan: Plan): readonly string[] =>
  problemsOfPlan(plan, (name) => (name === "jam" ? jam : drop).definition);

const signal = new AbortController().signal;

const autoscaler = (least: number | undefined, most: number, namespace?: string): KubeObject => ({
  apiVersion: "autoscaling/v2",
  kind: "HorizontalPodAutoscaler",
  metadata: { name: "server", ...(namespace === undefined ? {} : { namespace }) },
  spec: {
    scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "server" },
    ...(least === undefined ? {} : { minReplicas: least }),
    maxReplicas: most,
  },
});

type Options = Parameters<typeof serving>[0];

/** A part whose number of pods is an autoscaler's. */
function scaling(least: number, most: number, of: Options = {}): GpuWorkload {
  const part = serving({ ...of, more: [autoscaler(least, most), ...(of.more ?? [])] });
  return { ...part, planned: { ...part.planned, replicas: null } };
}

function planOf(server: GpuWorkload, changes: object = {}): Plan {
  const load = offer({ to: server, requests: 5 });
  const faults = [jam({ on: one(server.gpus), for: "9s", delay: "1ms" })];
  const loaded = written({ stack: [server], load, faults, ...changes });
  return makePlan(readExperiment("sample", loaded), "s", { always: [], addOns: [] });
}

describe("how many pods a part can have", () => {
  const plain: PlannedPart = serving({}).planned;

  test("is what it says, or what its autoscaler does, or unknown", () => {
    expect(podBounds(plain)).toEqual({ least: 3, most: 3 });
    expect(podBounds(scaling(2, 5).planned)).toEqual({ least: 2, most: 5 });
    const silent = { ...plain, replicas: null, objects: [autoscaler(undefined, 4)] };
    expect(podBounds(silent)).toEqual({ least: 1, most: 4 });
    expect(podBounds({ ...plain, replicas: null })).toBeNull();
    expect([scales(plain), scales(silent)]).toEqual([false, true]);
  });

  test("is at most what it scales to, for GPUs and for picks", () => {
    const changes = { cluster: { nodes: 3, gpusPerNode: 2 } };
    expect(planProblems(planOf(scaling(1, 5), changes))).toEqual([]);
    expect(planProblems(planOf(scaling(1, 6), changes))).toEqual([
      expect.stringMatching(/6 wanted and 1 lost of 6/),
    ]);
    const server = scaling(1, 2);
    const asked =
      (count: number): (() => Plan) =>
      () =>
        planOf(server, { faults: [drop({ on: exactly(count, server.pods) })] });
    expect(asked(2)).not.toThrow();
    expect(asked(3)).toThrow("must be at most 2: server has no more pods, got 3");
  });

  test("is at the least when its disruption budget is counted", () => {
    const server = scaling(3, 5, { budget: { minAvailable: 2 } });
    const problems = (on: unknown): readonly string[] =>
      planProblems(planOf(server, { faults: [drop({ on: on as never })], cluster: { nodes: 5 } }));
    expect(problems(one(server.pods))).toEqual([]);
    expect(problems(exactly(2, server.pods))).toEqual([
      expect.stringMatching(/1 pods may be down, got 2/),
    ]);
    expect(problems(all(server.pods))).toEqual([
      expect.stringMatching(/1 pods may be down, got 3/),
    ]);
  });
});

describe("a workload that scales", () => {
  const workload = (replicas: number, ready: number): KubeObject => ({
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "server", namespace: "n" },
    spec: { replicas },
    status: { readyReplicas: ready },
  });
  const objects = [autoscaler(2, 5, "n")];

  test("is whole with the least of its autoscaler, whatever it was made with", () => {
    expect(leastPods(workload(1, 1), objects)).toBe(2);
    expect(missing([workload(1, 1)], [], objects)).toEqual([
      "deployment n/server has 1 of 2 pods Ready",
    ]);
    expect(missing([workload(2, 2)], [], objects)).toEqual([]);
    // Scaled up meanwhile: then all of these.
    expect(missing([workload(3, 2)], [], objects)).toHaveLength(1);
  });

  test("is another one than that of the same name elsewhere", () => {
    expect(leastPods(workload(1, 1), [autoscaler(2, 5, "other")])).toBe(0);
    expect(leastPods({ ...workload(1, 1), kind: "StatefulSet" }, objects)).toBe(0);
    expect(missing([workload(1, 1)], [])).toEqual([]);
  });
});

describe("metrics", () => {
  const METRICS = "apis/metrics.k8s.io/v1beta1";
  const group = { apiVersion: "v1", kind: "APIResourceList", metadata: { name: "" } };
  const api = (answer: () => Json): FakeApi => {
    const fake = new FakeApi({ nodes: 3, gpusPerNode: 2 });
    const get = fake.get.bind(fake);
    fake.get = async (path) => (path === METRICS ? answer() : get(path));
    return fake;
  };
  const unavailable = (): Json => {
    throw new ApiError("503: service unavailable", 503);
  };
  const problem = "server scales on CPU: APIService v1beta1.metrics.k8s.io must be Available, got ";

  test("are needed where a part scales, and nowhere else", async () => {
    const of = (plan: Plan, answer: () => Json): Promise<readonly string[]> =>
      metricsProblems(plan, { api: api(answer), signal });
    const plan = planOf(scaling(1, 3));
    expect(await of(plan, () => group)).toEqual([]);
    expect(await of(plan, () => null)).toEqual([`${problem}none`]);
    expect(await of(plan, unavailable)).toEqual([`${problem}503: service unavailable`]);
    expect(await of(planOf(serving({})), unavailable)).toEqual([]);
    const away = (): Json => {
      throw new ApiError("connection refused", 0);
    };
    await expect(of(plan, away)).rejects.toThrow("connection refused");
  });

  test("may be brought along", async () => {
    const apiService = {
      apiVersion: "apiregistration.k8s.io/v1",
      kind: "APIService",
      metadata: { name: "v1beta1.metrics.k8s.io" },
    };
    const plan = planOf(scaling(1, 3, { more: [apiService] }));
    expect(await metricsProblems(plan, { api: api(() => null), signal })).toEqual([]);
  });

  test("that are not there keep a run from touching a cluster of a kubeconfig", async () => {
    const fake = api(() => null);
    const provider = new FakeProvider(fake, "kube");
    const server = scaling(1, 3);
    const stack = { stack: [server], load: offer({ to: server, requests: 5 }) };
    const of = scene({ changes: stack, deps: { provider, attach: provider.cluster() } });
    const { failure } = await of.run();
    expect(failure).toMatchObject({
      phase: "preflight",
      error: { exit: EXIT.preflight, message: `${problem}none` },
    });
    expect([...fake.objects.values()].map(({ kind }) => kind)).toEqual(["Node", "Node", "Node"]);
  });
});

test("a local cluster that is up and lacks an image is not touched", async () => {
  const api = new FakeApi({ nodes: 3, gpusPerNode: 2 });
  const provider = new FakeProvider(api, "local");
  const attach = { ...provider.cluster(), images: { other: "registry.invalid/other:1" } };
  const { failure } = await scene({ deps: { provider, attach } }).run();
  if (!(failure?.error instanceof NinetyError)) throw new Error("no failure");
  expect([failure.phase, failure.error.exit]).toEqual(["preflight", EXIT.preflight]);
  expect(failure.error.message).toMatch(
    /deployment .*: container .*: image must be on the nodes .* got programs; .*cluster down/,
  );
  expect(api.pods()).toEqual([]);
});
