// What the node agent does to a service that a pod calls, between two network namespaces: without
// a cluster.
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";

import type { Effect } from "../../src/model/effect.ts";
import { injectorContract } from "../../src/testing/injector-contract.ts";
import { agentBench } from "../support/agent-bench.ts";
import { dependencyBench, dependencyOf } from "../support/benches/networks.ts";
import { until } from "../support/holder-process.ts";
import {
  netEffectsPath,
  netPair,
  noNamespaces,
  SERVER_PORT,
  tablesIn,
  type Asked,
  type NetPair,
} from "../support/net-pair.ts";

type Dependency = Extract<Effect, { kind: "dependency" }>;
const LONG = { leaseMs: 60_000, deadlineMs: 120_000 };
const why = noNamespaces();
let program = "";

beforeAll(async () => {
  program = await netEffectsPath();
  process.env["NINETY_NET_EFFECTS"] = program;
}, 300_000);

describe.skipIf(why !== null)(`a service that a pod calls${why === null ? "" : `: ${why}`}`, () => {
  injectorContract("node-agent with a proxy", async () =>
    agentBench(await dependencyBench(program)),
  );

  let pair: NetPair;
  let bench: Awaited<ReturnType<typeof agentBench>>;
  beforeEach(async () => {
    pair = await netPair(program);
    bench = await agentBench({
      effect: () => dependencyOf(pair, { kind: "hang" }),
      mark: () => pair.client.pod.uid,
      isThere: () => tablesIn(pair.client).length > 0,
      close: () => pair.close(),
    });
  });
  afterEach(async () => bench.close());

  const get = (count: number): Promise<readonly Asked[]> =>
    pair.ask({ url: `http://${pair.serverAddress}:${SERVER_PORT}/`, count, withinMs: 400 });
  const connect = (): Promise<readonly Asked[]> => pair.ask({ count: 1, withinMs: 400 });
  const during = async (does: Dependency["does"], look: () => Promise<void>): Promise<void> => {
    const held = { id: "f01.0", effect: dependencyOf(pair, does) };
    const { signal } = new AbortController();
    expect(await get(1)).toMatchObject([{ status: 200 }]);
    await bench.injector.start(held, LONG, signal);
    await look();
    await bench.injector.stop(held, signal);
    expect(tablesIn(pair.client)).toEqual([]);
    expect(await get(1)).toMatchObject([{ status: 200 }]);
  };

  test("hang: accepts and is silent", () =>
    during({ kind: "hang" }, async () => {
      expect(await connect()).toMatchObject([{ answered: true }]);
      expect(await get(1)).toMatchObject([{ answered: false }]);
    }));

  test("refuse: refuses at once", () =>
    during({ kind: "refuse" }, async () => {
      const [asked] = await connect();
      expect(asked?.why).toContain("connection refused");
    }));

  test("error: the status, for all of them", () =>
    during({ kind: "error", status: 503, ratio: 1 }, async () => {
      const statuses = (await get(20)).map(({ status }) => status);
      expect(statuses).toEqual(Array.from({ length: 20 }, () => 503));
    }));

  test("error: for half of them", () =>
    during({ kind: "error", status: 429, ratio: 0.5 }, async () => {
      const statuses = (await get(100)).map(({ status }) => status);
      const errors = statuses.filter((status) => status === 429).length;
      expect(errors + statuses.filter((status) => status === 200).length).toBe(100);
      // Outside of it once in 10^5 runs.
      expect(errors).toBeGreaterThan(27);
      expect(errors).toBeLessThan(73);
    }));

  test("slow: late and whole", () =>
    during({ kind: "slow", delayMs: 100, ratio: 1 }, async () => {
      const asked = await get(3);
      expect(asked.map(({ ended }) => ended)).toEqual(["complete", "complete", "complete"]);
      expect(Math.min(...asked.map(({ tookMs }) => tookMs))).toBeGreaterThanOrEqual(100);
    }));

  test.each([
    { does: { kind: "reset", afterBytes: 1, ratio: 1 }, ended: "reset" },
    { does: { kind: "truncate", ratio: 1 }, ended: "short" },
  ] as const)("$does.kind: the status, and then $ended", ({ does, ended }) =>
    during(does, async () => {
      const asked = (await get(3)).map((one) => `${one.status} ${one.ended}`);
      expect(asked).toEqual([`200 ${ended}`, `200 ${ended}`, `200 ${ended}`]);
    }),
  );

  test("a name that the pod cannot look up is told, and nothing is left", async () => {
    const effect = { ...dependencyOf(pair, { kind: "hang" }), host: "no-such.invalid" };
    const { signal } = new AbortController();
    await expect(bench.injector.start({ id: "f02.0", effect }, LONG, signal)).rejects.toThrow(
      "must be resolvable in the pod",
    );
    await until("nothing is left", () => tablesIn(pair.client).length === 0);
  });
});
