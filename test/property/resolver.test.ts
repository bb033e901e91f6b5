import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { KubeObject } from "../../src/model/json.ts";
import type { PlannedStep } from "../../src/model/plan.ts";
import type { Pick } from "../../src/model/target.ts";
import { all, between, exactly } from "../../src/ports/author.ts";
import { inventoryOf, type Inventory } from "../../src/kernel/inventory.ts";
import { resolve } from "../../src/kernel/resolver.ts";
import { server } from "../unit/kernel-kit.ts";

interface PodOf {
  readonly name: string;
  readonly node: string;
  readonly ready?: boolean;
  readonly leaving?: boolean;
  readonly part?: string;
  readonly run?: string;
  readonly devices?: readonly string[];
}

function podOf(of: PodOf): KubeObject {
  const { name, node, ready = true, leaving = false, part = "server", run = "r1" } = of;
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name,
      namespace: "ninety-x",
      uid: `uid-${name}`,
      labels: { "ninety/run": run, "ninety/part": part },
      ...(leaving ? { deletionTimestamp: "2026-01-01T00:00:00Z" } : {}),
    } as KubeObject["metadata"],
    spec: { nodeName: node },
    status: {
      phase: "Running",
      podIP: "10.0.0.1",
      conditions: [{ type: "Ready", status: ready ? "True" : "False" }],
      containerStatuses: [
        {
          allocatedResourcesStatus: [
            {
              name: "nvidia.com/gpu",
              resources: (of.devices ?? [`GPU-${node}-0`]).map((resourceID) => ({ resourceID })),
            },
            { name: "other/thing", resources: [{ resourceID: "not-a-gpu" }] },
          ],
        },
      ],
    },
  };
}

const inventory = (pods: readonly PodOf[]): Inventory =>
  inventoryOf({ stack: [server.planned], run: "r1", pods: pods.map(podOf), nodes: [] });

function stepOn(on: Pick, slots: readonly number[]): PlannedStep {
  const base = {
    id: "f01",
    fault: "jam",
    params: {},
    injectMs: 0,
    healMs: 1,
    follow: false,
  } as const;
  return { ...base, on, slots };
}

const trio = inventory([
  { name: "server-b", node: "n2" },
  { name: "server-a", node: "n3" },
  { name: "server-c", node: "n1", devices: ["GPU-n1-1", "GPU-n1-0"] },
]);

describe("what a step meets", () => {
  test("is ranked by node and then by name", () => {
    const names = [0, 1, 2].map((rank) => resolve(stepOn(exactly(1, server.pods), [rank]), trio));
    expect(names.flat().map((target) => target.kind === "pod" && target.name)).toEqual([
      "server-c",
      "server-b",
      "server-a",
    ]);
  });

  test("are the devices that Ready pods hold, with who holds them", () => {
    expect(resolve(stepOn(all(server.gpus), []), trio)).toMatchObject([
      { kind: "gpu", node: "n1", device: "GPU-n1-0", holder: { name: "server-c" } },
      { kind: "gpu", node: "n1", device: "GPU-n1-1", holder: { name: "server-c" } },
      { kind: "gpu", node: "n2", device: "GPU-n2-0", holder: { name: "server-b" } },
      { kind: "gpu", node: "n3", device: "GPU-n3-0", holder: { name: "server-a" } },
    ]);
  });

  test("are the nodes that its Ready pods are on, each once", () => {
    const two = inventory([
      { name: "a", node: "n1" },
      { name: "b", node: "n1" },
      { name: "c", node: "n2" },
      { name: "d", node: "n3", ready: false },
    ]);
    expect(resolve(stepOn(all(server.nodes), []), two)).toEqual([
      { kind: "node", node: "n1" },
      { kind: "node", node: "n2" },
    ]);
  });

  test("is the cluster where there is nothing to be drawn", () => {
    expect(resolve(stepOn({ kind: "cluster" }, []), trio)).toEqual([{ kind: "cluster" }]);
  });

  test("has two ends where it is a link", () => {
    const on = between(exactly(1, server.pods), all(server.pods));
    const [link] = resolve(stepOn(on, [2]), trio);
    const from = [{ name: "server-a", address: "10.0.0.1" }];
    expect(link).toMatchObject({ kind: "link", from });
    expect(link?.kind === "link" && link.to).toHaveLength(3);
  });

  test("is none of another run or part, none that is not Ready, none that goes", () => {
    const others = inventory([
      { name: "a", node: "n1", run: "r2" },
      { name: "b", node: "n1", part: "mover" },
      { name: "c", node: "n1", ready: false },
      { name: "d", node: "n1", leaving: true },
    ]);
    expect(() => resolve(stepOn(all(server.pods), []), others)).toThrow(
      "f01 jam must meet all pods of server, found 0: none is Ready",
    );
  });

  test("must be as many as asked", () => {
    expect(() => resolve(stepOn(exactly(4, server.pods), [0, 1, 2, 3]), trio)).toThrow(
      "f01 jam must meet 4 pods of server, found 3: server-c, server-b, server-a",
    );
  });

  test("is the same for the same slots, whatever the order of the lists", () => {
    const pods = fc.uniqueArray(
      fc.record({
        name: fc.constantFrom("a", "b", "c", "d", "e", "f", "g", "h"),
        node: fc.constantFrom("n1", "n2", "n3"),
        ready: fc.boolean(),
      }),
      { selector: ({ name }) => name, maxLength: 10 },
    );
    fc.assert(
      fc.property(pods, fc.array(fc.nat(1_000), { maxLength: 5 }), fc.nat(), (some, slots, by) => {
        const step = stepOn(exactly(slots.length, server.pods), slots);
        const turned = some.map((_, nth) => some[(nth + by) % some.length]!).reverse();
        const ready = some.filter((pod) => pod.ready).length;
        if (slots.length === 0) return;
        if (ready < slots.length) {
          expect(() => resolve(step, inventory(some))).toThrow(`found ${ready}`);
          return;
        }
        const found = resolve(step, inventory(some));
        expect(new Set(found.map((target) => JSON.stringify(target))).size).toBe(slots.length);
        expect(resolve(step, inventory(turned))).toEqual(found);
      }),
      { numRuns: 2_000 },
    );
  });
});
