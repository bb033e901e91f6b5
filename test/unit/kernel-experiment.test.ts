import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { InvalidExperiment } from "../../src/model/error.ts";
import { all, between, exactly, one } from "../../src/ports/author.ts";
import { readExperiment } from "../../src/kernel/experiment.ts";
import { makePlan } from "../../src/kernel/planner.ts";
import { drop, jam, offer, quick, server, serving, unplug, written } from "./kernel-kit.ts";

/** Every problem of an experiment with these options. */
function problemsOf(changes: Readonly<Record<string, unknown>>): readonly string[] {
  return problemsIn(written(changes));
}
function problemsIn(loaded: unknown, name = "sample"): readonly string[] {
  try {
    readExperiment(name, loaded);
  } catch (error) {
    if (error instanceof InvalidExperiment) return error.problems;
    throw error;
  }
  return [];
}
/** One line, with what the types forbid. */
const step = (options: object): unknown => jam(options as Parameters<typeof jam>[0]);

describe("what is right is read", () => {
  test("with units, defaults and definitions", () => {
    const reading = readExperiment("sample", written());
    expect(reading).toMatchObject({
      name: "sample",
      cluster: { nodes: 3, gpusPerNode: 2, nodeGraceMs: null },
      slo: { withinMs: 250, goodRatio: 0.99, breachRatio: 0.95 },
      warmupMs: 10_000,
      steadyMs: 60_000,
      observeMs: 120_000,
      load: { to: "server", rateRps: 50 },
      accepts: [],
    });
    expect(reading.steps).toEqual([
      {
        fault: "jam",
        params: { delayMs: 40, jitterMs: 0, how: "hang" },
        on: { kind: "gpu", part: "server", count: 1 },
        atMs: 0,
        forMs: 60_000,
        follow: false,
      },
    ]);
    expect(reading.checks).toEqual([{ name: "quick", params: { serviceMs: 20_000 } }]);
    expect(reading.definitions.faults.map(({ name }) => name)).toEqual(["jam"]);
  });

  test("abortWhen is read with its units, and stands in the plan only where it was written", () => {
    const adds = { always: [], addOns: [] };
    const abortWhen = { good: "20%", over: "30s" };
    const reading = readExperiment("sample", written({ abortWhen }));
    expect(makePlan(reading, "s", adds).abortWhen).toEqual({ goodRatio: 0.2, overMs: 30_000 });
    expect(makePlan(readExperiment("sample", written()), "s", adds)).not.toHaveProperty(
      "abortWhen",
    );
  });

  test("every problem of abortWhen is told, with those of the other options", () => {
    const abortWhen = { good: "0%", over: "1s", when: "now" };
    expect(problemsOf({ abortWhen, steady: "1s" })).toEqual([
      "steady must be 20s to 1h, got 1s",
      "abortWhen.when is not a field; known: good, over",
      "abortWhen.good must be 0.1% to 99.999%, got 0%",
      "abortWhen.over must be 5s to 10m, got 1s",
    ]);
    expect(problemsOf({ abortWhen: "20%" })).toEqual(['abortWhen must be an object, got "20%"']);
    expect(problemsOf({ abortWhen: { good: "20%" } })).toEqual([
      "abortWhen.over is missing: requests intended in the last (5s to 10m)",
    ]);
  });

  test("images are paths and URLs, as they are written", () => {
    const images = ["./a.tar", new URL("file:///b.tar")];
    const { cluster } = readExperiment("sample", written({ cluster: { images } }));
    expect(cluster.images).toEqual(["./a.tar", "file:///b.tar"]);
    expect(readExperiment("sample", written()).cluster).not.toHaveProperty("images");
    for (const wrong of ["a.tar", [""], [1]]) {
      expect(problemsOf({ cluster: { images: wrong } })).toEqual([
        `cluster.images must be a list of paths or URLs, got ${JSON.stringify(wrong)}`,
      ]);
    }
  });

  test("breach is good where it is left out", () => {
    const { slo } = readExperiment("sample", written({ slo: { within: "1s", good: "99.9%" } }));
    expect(slo.breachRatio).toBe(slo.goodRatio);
  });

  test("the budget's window is in the plan only where the author says so", () => {
    const slo = { within: "1s", good: "99.9%" };
    expect(readExperiment("sample", written({ slo })).slo).not.toHaveProperty("windowMs");
    const week = readExperiment("sample", written({ slo: { ...slo, window: "168h" } })).slo;
    expect(week.windowMs).toBe(168 * 3_600_000);
    expect(problemsOf({ slo: { ...slo, window: "1h" } })).toEqual([
      "slo.window must be 24h to 2160h, got 1h",
    ]);
  });

  test("what happens once has no end, and a node can be met by its part", () => {
    const faults = [
      drop({ on: all(server.pods), at: "5s" }),
      unplug({ on: one(server.nodes), for: "30s" }),
    ];
    const { steps } = readExperiment("sample", written({ faults }));
    expect(steps.map(({ atMs, forMs }) => [atMs, forMs])).toEqual([
      [5_000, null],
      [0, 30_000],
    ]);
  });
});

describe("what is wrong is told", () => {
  test("all at once, in the author's words", () => {
    const problems = problemsOf({
      hypothesis: " ",
      wait: "3s",
      observe: "2 minutes",
      steady: "5s",
      cluster: { nodes: 12, gpu: 3 },
      slo: { within: "250ms", good: "95%", breach: "99%" },
      faults: [
        step({ on: one(server.gpus), for: "60s", delay: "0ms", jiter: "1ms" }),
        step({ on: one(server.gpus), for: "60s", delay: "1ms", jitter: "2ms" }),
      ],
      expect: [quick({ service: 20 } as never)],
      accepts: ["anything"],
    });
    expect(problems).toEqual([
      expect.stringMatching(/^wait is not a field; known: hypothesis, cluster, /),
      'hypothesis must be text that is not empty, got " "',
      "steady must be 20s to 1h, got 5s",
      'observe must be a duration such as "20s", got "2 minutes"',
      expect.stringMatching(/^accepts must be a list of pdb-broken/),
      "cluster.gpu is not a field; known: nodes, gpusPerNode, nodeGrace, nodeLease, backoffMax, images",
      "cluster.nodes must be a whole number, 1 to 9, got 12",
      "slo.breach must be at most slo.good (95%), got 99%",
      expect.stringMatching(
        /^faults\[0\]\.jiter is not a field; known: on, at, for, follow, delay/,
      ),
      "faults[0].delay must be 1ms to 60s, got 0ms",
      "faults[1].jitter must be at most delay, got 2ms over 1ms",
      'expect[0].service must be a duration such as "20s", got 20',
    ]);
  });

  test.each([
    ["missing", undefined, "slo is missing: when a request is good ({ within, good, breach })"],
    ["no list", { stack: "server" }, 'stack must be a list of at least one, got "server"'],
  ])("%s", (_what, changes, problem) => {
    expect(problemsOf(changes ?? { slo: undefined })).toContain(problem);
  });

  test.each([
    [{ on: one(server.pods), for: "9s", delay: "1ms" }, /on must pick gpus, such as .*got "pod"/],
    [{ on: "server", for: "9s", delay: "1ms" }, /on must be a pick such as one\(server\.gpus\)/],
    [
      { on: one({ part: "other", kind: "gpu" }), for: "9s", delay: "1ms" },
      /on must be of a part in the stack \(server\), got "other"/,
    ],
    [
      { on: exactly(4, server.gpus), for: "9s", delay: "1ms" },
      /on must be at most 3: server has no more gpus, got 4/,
    ],
    [{ on: exactly(0, server.gpus), for: "9s", delay: "1ms" }, /on must be of 1 to 1000 or all/],
    [{ for: "9s", delay: "1ms" }, /on must be a pick/],
    [{ on: one(server.gpus), delay: "1ms" }, /for is missing: how long it is held/],
    [{ on: one(server.gpus), for: "9s", delay: 1 }, /delay must be a duration .* got 1/],
  ])("a fault with %j", (options, problem) => {
    const problems = problemsOf({ faults: [step(options)] });
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(problem);
    expect(problems[0]).toMatch(/^faults\[0\]\./);
  });

  test("a link of pods that are not there", () => {
    const cut = { ...(step({}) as object), definition: { ...jam.definition, on: "link" } };
    const pick = between(one({ part: "a", kind: "pod" }), all(server.pods));
    const options = { on: pick, for: "9s", delay: "1ms" };
    const problems = problemsOf({ faults: [{ ...cut, options }] });
    expect(problems).toEqual([
      'faults[0].on.from must be of a part in the stack (server), got "a"',
    ]);
  });

  test("one kind of several, the others told; and no replacement of what has none", () => {
    const definition = { ...jam.definition, on: ["pod", "node"] };
    const many = (options: object): object => ({ ...(step({}) as object), definition, options });
    const rest = { for: "9s", delay: "1ms" };
    expect(problemsOf({ faults: [many({ on: one(server.gpus), ...rest })] })).toEqual([
      "faults[0].on must pick pods or nodes, such as one(server.pods) or one(server.nodes), " +
        'got "gpu"',
    ]);
    const followed = many({ on: one(server.nodes), follow: true, ...rest });
    expect(problemsOf({ faults: [followed] })).toEqual([
      "faults[0].follow must be left out: a node has no replacement, got true",
    ]);
    expect(problemsOf({ faults: [many({ on: one(server.pods), follow: true, ...rest })] })).toEqual(
      [],
    );
  });

  test("the cluster, which there is once", () => {
    const definition = { ...jam.definition, on: "cluster" };
    const dark = (options: object): object => ({ ...(step({}) as object), definition, options });
    expect(problemsOf({ faults: [dark({ for: "9s", delay: "1ms" })] })).toEqual([]);
    expect(problemsOf({ faults: [dark({ on: {}, for: "9s", delay: "1ms" })] })).toEqual([
      expect.stringMatching(/^faults\[0\]\.on is not a field; known: at, for, delay/),
    ]);
  });

  test("a part's own problems, its name twice, and objects that are none", () => {
    const wrong = serving({ problems: ["serving.replicas must be 1 to 9, got 0"] });
    const odd = serving({ part: "odd", more: [{ kind: "Pod" } as never] });
    const problems = problemsOf({ stack: [server, wrong, odd, { part: "x" }, null] });
    expect(problems).toEqual([
      "stack[1]: serving.replicas must be 1 to 9, got 0",
      'stack[1] must have a name of its own, got "server" again',
      expect.stringMatching(/^stack\[2\] \(odd\) object 2 must have apiVersion, kind and metadata/),
      expect.stringMatching(/^stack\[3\] must be a part/),
      "stack[4] must be a part such as modelServer({ … }), got null",
    ]);
  });

  test("a load to nowhere", () => {
    const load = offer({ to: { part: "nowhere" }, requests: 5 });
    expect(problemsOf({ load })).toEqual([
      'load.to must be a part with a service (server), got "nowhere", not in the stack',
    ]);
    const mute = serving({ part: "mute" });
    const deaf = { ...mute, planned: { ...mute.planned, service: null } };
    expect(problemsOf({ stack: [server, deaf], load: offer({ to: deaf, requests: 5 }) })).toEqual([
      'load.to must be a part with a service (server), got "mute", which has no service',
    ]);
  });

  test("a plug-in that throws where it should tell", () => {
    const definition = {
      ...jam.definition,
      problems: () => {
        throw new TypeError("oh");
      },
    };
    const options = { on: one(server.gpus), for: "9s", delay: "1ms" };
    expect(problemsOf({ faults: [{ fault: "jam", options, definition }] })).toEqual([
      "faults[0] could not be checked: oh",
    ]);
  });

  test("a file's name that no namespace can have", () => {
    expect(problemsIn(written(), "Not_Kebab")[0]).toMatch(/^the file's name must be kebab-case/);
  });
});

describe("any shape is answered with problems", () => {
  const odd = fc.anything({
    withBigInt: true,
    withDate: true,
    withMap: true,
    withNullPrototype: true,
    withSparseArray: true,
    withObjectString: true,
  });

  test("as a whole", () => {
    fc.assert(
      fc.property(odd, (loaded) => {
        expect(problemsIn(loaded).length).toBeGreaterThan(0);
        expect(problemsIn({ kind: "experiment", options: loaded }).length).toBeGreaterThan(0);
      }),
      { numRuns: 300 },
    );
  });

  test("in any one place", () => {
    const fields = ["hypothesis", "cluster", "stack", "load", "slo", "faults", "observe", "expect"];
    fc.assert(
      fc.property(fc.constantFrom(...fields), odd, (field, value) => {
        // No defect of ours may come out of it, whatever is said.
        problemsOf({ [field]: value });
        problemsOf({ [field]: [value] });
        problemsOf({ faults: [{ ...jam({} as never), options: { on: value, [field]: value } }] });
        problemsOf({ load: { ...offer({ to: server, requests: 1 }), [field]: value, to: value } });
      }),
      { numRuns: 500 },
    );
  });

  test("with a getter that throws, or turning in circles", () => {
    const trap = Object.defineProperty({}, "kind", {
      get: () => {
        throw new Error("trap");
      },
    });
    expect(problemsIn(trap)).toEqual(["sample could not be read: trap"]);
    const circle: Record<string, unknown> = {};
    circle["stack"] = [circle];
    expect(problemsOf({ slo: circle, stack: [circle] }).length).toBeGreaterThan(1);
  });
});
