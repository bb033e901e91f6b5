// Packets that come twice, changed, ahead of others, at a rate, or by way of a node: between
// network namespaces of this machine, seen in what the kernel there counts, in times. No cluster.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";

import { netCorrupt } from "../../src/faults/net-corrupt.ts";
import { netDuplicate } from "../../src/faults/net-duplicate.ts";
import { netReorder } from "../../src/faults/net-reorder.ts";
import { shareInterval } from "../../src/measure/binomial.ts";
import type { Effect } from "../../src/model/effect.ts";
import { read } from "../../src/model/fields.ts";
import type { Witness } from "../../src/ports/witness.ts";
import { eyesOf } from "../../src/testing/fault-contract.ts";
import { agentBench } from "../support/agent-bench.ts";
import { endAll, processesWith, until } from "../support/holder-process.ts";
import {
  countedIn,
  netEffectsPath,
  netPair,
  nodeIn,
  noNamespaces,
  SERVER_PORT,
  tablesIn,
  type NetPair,
} from "../support/net-pair.ts";

type NetShape = Extract<Effect, { kind: "net-shape" }>;
type NodeNet = Extract<Effect, { kind: "node-net" }>;
const LONG = { leaseMs: 60_000, deadlineMs: 120_000 };
const NOTHING = { direction: "in", ports: [], delayMs: 0, jitterMs: 0, lossRatio: 0 } as const;
const why = noNamespaces();
let program = "";
let pair: NetPair;
let bench: Awaited<ReturnType<typeof agentBench>>;
let ids = 0;

beforeAll(async () => {
  program = await netEffectsPath();
  process.env["NINETY_NET_EFFECTS"] = program;
}, 300_000);

beforeEach(async () => {
  if (why !== null) return;
  pair = await netPair(program);
  process.env["NINETY_NODE_PROCESS"] = String(pair.server.pids()[0]);
  const none = (): never => {
    throw new Error("nobody asks for an effect here");
  };
  const close = (): Promise<void> => pair.close();
  bench = await agentBench({ effect: none, mark: none, isThere: none, close });
});
afterEach(async () => {
  delete process.env["NINETY_NODE_PROCESS"];
  await bench?.close();
});

async function hold(effect: Effect): Promise<() => Promise<void>> {
  ids += 1;
  const held = { id: `p${ids}.0`, effect };
  await bench.injector.start(held, LONG, AbortSignal.timeout(10_000));
  return () => bench.injector.stop(held, AbortSignal.timeout(10_000));
}
const shapeOf = (shape: Partial<NetShape>): NetShape => ({
  kind: "net-shape",
  pod: pair.server.pod,
  peers: null,
  affectsProbes: true,
  ...NOTHING,
  ...shape,
});
const nodeOf = (shape: Partial<NodeNet>): NodeNet => ({
  kind: "node-net",
  node: "n1",
  sparesControlPath: false,
  ...NOTHING,
  ...shape,
});
const http = (path: string): string => `http://${pair.serverAddress}:${SERVER_PORT}${path}`;

/** How much a counter of the server's kernel goes up. */
async function counted(names: readonly string[], act: () => Promise<unknown>): Promise<number> {
  const sum = (): number => {
    const all = countedIn(pair.server);
    return names.reduce((total, name) => total + (all[name] ?? Number.NaN), 0);
  };
  const before = sum();
  await act();
  return sum() - before;
}

const answers = async (of: Parameters<NetPair["ask"]>[0]): Promise<boolean> =>
  (await pair.ask({ withinMs: 400, ...of })).every(({ answered }) => answered);

describe.skipIf(why !== null)(`packets of a pod${why === null ? "" : `: ${why}`}`, () => {
  const asks = 400;
  const gets = (): Promise<unknown> => pair.ask({ url: http("/"), count: asks, reuse: true });

  test("come twice as often as asked, once to whoever reads them", async () => {
    const duplicateRatio = 0.1;
    const twice = ["TcpExt.TCPDSACKOldSent"];
    expect(await counted(twice, gets)).toBe(0);
    const release = await hold(shapeOf({ duplicateRatio }));
    // One segment with data for each.
    const hits = await counted(twice, gets);
    await release();
    expect(isLikely(hits, asks, duplicateRatio)).toMatchObject({ isIn: true });
    expect(await counted(twice, gets)).toBe(0);
  });

  test("leave twice as often as asked, and none more than twice", async () => {
    const duplicateRatio = 1;
    const release = await hold(shapeOf({ duplicateRatio, direction: "out" }));
    const sent = await counted(["TcpExt.TCPDSACKRecv"], gets);
    await release();
    expect(sent).toBeGreaterThan(asks * 0.9);
    expect(sent).toBeLessThan(asks * 1.1);
  });

  test("come changed as often as asked, and none is taken for right", async () => {
    const corruptRatio = 0.05;
    const release = await hold(shapeOf({ corruptRatio }));
    let segments = 0;
    const wrong = await counted(["Tcp.InCsumErrors"], async () => {
      segments = await counted(["Tcp.InSegs"], async () => {
        expect(await answers({ url: http("/"), count: 200, withinMs: 5_000 })).toBe(true);
      });
    });
    await release();
    // A bit of the header's own length, one in sixty, is dropped without a count.
    const { low, high } = shareInterval(wrong, segments, 0.9999);
    expect({ low, high, isIn: low <= corruptRatio && 0.95 * corruptRatio <= high }).toMatchObject({
      isIn: true,
    });
  });

  test.each([
    ["in", 1],
    ["out", 1],
    ["both", 2],
  ] as const)("pass at a rate, %s", async (direction, ways) => {
    const bytesPerSecond = 256 * 1_024;
    const bandwidth = { bytesPerSecond, queueBytes: 64 * 1_024 };
    const release = await hold(shapeOf({ bandwidth, direction }));
    const [out] = await pair.ask({ url: http("/131072"), count: 1 });
    await release();
    const [free] = await pair.ask({ url: http("/131072"), count: 1 });
    expect(free?.tookMs).toBeLessThan(100);
    // Half a second's worth of bytes, and headers.
    if (direction === "in") expect(out?.tookMs).toBeLessThan(200);
    else expect(out?.tookMs).toBeGreaterThan(500);
    expect(out?.tookMs).toBeLessThan(900 * ways);
  });

  test.each([
    ["twice", netDuplicate.definition, { duplicate: "20%", askPort: SERVER_PORT }],
    ["changed", netCorrupt.definition, { corrupt: "5%", askPort: SERVER_PORT }],
    ["ahead of others", netReorder.definition, { reorder: "25%", askPort: SERVER_PORT }],
  ])("are seen by the fault's own proof to come %s, and no more", async (_how, fault, options) => {
    const { pod } = pair.server;
    const params = read(fault.name, fault.params, options, []);
    const look = (): Promise<unknown> => fault.observe(witness(), pod as never, params as never);
    const says = (before: unknown, now: unknown): string =>
      fault.proof(before as never, now as never, params as never, pod as never).effect;
    const before = await look();
    expect(says(before, await look())).toBe("absent");
    const [effect] = fault.effects(params as never, pod as never);
    const release = await hold({ ...(effect as NetShape), affectsProbes: true });
    let now = await look();
    await until("it is seen", async () => {
      if (says(before, now) === "present") return true;
      now = fault.gather?.(now as never, (await look()) as never);
      return false;
    });
    await release();
    await until("it is seen to be over", async () => says(before, await look()) === "absent");
  });
});

describe.skipIf(why !== null)(`packets of a node${why === null ? "" : `: ${why}`}`, () => {
  let podUrl = "";
  let node: Awaited<ReturnType<typeof nodeIn>>;
  beforeEach(async () => {
    node = await nodeIn(pair);
    podUrl = node.podUrl;
  });
  afterEach(() => node.close());
  const within = (): Promise<boolean> => answers({ url: podUrl, count: 1, from: pair.server });

  test.each(["in", "out", "both"] as const)("none passes when %s is cut", async (direction) => {
    const release = await hold(nodeOf({ lossRatio: 1, direction }));
    expect(await answers({ count: 1 })).toBe(false);
    expect(await answers({ count: 1, url: podUrl })).toBe(false);
    expect(await within()).toBe(true);
    await release();
    expect(await answers({ count: 1, url: podUrl })).toBe(true);
    expect(tablesIn(pair.server)).toEqual([]);
  });

  test("are late by its uplink only, its pods' too", async () => {
    const release = await hold(nodeOf({ delayMs: 50 }));
    const times = [
      await pair.ask({ count: 1 }),
      await pair.ask({ count: 1, url: podUrl }),
      await pair.ask({ count: 1, url: podUrl, from: pair.server }),
    ].map(([asked]) => asked?.tookMs ?? Number.NaN);
    await release();
    expect(Math.min(times[0] ?? 0, times[1] ?? 0)).toBeGreaterThanOrEqual(50);
    expect(Math.max(times[0] ?? 0, times[1] ?? 0)).toBeLessThan(100);
    expect(times[2]).toBeLessThan(25);
  });

  test("pass at once when the program that holds them is killed", async () => {
    await hold(nodeOf({ lossRatio: 1, direction: "both" }));
    expect(await answers({ count: 1 })).toBe(false);
    await endAll(processesWith(program, `"id":"p${ids}.0"`));
    expect(await answers({ count: 1 })).toBe(true);
    expect(tablesIn(pair.server)).toEqual([]);
  });

  test.each([
    ["a port of its own", { sparedPorts: [SERVER_PORT] }, { own: true, pods: false }],
    ["whoever is spared", { spared: ["10.98.0.1"] }, { own: true, pods: true }],
    [
      "others than are spared",
      { spared: ["10.98.0.7"], sparedPorts: [1] },
      { own: false, pods: false },
    ],
  ])("are met, but for %s", async (_who, spares, passes) => {
    const pid = pair.server.pids()[0];
    const more = { direction: "both", ports: [], peers: null, lossRatio: 1, ...spares };
    const config = JSON.stringify({ id: "spares", pid, node: true, ...more });
    const holder = spawn(program, ["queue", config], { stdio: ["pipe", "pipe", "inherit"] });
    await once(holder.stdout, "data");
    const seen = {
      own: await answers({ count: 1 }),
      pods: await answers({ count: 1, url: podUrl }),
    };
    holder.stdin.end();
    await once(holder, "exit");
    expect(seen).toEqual(passes);
    expect(tablesIn(pair.server)).toEqual([]);
  });

  test("none passes by the port that is spared at first, once that time is over", async () => {
    const pid = pair.server.pids()[0];
    const spares = { sparedPorts: [SERVER_PORT], sparedPortsMs: 2_000 };
    const more = { direction: "both", ports: [], peers: null, lossRatio: 1, ...spares };
    const config = JSON.stringify({ id: "at-first", pid, node: true, ...more });
    const holder = spawn(program, ["queue", config], { stdio: ["pipe", "pipe", "inherit"] });
    await once(holder.stdout, "data");
    expect(await answers({ count: 1 })).toBe(true);
    expect(await answers({ count: 1, url: podUrl })).toBe(false);
    await until("it is cut too", async () => !(await answers({ count: 1 })));
    holder.stdin.end();
    await once(holder, "exit");
    expect(await answers({ count: 1 })).toBe(true);
    expect(tablesIn(pair.server)).toEqual([]);
  });

  test("are not met where our own way to it cannot be told", async () => {
    await expect(hold(nodeOf({ delayMs: 1, sparesControlPath: true }))).rejects.toThrow(
      /the kubelet must have a connection to the API server/,
    );
    expect(tablesIn(pair.server)).toEqual([]);
  });
});

/** Eyes in the client's namespace, and in the server's kernel. */
function witness(): Witness {
  return eyesOf({
    object: async () => null,
    kubelet: async () => ({ answered: true, status: 200, body: "ok" }),
    http: async (_pod, { path, withinMs = 5_000 }) => {
      const [asked] = await pair.ask({ url: http(path), count: 1, withinMs });
      const { answered = false, status = 0, tookMs = 0, why: body = "" } = asked ?? {};
      return { answered, status, tookMs, body };
    },
    counters: async () => countedIn(pair.server),
  });
}

function isLikely(hits: number, of: number, ratio: number): object {
  const { low, high } = shareInterval(hits, of, 0.9999);
  return { hits, of, low, high, isIn: low <= ratio && ratio <= high };
}
