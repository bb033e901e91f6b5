// What joining requests gains and costs: node bin/with-node.js test/bench/batching.ts [seconds]
// One real server without and one with, asked in turns by the same clients in this process.
import { Agent, request } from "node:http";
import { ModelServerProcess, removeFolder, serverFolder } from "../support/model-server.ts";

const secondsEach = Number(process.argv[2] ?? 3);
const ROUNDS = 4;
const JOINING = { JOIN_ROWS_MAX: "8", JOIN_DELAY_MS: "2" };
/** Closed loops: one client shows what waiting costs, many show what joining gains. */
const CLIENTS = [1, 32];
const BODY = JSON.stringify({ instances: [Array.from({ length: 16 }, () => 0.5)] });

interface Figures {
  readonly latenciesMs: number[];
  seconds: number;
}

function ask(url: string, agent: Agent): Promise<number> {
  return new Promise((resolve, reject) => {
    const asked = request(`${url}/v1/models/mlp:predict`, { method: "POST", agent }, (answer) => {
      answer.resume().once("end", () => resolve(answer.statusCode ?? 0));
    });
    asked.once("error", reject).end(BODY);
  });
}

/** So many clients, each with one request at a time; only good answers are let through. */
async function turn(url: string, clients: number, into: Figures): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: clients });
  const startMs = performance.now();
  const endMs = startMs + secondsEach * 1_000;
  const client = async (): Promise<void> => {
    for (let atMs = performance.now(); atMs < endMs; atMs = performance.now()) {
      const status = await ask(url, agent);
      if (status !== 200) throw new Error(`status ${status}`);
      into.latenciesMs.push(performance.now() - atMs);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  into.seconds += (performance.now() - startMs) / 1_000;
  agent.destroy();
}

function quantile(values: readonly number[], share: number): number {
  return values[Math.min(values.length - 1, Math.floor(values.length * share))] ?? Number.NaN;
}

function row(name: string, figures: Figures): { perSecond: number; p50: number; p99: number } {
  const sorted = figures.latenciesMs.toSorted((a, b) => a - b);
  const perSecond = sorted.length / figures.seconds;
  const [p50, p99] = [quantile(sorted, 0.5), quantile(sorted, 0.99)];
  const cells = [perSecond.toFixed(0), p50.toFixed(2), p99.toFixed(2), sorted.length];
  console.log(name.padEnd(28) + cells.map((cell) => String(cell).padStart(12)).join(""));
  return { perSecond, p50, p99 };
}

const folder = await serverFolder([1]);
const servers = [
  { name: "alone", process: await ModelServerProcess.start(folder) },
  { name: "joined", process: await ModelServerProcess.start(folder, JOINING) },
];
try {
  for (const { process } of servers) await process.ready();
  console.log(
    `${"".padEnd(28)}${["requests/s", "p50, ms", "p99, ms", "n"].map((each) => each.padStart(12)).join("")}`,
  );
  for (const clients of CLIENTS) {
    const all = servers.map(noFigures);
    for (const { process } of servers) await turn(process.url, clients, noFigures());
    for (let round = 0; round < ROUNDS; round += 1) {
      for (const [place, { process }] of servers.entries()) {
        await turn(process.url, clients, all[place] ?? noFigures());
      }
    }
    const [alone, joined] = servers.map(({ name }, place) =>
      row(`${clients} clients, ${name}`, all[place] ?? noFigures()),
    );
    if (!alone || !joined) continue;
    const ratios = [
      joined.perSecond / alone.perSecond,
      joined.p50 / alone.p50,
      joined.p99 / alone.p99,
    ];
    const cells = ratios.map((ratio) => ratio.toFixed(2).padStart(12)).join("");
    console.log(`${"".padEnd(4)}${"joined / alone".padEnd(24)}${cells}`);
  }
} finally {
  for (const { process } of servers) {
    process.process.kill("SIGKILL");
    await process.process.ended;
  }
  await removeFolder(folder);
}

function noFigures(): Figures {
  return { latenciesMs: [], seconds: 0 };
}
