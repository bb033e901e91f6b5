// Effects on packets, connections and names, between two network namespaces.
import type { Effect } from "../../../src/model/effect.ts";
import type { EffectBench } from "../effect-bench.ts";
import { processesWith } from "../holder-process.ts";
import { chainsIn, netPair, nodeIn, SERVER_PORT, tablesIn, type NetPair } from "../net-pair.ts";
import type { TestContainer } from "../test-container.ts";

type NetShape = Extract<Effect, { kind: "net-shape" }>;
type Dependency = Extract<Effect, { kind: "dependency" }>;

export const shapeOf = ({ pod }: TestContainer, shape: Partial<NetShape> = {}): NetShape => ({
  kind: "net-shape",
  pod,
  direction: "in",
  ports: [],
  peers: null,
  delayMs: 0,
  jitterMs: 0,
  lossRatio: 0,
  affectsProbes: true,
  ...shape,
});

export const dependencyOf = (pair: NetPair, does: Dependency["does"]): Dependency => ({
  kind: "dependency",
  pod: pair.client.pod,
  host: pair.serverAddress,
  port: SERVER_PORT,
  does,
});

/** An effect on each of two pods that are joined; it is there while rules of ours are. */
async function benchOf(
  program: string,
  effect: (pair: NetPair, one: TestContainer) => Effect,
): Promise<EffectBench> {
  const pair = await netPair(program);
  const both = [pair.client, pair.server] as const;
  const uidOf = (effect: Effect): string => ("pod" in effect ? effect.pod.uid : "");
  return {
    effect: (nth) => effect(pair, both[nth]),
    mark: (effect) => `"uid":"${uidOf(effect)}"`,
    isThere: (effect) =>
      both.some((one) => one.pod.uid === uidOf(effect) && tablesIn(one).length > 0),
    env: { NINETY_NET_EFFECTS: program },
    close: () => pair.close(),
  };
}

/** `program`: path of net-effects. */
export const netShapeBench = (program: string): Promise<EffectBench> =>
  benchOf(program, (_pair, one) => shapeOf(one, { delayMs: 20 }));

/** One calls the other, and that one itself. */
export const dependencyBench = (program: string): Promise<EffectBench> =>
  benchOf(program, (pair, { pod }) => ({ ...dependencyOf(pair, { kind: "hang" }), pod }));

/** What comes to a node, and what leaves it: two effects on the one node that an agent has. */
export async function nodeNetBench(program: string): Promise<EffectBench> {
  const pair = await netPair(program);
  const node = await nodeIn(pair);
  const directionOf = (effect: Effect): string => ("direction" in effect ? effect.direction : "");
  return {
    effect: (nth) => ({
      kind: "node-net",
      node: "n1",
      direction: nth === 0 ? "in" : "out",
      ports: [],
      delayMs: 20,
      jitterMs: 0,
      lossRatio: 0,
      sparesControlPath: false,
    }),
    mark: (effect) => `"direction":"${directionOf(effect)}"`,
    isThere: (effect) => chainsIn(pair.server).includes(directionOf(effect)),
    env: { NINETY_NET_EFFECTS: program, NINETY_NODE_PROCESS: String(pair.server.pids()[0]) },
    close: async () => {
      await node.close();
      await pair.close();
    },
  };
}

/** It has no rules: it is there while its program is. */
export async function connectionsBench(program: string): Promise<EffectBench> {
  const inside = new Map<string, string>();
  const bench = await benchOf(program, (_pair, { pod, pids }) => {
    // Looked up once: a lease of half a second is no time to search all processes in.
    inside.set(pod.uid, `"pid":${pids()[0] ?? 0},`);
    return {
      kind: "connections",
      pod,
      ports: [],
      does: "reset",
      everyMs: 500,
      affectsProbes: true,
    };
  });
  const isThere = (effect: Effect): boolean =>
    "pod" in effect && processesWith(program, inside.get(effect.pod.uid) ?? "nobody").length > 0;
  return { ...bench, isThere };
}

/** Every name is another one's. */
export const dnsBench = (program: string): Promise<EffectBench> =>
  benchOf(program, (_pair, { pod }) => ({
    kind: "dns",
    pod,
    name: "*",
    does: { kind: "wrong", address: "192.0.2.1" },
  }));
