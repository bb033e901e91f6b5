import { describe, expect, test } from "vitest";
import { busyRatio, cpuTicks, loadOf, memoryUsedBytes } from "../../src/samplers/machine.ts";
import { endpointsDetail } from "../../src/samplers/state/endpoints-state.ts";
import { healthyGpus, nodeChangeOf, nodeDetail } from "../../src/samplers/state/node-state.ts";
import { changeOf, gonePod, podDetail } from "../../src/samplers/state/pod-state.ts";
import type { KubeObject } from "../../src/model/json.ts";

/** As the API server of Kubernetes 1.36 tells it, without what is not read. */
const pod = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: {
    name: "server-6d5f8b7c9-x2x4z",
    namespace: "ninety-gpu-loss",
    labels: { "ninety/part": "server", "ninety/run": "r1" },
    uid: "7b0c",
    resourceVersion: "812",
  },
  spec: { nodeName: "n2" },
  status: {
    phase: "Running",
    conditions: [
      { type: "PodReadyToStartContainers", status: "True" },
      { type: "Ready", status: "True", lastTransitionTime: "2026-11-23T23:00:00Z" },
    ],
    containerStatuses: [
      {
        name: "server",
        ready: true,
        restartCount: 0,
        state: { running: { startedAt: "2026-11-23T22:59:58Z" } },
        lastState: {},
        allocatedResourcesStatus: [
          { name: "cpu", resources: [] },
          { name: "nvidia.com/gpu", resources: [{ resourceID: "GPU-n2-1", health: "Healthy" }] },
        ],
      },
    ],
  },
};
type Status = { readonly [field: string]: unknown };
const withContainer = (of: Status, status: Status = {}): KubeObject => {
  const before = pod.status;
  const container = { ...before.containerStatuses[0], ...of };
  return { ...pod, status: { ...before, ...status, containerStatuses: [container] } };
};
const notReady = { conditions: [{ type: "Ready", status: "False" }] };
const health = (word: string): Status => ({
  allocatedResourcesStatus: [
    { name: "nvidia.com/gpu", resources: [{ resourceID: "GPU-n2-1", health: word }] },
  ],
});

describe("a pod", () => {
  test("is told in full", () => {
    expect(podDetail(pod)).toEqual({
      part: "server",
      uid: "7b0c",
      node: "n2",
      ready: true,
      terminating: false,
      gone: false,
      restarts: 0,
      reason: "",
      devices: [{ id: "GPU-n2-1", health: "Healthy" }],
    });
  });

  test("that was just made has nothing yet", () => {
    const { status: _, spec: __, ...fresh } = pod;
    expect(podDetail(fresh as KubeObject)).toMatchObject({ node: "", ready: false, devices: [] });
  });

  test("gives the reason of the present wait before that of the last end", () => {
    const ended = { lastState: { terminated: { reason: "Error", exitCode: 1 } } };
    expect(podDetail(withContainer(ended)).reason).toBe("Error");
    const waiting = { ...ended, state: { waiting: { reason: "CrashLoopBackOff" } } };
    expect(podDetail(withContainer(waiting)).reason).toBe("CrashLoopBackOff");
    expect(podDetail(withContainer({}, { reason: "Evicted" })).reason).toBe("Evicted");
  });

  test("dates the last end of a container, wherever the kubelet tells of it", () => {
    expect(podDetail(pod)).not.toHaveProperty("finishedAt");
    const ended = (finishedAt: string): Status => ({ terminated: { reason: "Error", finishedAt } });
    const [first, second] = ["2026-11-23T23:00:09Z", "2026-11-23T23:00:11Z"];
    const over = withContainer({ state: ended(second), lastState: ended(first) });
    expect(podDetail(over).finishedAt).toBe(second);
    const again = withContainer({ lastState: ended(second), restartCount: 1 });
    expect(podDetail(again).finishedAt).toBe(second);
    const once = withContainer({ lastState: ended(first), restartCount: 1 });
    expect(changeOf(podDetail(once), podDetail(over))).toBe("changed");
  });

  test.each([
    ["not-ready", withContainer({ ready: false }, notReady)],
    ["device-unhealthy", withContainer(health("Unhealthy"))],
    ["device-unhealthy", withContainer({ ...health("Unhealthy"), restartCount: 1 }, notReady)],
    ["changed", withContainer(health("Unknown"))],
    ["restarted", withContainer({ restartCount: 1 }, notReady)],
    ["changed", withContainer({ state: { waiting: { reason: "CrashLoopBackOff" } } })],
    [
      "terminating",
      { ...pod, metadata: { ...pod.metadata, deletionTimestamp: "2026-11-23T23:01:00Z" } },
    ],
  ])("changes: %s", (word, after) => {
    expect(changeOf(podDetail(pod), podDetail(after))).toBe(word);
  });

  test("changes back", () => {
    const sick = podDetail(withContainer(health("Unhealthy")));
    expect(changeOf(sick, podDetail(pod))).toBe("device-healthy");
    expect(changeOf(podDetail(withContainer({}, notReady)), podDetail(pod))).toBe("ready");
    expect(changeOf({ ...podDetail(pod), node: "" }, podDetail(pod))).toBe("scheduled");
  });

  test("that says the same again did not change", () => {
    const newer = { ...pod, metadata: { ...pod.metadata, resourceVersion: "900" } };
    expect(changeOf(podDetail(pod), podDetail(newer))).toBeNull();
  });

  test("comes and goes", () => {
    const there = podDetail(pod);
    expect(changeOf(undefined, there)).toBe("added");
    expect(changeOf(there, gonePod(there))).toBe("gone");
    expect(gonePod(there)).toMatchObject({ gone: true, ready: false, terminating: true });
    expect(changeOf(undefined, gonePod(there))).toBeNull();
  });
});

describe("a node", () => {
  const node = (ready: string, gpus = "2"): KubeObject => ({
    apiVersion: "v1",
    kind: "Node",
    metadata: { name: "n2" },
    status: {
      conditions: [
        { type: "MemoryPressure", status: "False" },
        { type: "Ready", status: ready },
      ],
      capacity: { cpu: "2", "nvidia.com/gpu": "2" },
      allocatable: { cpu: "2", "nvidia.com/gpu": gpus },
    },
  });
  const good = nodeDetail(node("True"));

  test("is told in full", () => {
    expect(good).toEqual({ ready: true, gpusAllocatable: 2, gpusCapacity: 2 });
    expect(nodeDetail({ ...node("True"), status: {} })).toEqual({
      ready: false,
      gpusAllocatable: 0,
      gpusCapacity: 0,
    });
  });

  test("changes", () => {
    expect(nodeChangeOf(undefined, good, "True")).toBe("added");
    expect(nodeChangeOf(good, nodeDetail(node("Unknown")), "Unknown")).toBe("unknown");
    expect(nodeChangeOf(good, nodeDetail(node("False")), "False")).toBe("not-ready");
    expect(nodeChangeOf(nodeDetail(node("False")), good, "True")).toBe("ready");
    expect(nodeChangeOf(good, nodeDetail(node("True", "1")), "True")).toBe("gpus");
    expect(nodeChangeOf(good, good, "True")).toBeNull();
  });

  test("has healthy GPUs only while it is ready, and no more than its pods say", () => {
    expect(healthyGpus(good, 0)).toBe(2);
    expect(healthyGpus(good, 1)).toBe(1);
    expect(healthyGpus(nodeDetail(node("True", "1")), 1)).toBe(1);
    expect(healthyGpus(nodeDetail(node("True", "0")), 3)).toBe(0);
    expect(healthyGpus(nodeDetail(node("Unknown")), 0)).toBe(0);
  });
});

test("endpoints are the pods that get traffic, of all slices", () => {
  const endpoint = (name: string, conditions: object, kind = "Pod"): object => ({
    addresses: ["10.0.0.1"],
    conditions,
    targetRef: { kind, name },
  });
  const slice = (...endpoints: readonly object[]): KubeObject => ({
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata: { name: "server-abc" },
    endpoints,
  });
  const slices = [
    slice(
      endpoint("b", { ready: true, serving: true, terminating: false }),
      endpoint("not", { ready: false, serving: false, terminating: false }),
      endpoint("ending", { ready: true, serving: true, terminating: true }),
    ),
    slice(endpoint("a", {}), endpoint("b", { ready: true }), endpoint("n1", {}, "Node")),
    { ...slice(), endpoints: null },
  ];
  expect(endpointsDetail(slices)).toEqual({ ready: ["a", "b"] });
  expect(endpointsDetail([])).toEqual({ ready: [] });
});

describe("the machine", () => {
  test("is busy with all but idling and waiting for I/O", () => {
    const before = cpuTicks("cpu  100 0 50 800 50 0 0 0 0 0\ncpu0 1 2 3 4\n");
    expect(before).toEqual({ busy: 150, total: 1_000 });
    const now = cpuTicks("cpu  150 10 80 870 70 5 5 10 99 0\ncpu0 1 2 3 4\n");
    expect(busyRatio(before, now)).toBeCloseTo(110 / 200);
    expect(busyRatio(now, now)).toBeNull();
  });

  test("uses what it could not give away", () => {
    const text = "MemTotal:       1000 kB\nMemFree:   10 kB\nMemAvailable:    400 kB\n";
    expect(memoryUsedBytes(text)).toBe(600 * 1_024);
    expect(memoryUsedBytes("")).toBeNull();
    expect(loadOf("0.52 0.58 0.59 1/467 12345\n")).toBe(0.52);
    expect(loadOf("")).toBeNull();
  });
});
