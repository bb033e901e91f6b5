// Effects on packets, between two network namespaces.
import type { Effect } from "../../../src/model/effect.ts";
import type { EffectBench } from "../effect-bench.ts";
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
