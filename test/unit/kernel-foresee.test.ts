import { expect, test } from "vitest";
import { foresee } from "../../src/kernel/foresee.ts";
import type { Placement } from "../../src/kernel/inventory.ts";
import { MemoryLog } from "../../src/testing/fakes.ts";
import { VirtualClock } from "../../src/testing/virtual-clock.ts";
import { makeRecord } from "../property/measure-record.ts";

const { plan } = makeRecord();
const step = plan.steps[0]!;
const target = { kind: "pod", namespace: "x", name: "a", uid: "u", node: "n1" } as const;
const effects = [{ id: "f01.0", effect: { kind: "delete", pod: target, graceMs: 0 } }] as const;

function placement(pods: Placement["pods"]): Placement {
  const pod = { target, address: "", ready: true, devices: [] };
  return { nodes: [], pods, inventory: { nodes: [], pods: { server: [pod] } } };
}

const object = {
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "a", uid: "u" } as { name: string },
};

test("is on the record, or nothing is where nothing is known", async () => {
  const clock = new VirtualClock();
  const log = new MemoryLog(clock);
  const on = { clock, log };
  const of = { plan, step, effects };
  await foresee(on, { ...of, placement: placement([object]) }, new AbortController().signal);
  expect(log.disk).toMatchObject([
    { type: "prediction", segments: [{ to: "evicted" }, {}, {}, {}, {}, {}] },
  ]);
  await foresee(on, { ...of, placement: placement([]) }, new AbortController().signal);
  expect(log.disk).toHaveLength(1);
});

test("never throws: neither on what it cannot read nor on a disk that takes no more", async () => {
  const clock = new VirtualClock();
  const log = new MemoryLog(clock);
  const { signal } = new AbortController();
  const broken = { ...placement([object]), inventory: null } as unknown as Placement;
  await foresee({ clock, log }, { plan, step, effects, placement: broken }, signal);
  expect(log.disk).toEqual([]);
  const full = new MemoryLog(clock, { after: 0, as: "full" });
  await foresee(
    { clock, log: full },
    { plan, step, effects, placement: placement([object]) },
    signal,
  );
  expect(full.disk).toEqual([]);
});

test("a log that does not answer holds an inject for a quarter of a second at most", async () => {
  const clock = new VirtualClock();
  const log = new MemoryLog(clock, { after: 0, as: "hung" });
  const of = { plan, step, effects, placement: placement([object]) };
  await clock.drive(foresee({ clock, log }, of, new AbortController().signal), 10_000);
  expect(clock.nowMs()).toBeLessThanOrEqual(250);
  expect(log.attempts).toHaveLength(1);
});
