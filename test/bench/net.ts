// Asked against measured between two network namespaces, and what the queue costs:
// node bin/with-node.js test/bench/net.ts [asks]. Needs root.
import { nowUs } from "../../src/agents/monotonic.ts";
import { shareInterval } from "../../src/measure/binomial.ts";
import type { Effect } from "../../src/model/effect.ts";
import { agentBench } from "../support/agent-bench.ts";
import { netEffectsPath, netPair } from "../support/net-pair.ts";

const asks = Number(process.argv[2] ?? 300);
const program = await netEffectsPath();
process.env["NINETY_NET_EFFECTS"] = program;
const pair = await netPair(program);
const none = (): never => {
  throw new Error("nobody asks for an effect here");
};
const bench = await agentBench({
  effect: none,
  mark: none,
  isThere: none,
  close: () => pair.close(),
});
const signal = (): AbortSignal => AbortSignal.timeout(10_000);
let ids = 0;

async function during<T>(
  shape: { delayMs?: number; jitterMs?: number; lossRatio?: number },
  act: () => Promise<T>,
): Promise<T> {
  ids += 1;
  const effect: Effect = {
    kind: "net-shape",
    pod: pair.server.pod,
    direction: "in",
    ports: [],
    peers: null,
    delayMs: 0,
    jitterMs: 0,
    lossRatio: 0,
    affectsProbes: true,
    ...shape,
  };
  const held = { id: `b${ids}.0`, effect };
  const fromUs = nowUs();
  await bench.injector.start(held, { leaseMs: 120_000, deadlineMs: 120_000 }, signal());
  const thereUs = nowUs();
  const got = await act();
  const healUs = nowUs();
  await bench.injector.stop(held, signal());
  const ms = (us: number): string => `${(us / 1_000).toFixed(0)} ms`;
  console.log(
    `    inject to effect ${ms(thereUs - fromUs)}, heal to clear ${ms(nowUs() - healUs)}`,
  );
  return got;
}

const base = (await pair.ask({ count: asks })).map(({ tookMs }) => tookMs);
console.log(`nothing: ${summary(base)}`);
for (const [delayMs, jitterMs] of [
  [1, 0],
  [10, 0],
  [50, 0],
  [50, 20],
] as const) {
  const asked = await during({ delayMs, jitterMs }, () => pair.ask({ count: asks }));
  console.log(`delay ${delayMs} ± ${jitterMs} ms: ${summary(asked.map(({ tookMs }) => tookMs))}`);
}
for (const lossRatio of [0.01, 0.1, 0.3]) {
  const asked = await during({ lossRatio }, () => pair.ask({ count: asks * 4, withinMs: 20 }));
  const lost = asked.filter(({ answered }) => !answered).length;
  const { low, high } = shareInterval(lost, asked.length, 0.99);
  const share = `${lost}/${asked.length}, 99 % interval ${low.toFixed(4)} to ${high.toFixed(4)}`;
  console.log(
    `loss ${lossRatio}: ${share}, ${low <= lossRatio && lossRatio <= high ? "in" : "OUT"}`,
  );
}
await bench.close();

function summary(values: readonly number[]): string {
  const mean = values.reduce((sum, one) => sum + one, 0) / values.length;
  const squares = values.reduce((sum, one) => sum + (one - mean) ** 2, 0);
  const deviation = Math.sqrt(squares / Math.max(1, values.length - 1));
  const half = (2.576 * deviation) / Math.sqrt(values.length);
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): string =>
    (sorted[Math.floor(sorted.length * share)] ?? Number.NaN).toFixed(3);
  return (
    `n ${values.length}, mean ${mean.toFixed(3)} ms (99 % ±${half.toFixed(3)}), median ${at(0.5)}, ` +
    `least ${at(0)}, p99 ${at(0.99)}`
  );
}
