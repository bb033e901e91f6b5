import * as fc from "fast-check";
import { expect, test } from "vitest";
import { refusedDamage } from "../../src/model/damage.ts";
import type { Plan, PlannedStep } from "../../src/model/plan.ts";
import { blastOf, drawAll } from "../../src/kernel/blast.ts";
import { readExperiment } from "../../src/kernel/experiment.ts";
import { makePlan } from "../../src/kernel/planner.ts";
import { planProblems } from "../../src/kernel/preflight.ts";
import { drop, jam, serving, unplug, written } from "../unit/kernel-kit.ts";
import { nodeOf, placementOf, podOf, RUN } from "../support/placement.ts";

const { pods, nodes, gpus } = serving({});
const BASE = makePlan(readExperiment("sample", written()), "s", { always: [], addOns: [] });
const faults = (name: string): typeof jam.definition =>
  [jam, drop, unplug].find(({ definition }) => definition.name === name)!.definition;

const NODES = ["n1", "n2", "n3"];

interface Drawn {
  readonly kind: "pod" | "node" | "gpu";
  readonly count: number | "all";
  readonly atMs: number;
  readonly forMs: number;
  readonly slots: readonly number[];
}

const step = fc.record<Drawn>({
  kind: fc.constantFrom("pod", "node", "gpu"),
  count: fc.oneof(fc.integer({ min: 1, max: 2 }), fc.constant<"all">("all")),
  atMs: fc.integer({ min: 0, max: 3 }).map((n) => n * 1_000),
  forMs: fc.integer({ min: 1, max: 3 }).map((n) => n * 1_000),
  slots: fc.array(fc.integer({ min: 0, max: 5 }), { minLength: 2, maxLength: 2 }),
});

function stepOf({ kind, count, atMs, forMs, slots }: Drawn, nth: number): PlannedStep {
  const group = { pod: pods, node: nodes, gpu: gpus }[kind];
  return {
    id: `f0${nth + 1}`,
    fault: { pod: "drop", node: "unplug", gpu: "jam" }[kind],
    params: {},
    on: { ...group, count },
    slots,
    injectMs: atMs,
    healMs: kind === "pod" ? null : atMs + forMs,
    follow: false,
  };
}

/** Pods that are down at an instant, told from steps and placement by counting alone. */
function readyAt(
  plan: Plan,
  atMs: number,
  world: { readonly placed: readonly string[]; readonly met: ReturnType<typeof drawAll>["met"] },
): number {
  const down = new Set<number>();
  for (const { id, injectMs, healMs } of plan.steps) {
    const isThen = injectMs === atMs || (healMs !== null && injectMs < atMs && atMs < healMs);
    for (const target of isThen ? (world.met.get(id) ?? []) : []) {
      for (const [nth, node] of world.placed.entries()) {
        if (target.kind === "node" && target.node === node) down.add(nth);
        if (target.kind === "pod" && target.name === `server-${nth}`) down.add(nth);
        if (target.kind === "gpu" && target.device === `server-${nth}-0`) down.add(nth);
      }
    }
  }
  return world.placed.length - down.size;
}

const world = fc.record({
  placed: fc.array(fc.constantFrom(...NODES), { minLength: 1, maxLength: 6 }),
  drawn: fc.array(step, { minLength: 1, maxLength: 4 }),
  least: fc.integer({ min: 1, max: 6 }),
});

test("no plan is let through that leaves fewer Ready pods than its minimum, and no other is kept", () => {
  let [passed, kept] = [0, 0];
  fc.assert(
    fc.property(world, ({ placed, drawn, least }) => {
      const [part] = BASE.stack;
      const stack = [{ ...part!, replicas: placed.length }];
      const steps = drawn.map(stepOf);
      const accepts = ["no-spare-gpu"] as const;
      const plan: Plan = { ...BASE, stack, steps, minimumReady: { server: least }, accepts };
      const own = placed.map((node, nth) =>
        podOf({ name: `server-${nth}`, node, part: "server", gpus: 1 }),
      );
      const there = NODES.map((name) => nodeOf(name, 20));
      const placement = placementOf(stack, own, there);
      const { met, missing } = drawAll(steps, placement.inventory);
      // A step that finds too few is refused for that.
      fc.pre(missing.length === 0);
      const { damage } = blastOf(plan, { run: RUN, steps, stack, met, placement });
      const refused = refusedDamage(plan, damage).length > 0;
      const left = steps.map(({ injectMs }) => readyAt(plan, injectMs, { placed, met }));
      const isBelow = Math.min(...left) < least && Math.min(...left) < placed.length;
      if (isBelow) kept += 1;
      else passed += 1;
      expect(refused).toBe(isBelow);
      const accepting: Plan = { ...plan, accepts: [...accepts, "below-minimum"] };
      expect(refusedDamage(accepting, damage)).toEqual([]);
    }),
    { numRuns: 2_000 },
  );
  // Both answers were asked for.
  expect(Math.min(passed, kept)).toBeGreaterThan(100);
});

test("what counts alone refuse before there is a cluster, every placement refuses too", () => {
  fc.assert(
    fc.property(world, ({ placed, drawn, least }) => {
      const [part] = BASE.stack;
      const stack = [{ ...part!, replicas: placed.length }];
      // One step, so that no two picks may mean the same pod.
      const steps = drawn.slice(0, 1).map(stepOf);
      const plan: Plan = {
        ...BASE,
        stack,
        steps,
        minimumReady: { server: least },
        cluster: { ...BASE.cluster, nodes: 9, gpusPerNode: 8 },
        accepts: ["no-spare-gpu"],
      };
      const own = placed.map((node, nth) =>
        podOf({ name: `server-${nth}`, node, part: "server", gpus: 1 }),
      );
      const placement = placementOf(
        stack,
        own,
        NODES.map((name) => nodeOf(name, 20)),
      );
      const { met, missing } = drawAll(steps, placement.inventory);
      // `all` nodes of a part are counted as one a pod before anybody knows where these are.
      fc.pre(missing.length === 0 && steps[0]?.on.kind !== "link");
      const { damage } = blastOf(plan, { run: RUN, steps, stack, met, placement });
      if (planProblems(plan, faults).length === 0) return;
      expect(damage.map(({ accept }) => accept)).toContain("below-minimum");
    }),
    { numRuns: 1_000 },
  );
});
