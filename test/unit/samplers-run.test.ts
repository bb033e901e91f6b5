import { describe, expect, test } from "vitest";
import type { ClusterEvent, EventBody } from "../../src/model/event.ts";
import type { KubeObject } from "../../src/model/json.ts";
import type { Plan, PlannedPart } from "../../src/model/plan.ts";
import type { Sample } from "../../src/model/request.ts";
import type { Api, WatchChange } from "../../src/ports/api.ts";
import type { Clock } from "../../src/ports/clock.ts";
import { clusterState } from "../../src/samplers/cluster-state.ts";
import { machine } from "../../src/samplers/machine.ts";

type On = Parameters<Api["watch"]>[1];

/** Watches that say what the test says. */
class FakeApi {
  readonly watches = new Map<string, On>();
  readonly api: Api;

  constructor() {
    const watch: Api["watch"] = async (path, on, signal) => {
      this.watches.set(path, on);
      await new Promise((resolve) => signal.addEventListener("abort", resolve));
    };
    this.api = { watch } as Api;
  }

  of(part: string): On {
    const [, on] = [...this.watches].find(([path]) => path.includes(part)) ?? [];
    if (on === undefined) throw new Error(`no watch of ${part}`);
    return on;
  }

  tell(part: string, type: WatchChange["type"], object: KubeObject, stale = false): void {
    this.of(part).take({ type, object, stale });
  }
}

/** Time goes on only when told; whoever waits is let go at his instant. */
class FakeClock implements Clock {
  #nowMs = 0;
  #waiting: { readonly atMs: number; readonly go: () => void }[] = [];
  nowMs = (): number => this.#nowMs;
  nowUs = (): number => this.#nowMs * 1_000;
  deadline = (): AbortSignal => new AbortController().signal;

  async until(atMs: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    await new Promise<void>((resolve, reject) => {
      this.#waiting.push({ atMs, go: resolve });
      signal.addEventListener("abort", () => reject(signal.reason as Error));
    });
  }

  async to(atMs: number): Promise<void> {
    this.#nowMs = atMs;
    const due = this.#waiting.filter((one) => one.atMs <= atMs);
    this.#waiting = this.#waiting.filter((one) => one.atMs > atMs);
    for (const one of due) one.go();
    await new Promise((resolve) => setImmediate(resolve));
  }
}

const part: PlannedPart = {
  part: "server",
  objects: [],
  selector: "ninety/part=server",
  replicas: 2,
  gpusPerPod: 1,
  service: { name: "server", port: 80 },
};
const elsewhere: PlannedPart = {
  ...part,
  part: "plugin",
  selector: "ninety/part=plugin",
  objects: [
    { apiVersion: "v1", kind: "ConfigMap", metadata: { name: "x", namespace: "ninety-system" } },
  ],
  service: null,
};

const stack = [part, elsewhere, { ...part, part: "none", selector: null, service: null }];

const NO_CLIENTS = { address: "10.0.0.1:80" } as Parameters<typeof clusterState.run>[0]["clients"];

function started(append?: (body: EventBody) => Promise<void>) {
  const fake = new FakeApi();
  const clock = new FakeClock();
  const events: ClusterEvent[] = [];
  const samples: Sample[] = [];
  const stop = new AbortController();
  const run = clusterState.run({
    plan: { stack } as unknown as Plan,
    namespace: "ns",
    api: fake.api,
    clients: NO_CLIENTS,
    clock,
    events: () => [],
    append: append ?? (async (body) => void events.push(body as ClusterEvent)),
    sample: (sample) => void samples.push(sample),
    signal: stop.signal,
  });
  const end = async (): Promise<void> => {
    stop.abort();
    await run;
  };
  const told = () => events.map(({ object, change, notBeforeUs }) => [object, change, notBeforeUs]);
  return { fake, clock, events, samples, run, end, told };
}

const pod = (name: string, uid: string, ready: boolean, of: object = {}): KubeObject =>
  ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, namespace: "ns", uid },
    spec: { nodeName: "n1" },
    status: { conditions: [{ type: "Ready", status: ready ? "True" : "False" }] },
    ...of,
  }) as KubeObject;
const node = (ready: string, gpus: string): KubeObject => ({
  apiVersion: "v1",
  kind: "Node",
  metadata: { name: "n1" },
  status: {
    conditions: [{ type: "Ready", status: ready }],
    capacity: { "nvidia.com/gpu": "2" },
    allocatable: { "nvidia.com/gpu": gpus },
  },
});
const slice = (uid: string, ...names: readonly string[]): KubeObject => {
  const metadata = { name: `server-${uid}`, namespace: "ns", uid };
  return {
    apiVersion: "discovery.k8s.io/v1",
    kind: "EndpointSlice",
    metadata,
    endpoints: names.map((name) => ({ conditions: {}, targetRef: { kind: "Pod", name } })),
  };
};
describe("the state of the cluster", () => {
  test("is watched for nodes, and for pods and endpoints of each part that has them", async () => {
    const { fake, end } = started();
    expect([...fake.watches.keys()]).toEqual([
      "api/v1/nodes",
      "api/v1/namespaces/ns/pods?labelSelector=ninety%2Fpart%3Dserver",
      "api/v1/namespaces/ninety-system/pods?labelSelector=ninety%2Fpart%3Dplugin",
      "apis/discovery.k8s.io/v1/namespaces/ns/endpointslices" +
        "?labelSelector=kubernetes.io%2Fservice-name%3Dserver",
    ]);
    await end();
  });

  test("what was there may be as old as the run, a change only as the bound", async () => {
    const { fake, clock, told, end } = started();
    fake.tell("part%3Dserver", "ADDED", pod("a", "1", true), true);
    await clock.to(5_000);
    fake.tell("part%3Dserver", "MODIFIED", pod("a", "1", true));
    fake.tell("part%3Dserver", "MODIFIED", pod("a", "1", false));
    fake.tell("nodes", "ADDED", node("True", "2"));
    fake.tell("nodes", "MODIFIED", node("Unknown", "2"));
    expect(told()).toEqual([
      ["pod/ns/a", "added", 0],
      ["pod/ns/a", "not-ready", 4_500_000],
      ["node/n1", "added", 4_500_000],
      ["node/n1", "unknown", 4_500_000],
    ]);
    await end();
  });

  test("after a gap a change is as old as the gap, and the next one is not", async () => {
    const { fake, clock, told, end } = started();
    fake.tell("part%3Dserver", "ADDED", pod("a", "1", true), true);
    await clock.to(10_000);
    fake.of("part%3Dserver").gap("silent", 3_000);
    await clock.to(12_000);
    fake.tell("part%3Dserver", "MODIFIED", pod("a", "1", false), true);
    fake.tell("nodes", "ADDED", node("True", "2"));
    fake.tell("part%3Dserver", "MODIFIED", pod("a", "1", true));
    expect(told().slice(1)).toEqual([
      ["watch/pods", "gap", 6_500_000],
      ["pod/ns/a", "not-ready", 6_500_000],
      ["node/n1", "added", 11_500_000],
      ["pod/ns/a", "ready", 11_500_000],
    ]);
    await end();
  });

  test("a new pod under an old name is another; a deleted one is gone", async () => {
    const { fake, events, told, end } = started();
    fake.tell("part%3Dserver", "ADDED", pod("a", "1", true));
    fake.tell("part%3Dserver", "MODIFIED", pod("a", "2", true));
    fake.tell("part%3Dserver", "DELETED", pod("a", "2", true));
    fake.tell("part%3Dserver", "ADDED", pod("a", "3", true));
    fake.tell("nodes", "ADDED", node("True", "2"));
    fake.tell("nodes", "DELETED", node("True", "2"));
    expect(told().map(([object, change]) => `${object} ${change}`)).toEqual([
      "pod/ns/a added",
      "pod/ns/a added",
      "pod/ns/a gone",
      "pod/ns/a added",
      "node/n1 added",
      "node/n1 gone",
    ]);
    expect(events[2]?.detail).toMatchObject({ part: "server", uid: "2", gone: true, ready: false });
    await end();
  });

  test("endpoints are those of all slices of the service", async () => {
    const { fake, events, end } = started();
    fake.tell("endpointslices", "ADDED", slice("1", "a", "b"));
    fake.tell("endpointslices", "ADDED", slice("2", "c"));
    fake.tell("endpointslices", "MODIFIED", slice("2", "c"));
    fake.tell("endpointslices", "DELETED", slice("1", "a", "b"));
    expect(events.map(({ object, detail }) => [object, detail["ready"]])).toEqual([
      ["endpoints/ns/server", ["a", "b"]],
      ["endpoints/ns/server", ["a", "b", "c"]],
      ["endpoints/ns/server", ["c"]],
    ]);
    await end();
  });

  test("is counted once a second, on the second", async () => {
    const { fake, clock, samples, end } = started();
    fake.tell("nodes", "ADDED", node("True", "1"));
    fake.tell("part%3Dserver", "ADDED", pod("a", "1", true));
    fake.tell("part%3Dserver", "ADDED", pod("b", "2", false));
    const dying = { name: "c", namespace: "ns", deletionTimestamp: "2026-11-23T23:00:00Z" };
    fake.tell("part%3Dserver", "ADDED", pod("c", "3", true, { metadata: dying }));
    fake.tell("endpointslices", "ADDED", slice("1", "a"));
    await clock.to(999);
    expect(samples).toEqual([]);
    await clock.to(1_000);
    const put = (metric: string, value: number, tags = {}): Sample => ({
      atUs: 1_000_000,
      metric,
      value,
      tags,
    });
    expect(samples).toEqual([
      put("replicas_ready", 1, { part: "server" }),
      put("replicas_ready", 0, { part: "plugin" }),
      put("endpoints_ready", 1, { service: "server" }),
      put("gpus_healthy", 1),
      put("gpus_capacity", 2),
      put("nodes_ready", 1),
    ]);
    await clock.to(2_000.5);
    await clock.to(3_000);
    expect(samples.map((one) => one.atUs)).toEqual(
      [1_000_000, 2_000_500, 3_000_000].flatMap((atUs) => Array.from({ length: 6 }, () => atUs)),
    );
    await end();
  });

  test("a device that a pod calls sick is not counted, before its node says so", async () => {
    const { fake, clock, samples, end } = started();
    const resources = [{ resourceID: "GPU-n1-0", health: "Unhealthy" }];
    const allocatedResourcesStatus = [{ name: "nvidia.com/gpu", resources }];
    fake.tell("nodes", "ADDED", node("True", "2"));
    const sick = { status: { containerStatuses: [{ allocatedResourcesStatus }] } };
    fake.tell("part%3Dserver", "ADDED", pod("a", "1", true, sick));
    await clock.to(1_000);
    expect(samples.find((one) => one.metric === "gpus_healthy")?.value).toBe(1);
    await end();
  });

  test("an event that could not be written ends the run", async () => {
    const { fake, run } = started(async () => {
      throw new Error("disk full");
    });
    fake.tell("nodes", "ADDED", node("True", "2"));
    await expect(run).rejects.toThrow("disk full");
  });
});

test("the machine is sampled until the signal", async () => {
  const clock = new FakeClock();
  const samples: Sample[] = [];
  const stop = new AbortController();
  const surroundings = {
    clock,
    sample: (sample: Sample) => void samples.push(sample),
    signal: stop.signal,
  } as unknown as Parameters<typeof machine.run>[0];
  const run = machine.run(surroundings);
  for (let atMs = 1_000; samples.length < 4; atMs += 1_000) await clock.to(atMs);
  stop.abort();
  await run;
  const metrics = new Set(samples.map((one) => one.metric));
  expect(metrics).toContain("machine_memory_used_bytes");
  expect(metrics).toContain("machine_load_1m");
  expect(samples.every((one) => one.value >= 0)).toBe(true);
});
