// What the node agent does to programs of its node, on processes that stand for them: no cluster.
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";

import type { NodeProgram } from "../../src/model/component.ts";
import type { Effect } from "../../src/model/effect.ts";
import type { Injector } from "../../src/ports/injector.ts";
import { injectorContract } from "../../src/testing/injector-contract.ts";
import { agentBench } from "../support/agent-bench.ts";
import { programStopBench, type NodePrograms } from "../support/benches/programs.ts";
import { endAll, processesWith, until } from "../support/holder-process.ts";
import { netEffectsPath } from "../support/net-pair.ts";

const LONG = { leaseMs: 60_000, deadlineMs: 120_000 };
const effectOf = (program: NodeProgram): Effect => ({ kind: "program-stop", node: "n1", program });
let helper = "";

beforeAll(async () => {
  helper = await netEffectsPath();
}, 300_000);

injectorContract("node-agent that stops programs", async () =>
  agentBench(await programStopBench(helper)),
);

describe("a program that is stopped", () => {
  let all: NodePrograms;
  let bench: Awaited<ReturnType<typeof agentBench>>;
  let injector: Injector;
  beforeEach(async () => {
    const effects = await programStopBench(helper);
    all = effects.programs;
    bench = await agentBench(effects);
    injector = bench.injector;
  });
  afterEach(() => bench.close());
  const signal = (): AbortSignal => AbortSignal.timeout(15_000);
  const held = { id: "run/f1.0", effect: effectOf("kubelet") };

  test("is stopped also when it is started again, and nobody else is", async () => {
    await injector.start(held, LONG, signal());
    await until("it is stopped", () => all.kubelet.isStopped());
    expect(all["container-runtime"].isStopped()).toBe(false);
    await all.kubelet.restart();
    await until("the second is stopped", () => all.kubelet.isStopped());
    await injector.stop(held, signal());
    expect(all.kubelet.isStopped()).toBe(false);
  });

  test("goes on at once when whatever holds it is killed, and its holder is told", async () => {
    await injector.start(held, LONG, signal());
    await until("it is stopped", () => all.kubelet.isStopped());
    await endAll(processesWith(helper, `"id":"${held.id}"`));
    await until("it goes on", () => !all.kubelet.isStopped());
    await until("it is held no more", async () => (await injector.list(signal())).length === 0);
  });

  test("cannot be stopped where it does not run", async () => {
    await all.kubelet.close();
    await expect(injector.start(held, LONG, signal())).rejects.toThrow(
      `one of ${all.kubelet.name} must run beside process`,
    );
    expect(await injector.list(signal())).toEqual([]);
  });
});
