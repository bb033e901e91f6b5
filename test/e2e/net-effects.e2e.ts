// What the node agent does to a pod's packets, between two network namespaces: no cluster.
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";

import { nowUs } from "../../src/agents/monotonic.ts";
import { netDelay } from "../../src/faults/net-delay.ts";
import { netLoss } from "../../src/faults/net-loss.ts";
import { netPartition } from "../../src/faults/net-partition.ts";
import { shareInterval } from "../../src/measure/binomial.ts";
import type { Effect } from "../../src/model/effect.ts";
import { read } from "../../src/model/fields.ts";
import type { Injector } from "../../src/ports/injector.ts";
import type { Witness } from "../../src/ports/witness.ts";
import { injectorContract } from "../../src/testing/injector-contract.ts";
import { agentBench, type EffectBench } from "../support/agent-bench.ts";
import { netShapeBench, shapeOf } from "../support/benches/networks.ts";
import { endAll, processesWith, until } from "../support/holder-process.ts";
import {
  netEffectsPath,
  netPair,
  nodeIn,
  noNamespaces,
  SERVER_PORT,
  tablesIn,
  type Asked,
  type NetPair,
} from "../support/net-pair.ts";

type NetShape = Extract<Effect, { kind: "net-shape" }>;
const LONG = { leaseMs: 60_000, deadlineMs: 120_000 };
const why = noNamespaces();
let program = "";

beforeAll(async () => {
  program = await netEffectsPath();
  process.env["NINETY_NET_EFFECTS"] = program;
}, 300_000);

describe.skipIf(why !== null)(`packets between two pods${why === null ? "" : `: ${why}`}`, () => {
  injectorContract("node-agent that shapes packets", async () =>
    agentBench(await netShapeBench(program)),
  );

  let pair: NetPair;
  let injector: Injector;
  let bench: Awaited<ReturnType<typeof agentBench>>;
  let ids = 0;
  beforeEach(async () => {
    pair = await netPair(program);
    process.env["NINETY_NODE_PROCESS"] = String(pair.server.pids()[0]);
    bench = await agentBench({ ...(await noEffects()), close: () => pair.close() });
    injector = bench.injector;
  });
  afterEach(async () => {
    delete process.env["NINETY_NODE_PROCESS"];
    await bench.close();
  });

  const hold = async (shape: Partial<NetShape>, on = pair.server): Promise<() => Promise<void>> => {
    ids += 1;
    const held = { id: `f${ids}.0`, effect: shapeOf(on, shape) };
    await injector.start(held, LONG, AbortSignal.timeout(10_000));
    return () => injector.stop(held, AbortSignal.timeout(10_000));
  };
  const http = (): string => `http://${pair.serverAddress}:${SERVER_PORT}/`;

  test("are delayed as asked, once for each that comes in", async () => {
    const before = await pair.ask({ count: 20 });
    const release = await hold({ delayMs: 40 });
    const connects = await pair.ask({ count: 40 });
    const [, ...reused] = await pair.ask({ url: http(), count: 20, reuse: true });
    await release();
    const after = await pair.ask({ count: 20 });
    expect(median(before)).toBeLessThan(5);
    // Wide: an ordinary test runs beside others; test/bench/net.ts measures how near it is.
    expect(Math.min(...took(connects))).toBeGreaterThanOrEqual(40);
    expect(median(connects)).toBeLessThan(45);
    expect(median(reused)).toBeGreaterThanOrEqual(40);
    expect(median(reused)).toBeLessThan(50);
    expect(median(after)).toBeLessThan(5);
  });

  test("are delayed by what wanders around the mean", async () => {
    const release = await hold({ delayMs: 20, jitterMs: 10 });
    const connects = took(await pair.ask({ count: 200 }));
    await release();
    expect(Math.min(...connects)).toBeGreaterThanOrEqual(10);
    expect(Math.max(...connects) - Math.min(...connects)).toBeGreaterThan(8);
    expect(Math.abs(connects.reduce((sum, ms) => sum + ms, 0) / connects.length - 20)).toBeLessThan(
      4,
    );
  });

  test("are lost as often as asked", async () => {
    const release = await hold({ lossRatio: 0.2 });
    // A connection whose first packet is lost is not there within 100 ms: the next comes after 1 s.
    const asked = await pair.ask({ count: 300, withinMs: 100 });
    await release();
    const lost = asked.filter(({ answered }) => !answered).length;
    const { low, high } = shareInterval(lost, asked.length, 0.9999);
    expect({ low, high, isIn: low <= 0.2 && 0.2 <= high }).toMatchObject({ isIn: true });
    expect((await pair.ask({ count: 20 })).every(({ answered }) => answered)).toBe(true);
  });

  test.each(["in", "out", "both"] as const)("none passes when %s is cut", async (direction) => {
    const release = await hold({ lossRatio: 1, direction });
    expect((await pair.ask({ count: 2, withinMs: 300 })).map(({ answered }) => answered)).toEqual([
      false,
      false,
    ]);
    await release();
    expect((await pair.ask({ count: 1 }))[0]?.answered).toBe(true);
  });

  test("of other ports, of other peers and of the pod to itself are left alone", async () => {
    const lossRatio = 1;
    const own = `http://127.0.0.1:${SERVER_PORT}/`;
    for (const shape of [
      { lossRatio, ports: [SERVER_PORT + 1] },
      { lossRatio, peers: ["10.98.0.77", "fd00::7"] },
      { lossRatio, peers: [] },
    ]) {
      const release = await hold(shape);
      expect((await pair.ask({ count: 1 }))[0]?.answered, JSON.stringify(shape)).toBe(true);
      await release();
    }
    for (const shape of [
      { lossRatio, ports: [1, SERVER_PORT] },
      { lossRatio, peers: ["10.98.0.77", pair.clientAddress] },
    ]) {
      const release = await hold(shape);
      const [asked] = await pair.ask({ count: 1, withinMs: 300 });
      expect(asked?.answered, JSON.stringify(shape)).toBe(false);
      await release();
    }
    const release = await hold({ lossRatio, direction: "both" }, pair.client);
    const [asked] = await pair.ask({ count: 1, withinMs: 500, url: own });
    expect(asked?.why).toMatch(/refused/);
    await release();
  });

  test("of two effects on one pod both are met", async () => {
    const first = await hold({ delayMs: 20 });
    const second = await hold({ delayMs: 30 });
    expect(median(await pair.ask({ count: 10 }))).toBeGreaterThanOrEqual(50);
    await first();
    expect(median(await pair.ask({ count: 10 }))).toBeGreaterThanOrEqual(30);
    expect(median(await pair.ask({ count: 10 }))).toBeLessThan(45);
    await second();
  });

  test.each([
    ["delay", netDelay.definition, { delay: "60ms", askPort: SERVER_PORT }],
    ["loss", netLoss.definition, { loss: "30%", askPort: SERVER_PORT }],
    ["partition", netPartition.definition, { port: SERVER_PORT }],
  ])("show their %s to the fault's own proof, and that it is over", async (_n, fault, options) => {
    const { pod } = pair.server;
    const params = read(fault.name, fault.params, options, []);
    const look = (): Promise<unknown> =>
      fault.observe(witnessOf(pair), pod as never, params as never);
    const says = (before: unknown, now: unknown): string =>
      fault.proof(before as never, now as never, params as never, pod as never).effect;
    const before = await look();
    expect(says(before, await look())).toBe("absent");
    const [shape] = fault.effects(params as never, pod as never);
    const release = await hold({ ...(shape as NetShape), affectsProbes: true });
    let now = await look();
    await until("it is seen", async () => {
      if (says(before, now) === "present") return true;
      const next = await look();
      now = fault.gather?.(now as never, next as never) ?? next;
      return false;
    });
    await release();
    await until("it is seen to be over", async () => says(before, await look()) === "absent");
  });

  test("pass at once when the program that delays them is killed, and its holder is told", async () => {
    await hold({ delayMs: 500 });
    expect(median(await pair.ask({ count: 1 }))).toBeGreaterThanOrEqual(500);
    const killedUs = nowUs();
    await endAll(processesWith(program, `"id":"f${ids}.0"`));
    expect(median(await pair.ask({ count: 3 }))).toBeLessThan(100);
    expect(nowUs() - killedUs).toBeLessThan(2_000_000);
    expect(tablesIn(pair.server)).toEqual([]);
    await until("it is held no more", async () => {
      return (await injector.list(AbortSignal.timeout(5_000))).length === 0;
    });
  });

  test("of a node are met by its uplink, its pods' too, and those within it are not", async () => {
    const node = await nodeIn(pair);
    const effect: Effect = {
      kind: "node-net",
      node: "n1",
      direction: "in",
      ports: [],
      delayMs: 0,
      jitterMs: 0,
      lossRatio: 1,
      sparesControlPath: false,
    };
    const held = { id: "n1.0", effect };
    const passes = async (of: object): Promise<boolean | undefined> =>
      (await pair.ask({ count: 1, withinMs: 300, ...of }))[0]?.answered;
    await injector.start(held, LONG, AbortSignal.timeout(10_000));
    expect(await passes({})).toBe(false);
    expect(await passes({ url: node.podUrl })).toBe(false);
    expect(await passes({ url: node.podUrl, from: pair.server })).toBe(true);
    await injector.stop(held, AbortSignal.timeout(10_000));
    expect(await passes({ url: node.podUrl })).toBe(true);
    await node.close();
  });

  test("of a pod that is not there, or by a program that is not there, cannot be met", async () => {
    const nobody = { ...pair.server, pod: { ...pair.server.pod, uid: "u-nobody" } };
    await expect(hold({ delayMs: 1 }, nobody)).rejects.toThrow("got no process of one");
  });
});

/** Eyes in the client's namespace; the pod's status never changes. */
function witnessOf(pair: NetPair): Witness {
  const never = (): never => {
    throw new Error("nobody asks for that here");
  };
  const conditions = [{ type: "Ready", status: "True" }];
  const containerStatuses = [{ restartCount: 0, state: { running: {} } }];
  return {
    object: async () => ({
      metadata: { uid: pair.server.pod.uid },
      status: { conditions, containerStatuses },
    }),
    http: async (_pod, { port, path, withinMs = 5_000 }) => {
      const url = `http://${pair.serverAddress}:${port}${path}`;
      const [asked] = await pair.ask({ url, count: 1, withinMs });
      const { answered = false, status = 0, tookMs = 0, why = "" } = asked ?? {};
      return { answered, status, tookMs, body: why };
    },
    kubelet: never,
    apiServer: never,
    fromPod: never,
    inContainer: never,
    counters: never,
  };
}

async function noEffects(): Promise<Omit<EffectBench, "close">> {
  const none = (): never => {
    throw new Error("nobody asks for an effect here");
  };
  return { effect: none, mark: none, isThere: none };
}

const took = (asked: readonly Asked[]): readonly number[] => asked.map(({ tookMs }) => tookMs);

function median(asked: readonly Asked[]): number {
  expect(asked.map(({ why }) => why ?? "")).toEqual(asked.map(() => ""));
  const sorted = took(asked).toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
