import { describe, expect, it } from "vitest";
import { watchedPod } from "../../workloads/programs/mover/watched-pod.ts";

function status(...health: readonly (string | undefined)[]): object {
  return {
    containerStatuses: [
      {
        name: "server",
        allocatedResourcesStatus: [
          {
            name: "nvidia.com/gpu",
            resources: health.map((one, at) => ({
              resourceID: `GPU-n1-${at}`,
              ...(one === undefined ? {} : { health: one }),
            })),
          },
        ],
      },
    ],
  };
}

describe("health of a pod's devices", () => {
  it.each([
    ["all Healthy", ["Healthy", "Healthy"], "Healthy"],
    ["one Unhealthy", ["Healthy", "Unhealthy"], "Unhealthy"],
    ["one Unknown", ["Healthy", "Unknown"], "Unknown"],
    ["Unhealthy beats Unknown", ["Unknown", "Unhealthy"], "Unhealthy"],
    ["not said", [undefined], "Unknown"],
    ["a word of a later version", ["Degraded"], "Unknown"],
    ["no device", [], "Unknown"],
  ] as const)("%s", (_name, health, expected) => {
    expect(watchedPod({ status: status(...health) }).health).toBe(expected);
  });
});

it("reads what a decision needs", () => {
  const object = {
    metadata: { name: "server-1", uid: "u", deletionTimestamp: "2026-01-01T00:00:00Z" },
    spec: { nodeName: "n2" },
    status: { phase: "Failed", conditions: [{ type: "Ready", status: "True" }] },
  };
  expect(watchedPod(object)).toEqual({
    name: "server-1",
    uid: "u",
    node: "n2",
    ready: true,
    terminating: true,
    finished: true,
    health: "Unknown",
  });
});
