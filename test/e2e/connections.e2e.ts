// A client's port that comes round meets the entry of an earlier connection: seen by the sampler on
// a real cluster, and what the report advises is tried out.
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { monotonicUs, realClock } from "../../src/cli/clock.ts";
import { local } from "../../src/cli/compose.ts";
import { cacheRoot } from "../../src/cli/folders.ts";
import { actOn } from "../../src/clusters/local/machine-power.ts";
import { needCluster } from "../../src/clusters/local/state.ts";
import type { EventBody } from "../../src/model/event.ts";
import { textAt, type KubeObject } from "../../src/model/json.ts";
import type { Plan } from "../../src/model/plan.ts";
import type { Sample } from "../../src/model/request.ts";
import type { Cluster } from "../../src/ports/cluster.ts";
import { connections } from "../../src/samplers/connections.ts";

const INSTANCE = "connections";
const PORT = 6443;
const SYN_TIMEOUT = "/proc/sys/net/netfilter/nf_conntrack_tcp_timeout_syn_sent";
const signal = new AbortController().signal;

let cluster: Cluster;
let address: string;
/** A machine without power, and one that listens on the same port. */
let gone: string;
let live: string;

const service: KubeObject = {
  apiVersion: "v1",
  kind: "Service",
  metadata: { name: "server", namespace: "default" },
  spec: { ports: [{ name: "tcp", port: 80, targetPort: PORT }] },
};
const slice = (pod: "gone" | "live"): KubeObject => ({
  apiVersion: "discovery.k8s.io/v1",
  kind: "EndpointSlice",
  metadata: {
    name: "server-1",
    namespace: "default",
    labels: { "kubernetes.io/service-name": "server" },
  },
  addressType: "IPv4",
  ports: [{ name: "tcp", port: PORT }],
  endpoints: [
    {
      addresses: [pod === "gone" ? gone : live],
      conditions: { ready: true },
      targetRef: { kind: "Pod", name: pod },
    },
  ],
});

/** Runs a program where clients are; its lines, or it throws what it said. */
async function client(argv: readonly string[]): Promise<string> {
  const lines: string[] = [];
  const child = cluster.loadHost.start({ argv, env: {}, workFolder: "/" });
  child.onLine((line) => lines.push(line));
  const { code, stderr } = await child.ended;
  if (code !== 0) throw new Error(stderr);
  return lines.join("\n");
}

/** Dials from that port: `connect`, `timeout` or an error's code. */
async function dial(localPort: number, forMs = 400): Promise<string> {
  const [host = "", port = ""] = address.split(":");
  const script = `const socket = require("net").connect(${JSON.stringify({
    host,
    port: Number(port),
    localPort,
  })});
    const end = (word) => { console.log(word); socket.destroy(); clearTimeout(timer); };
    const timer = setTimeout(() => end("timeout"), ${forMs});
    socket.on("connect", () => end("connect")).on("error", (error) => end(error.code));`;
  return client([process.execPath, "-e", script]);
}

/** What the sampler tells while `work` goes on, with the reading at its end. */
async function sampled(work: () => Promise<unknown>): Promise<readonly Sample[]> {
  const samples: Sample[] = [];
  const events: EventBody[] = [];
  const stop = new AbortController();
  // Each run reads at whole multiples of 5 s on its clock, and at its end.
  const run = connections.run({
    plan: {
      stack: [{ part: "server", objects: [], service: { name: "server", port: 80 } }],
      load: { to: "server" },
    } as unknown as Plan,
    namespace: "default",
    api: cluster.api,
    clients: { host: cluster.loadHost, address },
    clock: realClock(monotonicUs()),
    events: () => [],
    append: async (body) => {
      await Promise.resolve();
      events.push(body);
    },
    sample: (sample) => void samples.push(sample),
    signal: stop.signal,
  });
  await work();
  stop.abort(new Error("over"));
  await run;
  expect(events).toEqual([]);
  return samples;
}

/** The last value of a metric about one backend. */
const valueOf = (
  samples: readonly Sample[],
  metric: string,
  tags: Readonly<Record<string, string>>,
): number | undefined =>
  samples.findLast(
    (one) =>
      one.metric === metric && Object.entries(tags).every(([key, tag]) => one.tags[key] === tag),
  )?.value;

let nextPort = 20_000;

/** Dials from ever new ports until one gets that answer: the rules have followed the endpoints. */
async function followed(answer: "connect" | "timeout"): Promise<number> {
  for (let tries = 0; tries < 50; tries += 1) {
    nextPort += 1;
    if ((await dial(nextPort)) === answer && (await holds(nextPort, answer))) return nextPort;
  }
  throw new Error(`no port gets ${answer}`);
}

/** Without a rule a SYN goes nowhere: only the entry says that it was sent to a backend. */
async function holds(port: number, answer: "connect" | "timeout"): Promise<boolean> {
  const entry = await client(["conntrack", "-L", "-p", "tcp", "--orig-port-src", String(port)]);
  return entry.includes(` src=${answer === "connect" ? live : gone} `);
}

beforeAll(async () => {
  const provider = local({ instance: INSTANCE, install: true });
  const plan = {
    nodes: 1,
    gpusPerNode: 0,
    nodeGraceMs: null,
    nodeLeaseMs: null,
    backoffMaxMs: null,
  };
  await provider.prepare(() => {}, signal);
  cluster = await provider.up(plan, () => {}, signal);
  await cluster.ready(signal);
  const { layout } = needCluster(`${cacheRoot()}/clusters/${INSTANCE}`);
  const machine = (role: "node" | "control"): string =>
    layout.machines.find((one) => one.role === role)!.address;
  [gone, live] = [machine("node"), machine("control")];
  const made = await cluster.api.apply(service, signal);
  address = `${textAt(made, "spec", "clusterIP")}:80`;
  await cluster.api.apply(slice("gone"), signal);
  await actOn(layout, layout.machines.find(({ role }) => role === "node")!.name, "power-off");
});
afterAll(async () => {
  await cluster.down();
});

describe("a client whose port comes round after its backend is gone", () => {
  let stale: number;

  it("has an entry that points to it", async () => {
    stale = await followed("timeout");
    const samples = await sampled(() => dial(nextPort));
    const tags = { backend: "gone", address: gone, ready: "true", state: "SYN_SENT" };
    expect(valueOf(samples, "client_connections", tags)).toBeGreaterThanOrEqual(1);
  });

  it("is sent there again although it is no endpoint any more, and the sampler sees it", async () => {
    await cluster.api.apply(slice("live"), signal);
    // A retry on another port goes to what is there now.
    await followed("connect");
    expect(await dial(stale)).toBe("timeout");
    const samples = await sampled(async () => {
      await sleep(5_500);
      const hanging = dial(stale, 8_000);
      await sleep(5_000);
      return hanging;
    });
    // This run of the sampler began when the pod was no endpoint any more: it has no name.
    const tags = { backend: gone, address: gone, ready: "false" };
    const sent = { ...tags, state: "SYN_SENT" };
    expect(valueOf(samples, "client_connections", sent)).toBeGreaterThanOrEqual(1);
    const waiting = samples.filter(
      (one) => one.metric === "client_connections_waiting" && one.tags["ready"] === "false",
    );
    // Begun between the first reading and the second; at the third it is no news.
    expect(waiting.map(({ value }) => value).slice(0, 2)).toEqual([0, 1]);
    expect(waiting.slice(2).every(({ value }) => value === 0)).toBe(true);
  });

  it("does not make the entry live longer", async () => {
    const left = async (): Promise<number> => {
      const entry = await client(["conntrack", "-L", "-p", "tcp", "--orig-port-src", `${stale}`]);
      return Number(/^tcp +6 +(\d+) SYN_SENT /.exec(entry)?.[1]);
    };
    const before = await left();
    expect(await dial(stale)).toBe("timeout");
    expect(await left()).toBeLessThanOrEqual(before);
  });

  it("is helped by taking the entry away", async () => {
    await client(["conntrack", "-D", "-p", "tcp", "--reply-src", gone]);
    expect(await dial(stale, 2_000)).toBe("connect");
  });

  it("is helped by entries that end before the port comes round", async () => {
    await client(["sh", "-c", `echo 2 > ${SYN_TIMEOUT}`]);
    await cluster.api.apply(slice("gone"), signal);
    const port = await followed("timeout");
    await cluster.api.apply(slice("live"), signal);
    await followed("connect");
    await sleep(2_500);
    expect(await dial(port, 2_000)).toBe("connect");
  });
});
