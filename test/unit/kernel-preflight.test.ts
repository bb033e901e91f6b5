import { describe, expect, test } from "vitest";
import { LEASING } from "../../src/model/agent-protocol.ts";
import type { Effect } from "../../src/model/effect.ts";
import { NinetyError } from "../../src/model/error.ts";
import type { Plan } from "../../src/model/plan.ts";
import { all, exactly, one } from "../../src/ports/author.ts";
import { readExperiment } from "../../src/kernel/experiment.ts";
import { makePlan } from "../../src/kernel/planner.ts";
import {
  clusterProblems,
  planProblems as problemsOfPlan,
  refuse,
  type Facts,
} from "../../src/kernel/preflight.ts";
import { leaseOf } from "../../src/kernel/lease.ts";
import { cuttingSteps, unreachableSteps } from "../../src/kernel/stand-in.ts";
import { drop, jam, offer, serving, unplug, written } from "./kernel-kit.ts";

const definitions = [jam.definition, drop.definition, unplug.definition];
const faults = (name: string): (typeof definitions)[number] => {
  const hit = definitions.find((one) => one.name === name);
  if (!hit) throw new Error(`no ${name}`);
  return hit;
};

const planProblems = (plan: Plan): readonly string[] => problemsOfPlan(plan, faults);

type Budget = NonNullable<Parameters<typeof serving>[0]["budget"]>;

/** A plan for three servers with such a budget. */
function planOf(of: { readonly budget?: Budget; readonly changes?: object }): Plan {
  const server = serving(of.budget ? { budget: of.budget } : {});
  const load = offer({ to: server, requests: 5 });
  const loaded = written({ stack: [server], load, ...of.changes });
  return makePlan(readExperiment("sample", loaded), "s", { always: [], addOns: [] });
}
const { pods, gpus, nodes } = serving({});

describe("a disruption budget", () => {
  const allOfThem = [drop({ on: all(pods) })];
  test.each([
    [{ maxUnavailable: 1 }, [drop({ on: one(pods) })], null],
    [{ maxUnavailable: 1 }, [drop({ on: exactly(2, pods) })], /1 pods may be down, got 2/],
    [{ minAvailable: 2 }, [jam({ on: exactly(2, gpus), for: "9s", delay: "1ms" })], /got 2/],
    [{ minAvailable: "50%" }, [drop({ on: one(pods) })], null],
    [{ maxUnavailable: "50%" }, [drop({ on: exactly(2, pods) })], null],
    [{ minAvailable: "100%" }, [unplug({ on: one(nodes), for: "9s" })], /0 pods may be down/],
    [{ minAvailable: 0 }, allOfThem, null],
    [{ maxUnavailable: 1 }, allOfThem, /f01 drop must leave the disruption budget of server whole/],
  ] as const)("%j under %j", (budget, given, problem) => {
    const problems = planProblems(planOf({ budget, changes: { faults: given } }));
    if (problem === null) expect(problems).toEqual([]);
    else expect(problems).toEqual([expect.stringMatching(problem)]);
  });

  test("counts what overlaps, and not what does not", () => {
    const jams = (at: "5s" | "20s"): unknown => [
      jam({ on: one(gpus), for: "9s", delay: "1ms" }),
      jam({ on: one(gpus), at, for: "9s", delay: "1ms" }),
    ];
    const budget = { maxUnavailable: 1 };
    expect(planProblems(planOf({ budget, changes: { faults: jams("5s") } }))).toHaveLength(1);
    expect(planProblems(planOf({ budget, changes: { faults: jams("20s") } }))).toEqual([]);
  });

  test("may be broken where that is declared", () => {
    const changes = { faults: allOfThem, accepts: ["pdb-broken"] };
    expect(planProblems(planOf({ budget: { maxUnavailable: 1 }, changes }))).toEqual([]);
  });
});

describe("GPUs", () => {
  test("are as many as the stack wants, and one for each displaced pod", () => {
    const of = (nodes: number, gpusPerNode: number, accepts: readonly string[] = []): unknown =>
      planProblems(planOf({ changes: { cluster: { nodes, gpusPerNode }, accepts } }));
    expect(of(3, 2)).toEqual([]);
    expect(of(1, 2)).toEqual(["the stack must find 3 GPUs, the cluster has 2"]);
    expect(of(3, 1)).toEqual([
      expect.stringMatching(/a GPU for each displaced pod: 3 wanted and 1 lost of 3; accepts/),
    ]);
    expect(of(3, 1, ["no-spare-gpu"])).toEqual([]);
  });

  test("of a node go with it", () => {
    const changes = { faults: [unplug({ on: one(nodes), for: "9s" })] };
    expect(planProblems(planOf({ changes }))).toEqual([]);
    const tight = { ...changes, cluster: { nodes: 2, gpusPerNode: 2 } };
    expect(planProblems(planOf({ changes: tight }))).toEqual([
      expect.stringMatching(/3 wanted and 2 lost of 4/),
    ]);
  });
});

test("all nodes of a part lose at most the GPUs of all nodes", () => {
  const faults = [unplug({ on: all(nodes), for: "9s" })];
  const cluster = { nodes: 2, gpusPerNode: 3 };
  expect(planProblems(planOf({ changes: { faults, cluster } }))).toEqual([
    expect.stringMatching(/3 wanted and 6 lost of 6/),
  ]);
});

describe("a cluster", () => {
  const node = (name: string): Facts["nodes"][number] => ({
    name,
    ready: true,
    schedulable: true,
    gpus: 2,
  });
  const right: Facts = {
    kind: "kube",
    kubernetes: "v1.36.2",
    fresh: false,
    nodes: ["n1", "n2", "n3"].map(node),
  };
  const accepts = (effect: Effect): { means: string } | { refused: string } =>
    effect.kind === "power" && effect.node !== "n2"
      ? { refused: `no switch for ${effect.node}` }
      : { means: "a hand" };
  const problemsOf = (facts: Partial<Facts>, changes: object = {}): readonly string[] =>
    clusterProblems(planOf({ changes }), { ...right, ...facts }, { faults, accepts }).problems;

  test("that is as planned has none", () => {
    expect(problemsOf({})).toEqual([]);
  });

  test("is told all at once what it lacks", () => {
    const nodes = [node("n1"), { ...node("n2"), schedulable: false }];
    expect(problemsOf({ nodes, kubernetes: "v1.35.9" })).toEqual([
      "the cluster must have 3 schedulable nodes, got 1: n1",
      expect.stringMatching(/^f01 jam needs Kubernetes 1\.36 or newer/),
      "the stack must find 3 GPUs, the cluster has 2",
    ]);
  });

  test("that was just started is still getting its nodes and GPUs", () => {
    expect(problemsOf({ kind: "local", fresh: true, nodes: [] })).toEqual([]);
  });

  test("must have somebody who can hold every effect, on one node at least", () => {
    const changes = { faults: [unplug({ on: one(nodes), for: "9s" })] };
    expect(problemsOf({}, changes)).toEqual([]);
    expect(problemsOf({ nodes: ["n1", "n3", "n4"].map(node) }, changes)).toEqual([
      "f01 unplug can be held by nobody: no switch for n1",
    ]);
    // Nodes that were just started are tainted for a moment, and are those that will be met.
    const fresh = ["n1", "n2"].map((name) => ({ ...node(name), schedulable: false }));
    expect(problemsOf({ kind: "local", fresh: true, nodes: fresh }, changes)).toEqual([]);
  });

  test("is refused with exit 4", () => {
    expect(() => refuse([])).not.toThrow();
    const refused = (): void => refuse(["a", "b"], "so");
    expect(refused).toThrow(NinetyError);
    expect(refused).toThrow(expect.objectContaining({ message: "a\nb", exit: 4, hint: "so" }));
  });
});

describe("a lease", () => {
  const changes = {
    faults: [
      jam({ on: one(gpus), for: "60s", delay: "1ms" }),
      unplug({ on: one(nodes), at: "50s", for: "20s" }),
      jam({ on: one(gpus), at: "80s", for: "10s", delay: "1ms" }),
    ],
  };
  const plan = planOf({ changes });
  const cutting = cuttingSteps(plan, faults);
  const [first, power, last] = plan.steps;

  const leasing = LEASING;

  test("is short, with a deadline past the planned end", () => {
    expect(leaseOf(last!, 10_000, { plan, cutting, leasing })).toEqual({
      leaseMs: 10_000,
      deadlineMs: 40_000,
    });
  });

  test("lasts as long as the deadline where the way to the holder is cut meanwhile", () => {
    expect([...cutting]).toEqual(["f02"]);
    expect(leaseOf(power!, 20_000, { plan, cutting, leasing }).leaseMs).toBe(50_000);
    expect(leaseOf(first!, 60_000, { plan, cutting, leasing }).leaseMs).toBe(90_000);
  });

  test("ends near the planned end where its own step cuts that way: nobody could end it", () => {
    const wall = (sparesControlPath: boolean): Effect => ({
      kind: "node-net",
      node: "n1",
      direction: "both",
      ports: [],
      delayMs: 0,
      jitterMs: 0,
      lossRatio: 1,
      sparesControlPath,
    });
    const walls = (spares: boolean) => (name: string) =>
      name === "unplug" ? { ...faults(name), effects: () => [wall(spares)] } : faults(name);
    const unreachable = unreachableSteps(plan, walls(false));
    expect([...unreachable]).toEqual(["f02"]);
    const of = { plan, cutting: cuttingSteps(plan, walls(false)), unreachable, leasing };
    expect(leaseOf(power!, 20_000, of)).toEqual({ leaseMs: 23_000, deadlineMs: 23_000 });
    expect(leaseOf(first!, 60_000, of)).toEqual({ leaseMs: 90_000, deadlineMs: 90_000 });
    expect([...cuttingSteps(plan, walls(true)), ...unreachableSteps(plan, walls(true))]).toEqual(
      [],
    );
  });
});
