import { describe, expect, test } from "vitest";
import { predict, type Foresight } from "../../src/measure/predict.ts";
import { backOff, nodeGivenUp, probeFails, tolerated } from "../../src/measure/predict/timers.ts";
import { startUpOf, tolerationOf } from "../../src/measure/predict/victim.ts";
import type { Effect } from "../../src/model/effect.ts";
import type { KubeObject } from "../../src/model/json.ts";
import type { Plan, PlannedPart } from "../../src/model/plan.ts";
import { makeRecord } from "../property/measure-record.ts";

const READINESS = { periodSeconds: 2, timeoutSeconds: 2, failureThreshold: 2 };
const LIVENESS = {
  periodSeconds: 5,
  timeoutSeconds: 5,
  failureThreshold: 3,
  terminationGracePeriodSeconds: 2,
};
const CONTAINER = {
  name: "server",
  imagePullPolicy: "IfNotPresent",
  readinessProbe: READINESS,
  livenessProbe: LIVENESS,
  startupProbe: { periodSeconds: 1, failureThreshold: 60 },
};
const UNREACHABLE = { key: "node.kubernetes.io/unreachable", effect: "NoExecute" };

function pod(name: string, change: { node?: string; restarts?: number } = {}): KubeObject {
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      uid: `uid-${name}`,
      ownerReferences: [{ kind: "ReplicaSet", name: "server-1" }],
    } as KubeObject["metadata"],
    spec: {
      nodeName: change.node ?? "n1",
      containers: [CONTAINER],
      tolerations: [{ ...UNREACHABLE, tolerationSeconds: 300 }],
    },
    status: {
      conditions: [
        { type: "PodScheduled", status: "True", lastTransitionTime: "2026-01-01T00:00:00Z" },
        { type: "Ready", status: "True", lastTransitionTime: "2026-01-01T00:00:07Z" },
      ],
      containerStatuses: [
        {
          restartCount: change.restarts ?? 0,
          state: { running: { startedAt: "2026-01-01T00:00:02Z" } },
        },
      ],
    },
  };
}

const SERVER: PlannedPart = {
  part: "server",
  objects: [
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "server" },
      spec: { template: { spec: { containers: [CONTAINER] } } },
    },
  ],
  selector: "ninety/part=server",
  replicas: 3,
  gpusPerPod: 1,
  service: { name: "server", port: 80 },
};
const MOVER: PlannedPart = {
  ...SERVER,
  part: "mover",
  selector: "ninety/part=mover",
  gpusPerPod: 0,
  service: null,
  objects: [
    {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "mover" },
      spec: {
        template: {
          spec: {
            containers: [
              {
                env: [
                  { name: "SELECTOR", value: "ninety/part=server" },
                  { name: "AT_MOST", value: "1" },
                  { name: "GAP_MS", value: "1000" },
                ],
              },
            ],
          },
        },
      },
    },
  ],
};

const holder = { kind: "pod", namespace: "x", name: "a", uid: "uid-a", node: "n1" } as const;
const gpu = (state: "crash" | "hang", signal: boolean): Effect => ({
  kind: "gpu-state",
  gpu: { kind: "gpu", node: "n1", device: "GPU-n1-0", holder },
  state,
  signal,
  symptom: true,
});
const NODES = [
  { status: { nodeInfo: { kubeletVersion: "v1.36.3" } } },
] as unknown as readonly KubeObject[];

function foresight(effects: readonly Effect[], change: Partial<Plan> = {}): Foresight {
  const plan: Plan = { ...makeRecord().plan, stack: [SERVER, MOVER], ...change };
  return {
    plan: { ...plan, load: { ...plan.load, to: "server" } },
    step: { id: "f01", injectMs: 0, healMs: 60_000 },
    effects,
    pods: ["a", "b"].map((name) => ({
      part: "server",
      object: pod(name, { node: name === "a" ? "n1" : "n2" }),
    })),
    nodes: NODES,
  };
}

function told(of: Foresight): Record<string, unknown> {
  return Object.fromEntries(
    predict(of).map(({ from, to, cause }) => [
      `${from}>${to}`,
      [cause?.setting, cause?.predicted.lowMs, cause?.predicted.highMs],
    ]),
  );
}

describe("timers, as they were looked up and measured", () => {
  test("a probe with upstream's defaults acts after 20 to 31 s", () => {
    const probe = { path: "", periodSeconds: 10, timeoutSeconds: 1, failureThreshold: 3 };
    expect(probeFails(probe)).toEqual({ lowMs: 20_000, highMs: 31_000 });
  });

  test("a time-out that is longer than the period lets ticks pass", () => {
    const probe = { path: "", periodSeconds: 1, timeoutSeconds: 5, failureThreshold: 2 };
    expect(probeFails(probe)).toEqual({ lowMs: 1_000, highMs: 11_000 });
  });

  test.each([49_800, 47_500])("a node with the defaults was given up after %d ms", (tookMs) => {
    const { lowMs, highMs } = nodeGivenUp({ graceMs: 50_000, leaseMs: 40_000 });
    expect([lowMs, highMs]).toEqual([40_000, 60_000]);
    expect(tookMs).toBeGreaterThan(lowMs);
    expect(tookMs).toBeLessThan(highMs);
  });

  test("its pods were evicted 300.1 s later", () => {
    const { lowMs, highMs } = tolerated(300);
    expect([lowMs, highMs]).toEqual([299_000, 310_000]);
  });

  // Of docs/HEADLINE.md: waits before the restarts of one container.
  test.each([0.3, 9.9, 25, 43, 82.9, 162.6, 313.9, 302.1].map((waitS, i) => [i + 1, waitS]))(
    "the wait before restart %d, %d s, is inside of what is predicted",
    (nth, waitS) => {
      const { lowMs, highMs } = backOff(nth, 300_000);
      expect(waitS * 1_000).toBeGreaterThanOrEqual(lowMs);
      expect(waitS * 1_000).toBeLessThanOrEqual(highMs);
    },
  );
});

describe("chains", () => {
  test("a lost GPU with a mover: device, mover, replacement", () => {
    expect(told(foresight([gpu("crash", true)]))).toMatchObject({
      "inj>det:device-health": ["device plugin, health", 0, 2_000],
      "det:device-health>evicted": ["mover, GAP_MS", 0, 2_000],
      "evicted>created": ["sync", 0, 1_000],
      "created>scheduled": ["scheduling", 0, 1_000],
      "scheduled>started": ["image, volumes, sandbox", 0, 3_000],
      "started>full": ["model load and warm-up, startupProbe", 0, 7_000],
    });
  });

  test("without a mover nothing evicts, and the container is started again in place", () => {
    const edges = told(foresight([gpu("crash", true)], { stack: [SERVER] }));
    expect(edges).not.toHaveProperty(["det:device-health>evicted"]);
    expect(edges).toMatchObject({
      "inj>ended:1": ["kubelet, relist period", 0, 2_000],
      "ended:1>restarted:1": ["crashLoopBackOff, restart 1", 0, 3_000],
      "ended:3>restarted:3": ["crashLoopBackOff, restart 3", 19_000, 33_000],
    });
  });

  test("a hang is for the probes to see, with their own grace", () => {
    expect(told(foresight([gpu("hang", false)]))).toMatchObject({
      "inj>det:pod-not-ready": ["readinessProbe", 2_000, 6_500],
      "inj>ended:1": ["livenessProbe", 10_000, 23_500],
      "inj>clr": ["for", 58_000, 65_000],
    });
  });

  test("a node without power: grace, tolerations, replacement", () => {
    const effects: readonly Effect[] = [{ kind: "power", node: "n1" }];
    expect(told(foresight(effects))).toMatchObject({
      "inj>det:node-not-ready": ["node-monitor-grace-period", 40_000, 60_000],
      "det:node-not-ready>evicted": ["tolerationSeconds", 299_000, 310_000],
    });
    const cluster = { ...makeRecord().plan.cluster, nodeGraceMs: 15_000, nodeLeaseMs: 8_000 };
    expect(told(foresight(effects, { cluster }))).toMatchObject({
      "inj>det:node-not-ready": ["node-monitor-grace-period", 13_000, 25_000],
    });
  });

  test("a node that is cut off is like one without power, one that is slow is not", () => {
    const cut: Effect = {
      kind: "node-net",
      node: "n1",
      direction: "both",
      ports: [],
      delayMs: 0,
      jitterMs: 0,
      lossRatio: 1,
      sparesControlPath: false,
    };
    expect(told(foresight([cut]))).toMatchObject({
      "inj>det:node-not-ready": ["node-monitor-grace-period", 40_000, 60_000],
      "det:node-not-ready>evicted": ["tolerationSeconds", 299_000, 310_000],
    });
    expect(predict(foresight([{ ...cut, lossRatio: 0.2, sparesControlPath: true }]))).toEqual([]);
  });

  test("what is not known makes no edge", () => {
    const effects: readonly Effect[] = [{ kind: "power", node: "n1" }];
    const old = { ...foresight(effects), nodes: [] };
    expect(told(old)).not.toHaveProperty(["inj>det:node-not-ready"]);
    expect(predict({ ...old, pods: [] })).toEqual([]);
    expect(predict(foresight([{ kind: "power", node: "n3" }]))).toEqual([]);
    const before = foresight([gpu("crash", true)]);
    const pods = before.pods.map((one) => ({ ...one, object: pod("a", { restarts: 1 }) }));
    expect(told({ ...before, pods })).not.toHaveProperty(["ended:1>restarted:1"]);
    expect(told({ ...before, pods })).not.toHaveProperty(["started>full"]);
  });

  test("of several containers nobody knows whose probe is meant", () => {
    const two = pod("a");
    const spec = { ...(two["spec"] as object), containers: [CONTAINER, { name: "proxy" }] };
    const of = foresight([gpu("hang", false)]);
    const edges = told({ ...of, pods: [{ part: "server", object: { ...two, spec } }] });
    expect(edges).not.toHaveProperty(["inj>det:pod-not-ready"]);
  });
});

test("tolerations: none is at once, one without a limit is for good", () => {
  const having = (tolerations: object[]): KubeObject => ({ ...pod("a"), spec: { tolerations } });
  expect(tolerationOf(having([]))).toBe(0);
  expect(tolerationOf(having([UNREACHABLE]))).toBeNull();
  expect(tolerationOf(having([{ ...UNREACHABLE, tolerationSeconds: 5 }]))).toBe(5);
  expect(tolerationOf(having([{ operator: "Exists" }]))).toBeNull();
});

test("a start is as slow as the slowest of its part, to the second", () => {
  expect(startUpOf([pod("a"), pod("b")])).toEqual({ startedMs: 3_000, readyMs: 6_000 });
  expect(startUpOf([pod("a", { restarts: 1 })])).toBeNull();
});
