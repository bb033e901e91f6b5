// Asked against measured between two network namespaces, and what the queue costs:
// node bin/with-node.js test/bench/net.ts [asks]. Needs root.
import { nowUs } from "../../src/agents/monotonic.ts";
import { shareInterval } from "../../src/measure/binomial.ts";
import type { Effect } from "../../src/model/effect.ts";
import { agentBench } from "../support/agent-bench.ts";
import { countedIn, netEffectsPath, netPair, SERVER_PORT } from "../support/net-pair.ts";

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
  shape: Partial<Extract<Effect, { kind: "net-shape" }>>,
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
  console.log(`loss ${lossRatio}: ${shareText(lost, asked.length, lossRatio)}`);
}
for (const [field, counter] of [
  ["duplicateRatio", "TcpExt.TCPDSACKOldSent"],
  ["corruptRatio", "Tcp.InCsumErrors"],
] as const) {
  const ratio = 0.1;
  const count = (name: string): number => countedIn(pair.server)[name] ?? Number.NaN;
  const [wasHits, wasSegments] = [count(counter), count("Tcp.InSegs")];
  await during({ [field]: ratio }, () =>
    pair.ask({ url: url(1), count: asks * 4, reuse: true, withinMs: 10_000 }),
  );
  const hits = count(counter) - wasHits;
  // A duplicate is told of where there is data, which is once an ask.
  const of = field === "duplicateRatio" ? asks * 4 : count("Tcp.InSegs") - wasSegments;
  console.log(`${field} ${ratio}: ${shareText(hits, of, ratio)}`);
}
for (const bytesPerSecond of [64, 256, 1_024, 4_096].map((kib) => kib * 1_024)) {
  const bytes = Math.min(2 ** 20, bytesPerSecond);
  const bandwidth = { bytesPerSecond, queueBytes: 64 * 1_024 };
  const asked = await during({ direction: "out", bandwidth }, () =>
    pair.ask({ url: url(bytes), count: 8, withinMs: 30_000 }),
  );
  // On the wire a full segment of 1448 bytes has 52 of headers.
  const rates = asked.map(({ tookMs }) => (bytes * (1_500 / 1_448) * 1_000) / tookMs / 1_024);
  console.log(`bandwidth ${bytesPerSecond / 1_024} KiB/s: ${summary(rates, "KiB/s")}`);
}
const ways = [
  ["whole packets", { delayMs: 0 }],
  ["packets of the wire", { lossRatio: 1e-9 }],
  ["packets of the wire, copied", { corruptRatio: 1e-9 }],
] as const;
for (const [name, shape] of ways) {
  const free = await transfer();
  const through = await during({ direction: "both", ...shape }, transfer);
  console.log(
    `throughput, ${name}: ${through.toFixed(0)} of ${free.toFixed(0)} MiB/s without a queue, ` +
      `${((100 * through) / free).toFixed(1)} %`,
  );
}
await bench.close();

function url(bytes: number): string {
  return `http://${pair.serverAddress}:${SERVER_PORT}/${bytes}`;
}

/** MiB a second, by one kept connection. */
async function transfer(): Promise<number> {
  const asked = await pair.ask({ url: url(2 ** 20), count: asks, reuse: true, withinMs: 30_000 });
  return (asked.length * 1_000) / asked.reduce((sum, { tookMs }) => sum + tookMs, 0);
}

function shareText(hits: number, of: number, ratio: number): string {
  const { low, high } = shareInterval(hits, of, 0.99);
  const isIn = low <= ratio && ratio <= high ? "in" : "OUT";
  return `${hits}/${of}, 99 % interval ${low.toFixed(4)} to ${high.toFixed(4)}, ${isIn}`;
}

function summary(values: readonly number[], unit = "ms"): string {
  const mean = values.reduce((sum, one) => sum + one, 0) / values.length;
  const squares = values.reduce((sum, one) => sum + (one - mean) ** 2, 0);
  const deviation = Math.sqrt(squares / Math.max(1, values.length - 1));
  const half = (2.576 * deviation) / Math.sqrt(values.length);
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): string =>
    (sorted[Math.floor(sorted.length * share)] ?? Number.NaN).toFixed(3);
  return (
    `n ${values.length}, mean ${mean.toFixed(3)} ${unit} (99 % ±${half.toFixed(3)}), median ${at(0.5)}, ` +
    `least ${at(0)}, p99 ${at(0.99)}`
  );
}
