import { describe, expect, test } from "vitest";
import type { EventBody } from "../../src/model/event.ts";
import type { KubeObject } from "../../src/model/json.ts";
import type { Plan } from "../../src/model/plan.ts";
import type { Sample } from "../../src/model/request.ts";
import type { Api } from "../../src/ports/api.ts";
import type { HostProcess, LoadHost } from "../../src/ports/cluster.ts";
import { connections } from "../../src/samplers/connections.ts";
import { ConnectionTable, waitingSocket } from "../../src/samplers/state/connection-table.ts";
import { endpointAddresses } from "../../src/samplers/state/endpoint-addresses.ts";
import { VirtualClock } from "../../src/testing/virtual-clock.ts";

/** A line as conntrack 1.4.7 writes it. */
const entry = (port: number, backend: string, state = "SYN_SENT", leftS = 100): string =>
  `tcp      6 ${leftS} ${state} src=10.99.0.50 dst=10.96.7.7 sport=${port} dport=80 ` +
  `[UNREPLIED] src=${backend} dst=10.99.0.50 sport=8501 dport=${port} mark=0 use=1`;

/** A line as ss of iproute2 6.1 writes it with -e. */
const socket = (port: number, cookie: string): string =>
  `0      1      10.99.0.50:${port} 10.96.7.7:80  ino:0 sk:${cookie} cgroup:/ <->`;

const slice = (uid: string, endpoints: readonly object[]): KubeObject => ({
  apiVersion: "discovery.k8s.io/v1",
  kind: "EndpointSlice",
  metadata: { name: `server-${uid}` },
  endpoints,
});
const endpoint = (name: string, address: string, conditions: object = {}): object => ({
  addresses: [address],
  conditions,
  targetRef: { kind: "Pod", name },
});

describe("the connection table", () => {
  test("is counted by the source of the answers, by state, and by who waits", () => {
    const table = new ConnectionTable(new Set(["10.99.0.50:40000", "10.99.0.50:40006"]));
    for (const line of [
      entry(40_000, "10.100.2.5"),
      entry(40_002, "10.100.2.5"),
      // Answered since its socket was seen.
      entry(40_006, "10.100.1.5", "TIME_WAIT"),
      // With counters, and seen from both sides.
      "tcp      6 86399 ESTABLISHED src=10.99.0.50 dst=10.96.7.7 sport=1 dport=80 packets=4 bytes=9 " +
        "src=10.100.1.5 dst=10.99.0.50 sport=8501 dport=1 packets=3 bytes=8 [ASSURED] mark=0 use=1",
      "udp      17 29 src=10.99.0.50 dst=10.96.0.10 sport=5 dport=53 src=10.100.1.2 dst=10.99.0.50",
      "conntrack v1.4.7 (conntrack-tools): 5 flow entries have been shown.",
      "",
    ]) {
      table.take(line);
    }
    const once = [
      ["TIME_WAIT", 1],
      ["ESTABLISHED", 1],
    ] as const;
    expect([...table.backends()]).toEqual([
      ["10.100.2.5", { states: new Map([["SYN_SENT", 2]]), waiting: 1 }],
      ["10.100.1.5", { states: new Map(once), waiting: 0 }],
    ]);
  });

  test("sockets are read as ss of iproute2 6.1 writes them", () => {
    expect(waitingSocket(socket(46_084, "1001"))).toEqual({
      id: " sk:1001",
      end: "10.99.0.50:46084",
    });
    expect(waitingSocket("0      1      [fd00::1]:46084 [fd00::7]:80 ")?.end).toBe("fd00::1:46084");
    expect(waitingSocket("")).toBeNull();
  });

  test("tells a hundred backends apart, and the rest from them", () => {
    const table = new ConnectionTable(new Set());
    for (let i = 0; i < 130; i += 1) table.take(entry(40_000 + i, `10.1.0.${i}`));
    expect(table.backends().size).toBe(101);
    expect(table.backends().get("others")?.states.get("SYN_SENT")).toBe(30);
  });
});

test("an address is an endpoint that is ready as long as one slice says so", () => {
  const slices = [
    slice("1", [endpoint("a", "10.1.0.1"), endpoint("b", "10.1.0.2", { ready: false })]),
    slice("2", [
      endpoint("b", "10.1.0.2", { ready: true }),
      endpoint("c", "10.1.0.3", { ready: true, terminating: true }),
      { addresses: ["10.1.0.4"] },
    ]),
  ];
  expect([...endpointAddresses(slices)]).toEqual([
    ["10.1.0.1", { pod: "a", ready: true }],
    ["10.1.0.2", { pod: "b", ready: true }],
    ["10.1.0.3", { pod: "c", ready: false }],
    ["10.1.0.4", { pod: "", ready: true }],
  ]);
});

interface Answer {
  readonly lines?: readonly string[];
  readonly code?: number | null;
  readonly stderr?: string;
  /** Goes on until it is killed. */
  readonly hangs?: boolean;
}

/** Programs that answer what the test says. */
class FakeHost implements LoadHost {
  readonly started: string[] = [];
  readonly #answer: (program: string, nth: number) => Answer;

  constructor(answer: (program: string, nth: number) => Answer) {
    this.#answer = answer;
  }

  start({ argv }: Parameters<LoadHost["start"]>[0]): HostProcess {
    const program = argv[0] ?? "";
    const nth = this.started.filter((one) => one.startsWith(program)).length;
    this.started.push(argv.join(" "));
    const { lines = [], code = 0, stderr = "", hangs } = this.#answer(program, nth);
    const ending = Promise.withResolvers<Awaited<HostProcess["ended"]>>();
    if (!hangs) ending.resolve({ code, signal: null, stderr });
    return {
      pid: 1,
      onLine: (take) => lines.forEach((line) => take(line)),
      kill: (signal) => ending.resolve({ code: null, signal, stderr }),
      ended: ending.promise,
    };
  }
}

interface Run {
  readonly samples: Sample[];
  readonly events: (EventBody & { readonly detail?: unknown })[];
  readonly host: FakeHost;
}

/** Runs the sampler for so long. */
async function sampled(of: {
  readonly answer: (program: string, nth: number) => Answer;
  /** Null: the API server is silent. */
  readonly slices?: (nth: number) => readonly KubeObject[] | null;
  readonly forMs?: number;
  readonly address?: string;
  /** Where the service was before. */
  readonly existing?: { readonly namespace: string };
}): Promise<Run> {
  const clock = new VirtualClock();
  const host = new FakeHost(of.answer);
  const samples: Sample[] = [];
  const events: EventBody[] = [];
  const stop = new AbortController();
  let lists = 0;
  const list: Api["list"] = async (path, signal) => {
    const inside = of.existing?.namespace ?? "ns";
    expect(path).toContain(`namespaces/${inside}/endpointslices?labelSelector=`);
    await Promise.resolve();
    const told = (of.slices ?? (() => []))(lists++);
    if (told !== null) return told;
    return new Promise<never>((_, reject) => {
      signal?.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
    });
  };
  clock.at(of.forMs ?? 7_000, () => stop.abort(new Error("over")));
  const service = { name: "server", port: 80 };
  const run = connections.run({
    plan: {
      stack: [{ part: "server", objects: [], service, ...of }],
      load: { to: "server" },
    } as unknown as Plan,
    namespace: "ns",
    api: { list } as Api,
    clients: { host, address: of.address ?? "10.96.7.7:80" },
    clock,
    events: () => [],
    append: async (body) => {
      await Promise.resolve();
      events.push(body);
    },
    sample: (sample) => void samples.push(sample),
    signal: stop.signal,
  });
  await clock.drive(run, 10 * 60_000);
  return { samples, events, host };
}

const WAITS: Answer = { lines: [socket(1, "7")] };
const ready = [slice("1", [endpoint("server-a", "10.1.0.1"), endpoint("server-b", "10.1.0.2")])];

describe("the sampler of connections", () => {
  test("finds the endpoints where a service was before", async () => {
    const { samples } = await sampled({
      answer: (program) => (program === "ss" ? WAITS : { lines: [entry(1, "10.1.0.1")] }),
      slices: () => ready,
      existing: { namespace: "shop" },
    });
    expect(samples.some(({ tags }) => tags["ready"] === "true")).toBe(true);
  });

  test("asks for the service alone, every 5 s and once more at the end", async () => {
    const { host, samples, events } = await sampled({
      answer: (program) => (program === "ss" ? WAITS : { lines: [entry(1, "10.1.0.1")] }),
      slices: () => ready,
      forMs: 12_000,
    });
    expect(host.started.filter((one) => one.startsWith("conntrack"))).toEqual(
      Array.from(
        { length: 3 },
        () => "conntrack -L -p tcp --orig-dst 10.96.7.7 --orig-port-dst 80",
      ),
    );
    const counts = samples.filter(({ metric }) => metric === "client_connections");
    expect(counts.map(({ atUs }) => atUs)).toEqual([5_000_000, 10_000_000, 12_000_000]);
    expect(counts[0]).toEqual({
      atUs: 5_000_000,
      metric: "client_connections",
      value: 1,
      tags: { backend: "server-a", address: "10.1.0.1", ready: "true", state: "SYN_SENT" },
    });
    expect(events).toEqual([]);
  });

  /** Of one metric and one side of readiness: seconds and values. */
  const valuesOf = (
    samples: readonly Sample[],
    metric: string,
    isReady: string,
  ): readonly (readonly [number, number])[] =>
    samples
      .filter(({ metric: name, tags }) => name === metric && tags["ready"] === isReady)
      .map(({ atUs, value, tags }) => {
        expect(tags["backend"]).toBe("server-a");
        return [atUs / 1e6, value];
      });

  test("goes on naming a pod that is no endpoint any more, and ends series with 0", async () => {
    const gone = [slice("1", [endpoint("server-b", "10.1.0.2")])];
    const { samples } = await sampled({
      answer: (program, nth) =>
        program === "ss"
          ? { lines: [socket(1, String(nth))] }
          : { lines: nth === 2 ? [] : [entry(1, "10.1.0.1")] },
      slices: (nth) => (nth === 0 ? ready : gone),
      forMs: 12_000,
    });
    expect(valuesOf(samples, "client_connections", "true")).toEqual([
      [5, 1],
      [10, 0],
      [12, 0],
    ]);
    for (const metric of ["client_connections", "client_connections_waiting"]) {
      expect(valuesOf(samples, metric, "false")).toEqual([
        [10, 1],
        [12, 0],
      ]);
    }
  });

  test("counts a socket that waits once, and not those of before it looked", async () => {
    const cookies = [["a"], ["a", "b", "c"], ["b", "c"], ["c", "d"]];
    const { samples } = await sampled({
      answer: (program, nth) =>
        program === "ss"
          ? { lines: cookies[nth]!.map((cookie) => socket(cookie.charCodeAt(0), cookie)) }
          : { lines: ["a", "b", "c", "d"].map((name) => entry(name.charCodeAt(0), "10.1.0.1")) },
      slices: () => ready,
      forMs: 17_000,
    });
    expect(valuesOf(samples, "client_connections_waiting", "true")).toEqual([
      [5, 0],
      [10, 2],
      [15, 0],
      [17, 1],
    ]);
  });

  test("says once that it cannot look, and the run goes on", async () => {
    const missing = "nsenter: failed to execute conntrack: No such file or directory";
    const { samples, events, host } = await sampled({
      answer: (program) => (program === "ss" ? WAITS : { code: 127, stderr: missing }),
      slices: () => ready,
      forMs: 60_000,
    });
    expect(samples).toEqual([]);
    expect(events).toEqual([
      {
        type: "cluster",
        object: "watch/connections",
        change: "unseen",
        notBeforeUs: 0,
        detail: { why: `conntrack ended with 127: ${missing}` },
      },
    ]);
    expect(host.started.filter((one) => one.startsWith("conntrack"))).toHaveLength(1);
  });

  test("bears two failures in a row and gives up at the third", async () => {
    const read = async (failing: readonly number[], forMs: number): Promise<Run> =>
      sampled({
        answer: (program, nth) =>
          program === "ss"
            ? WAITS
            : failing.includes(nth)
              ? { code: 1, stderr: "busy" }
              : { lines: [entry(1, "10.1.0.1")] },
        slices: () => ready,
        forMs,
      });
    const borne = await read([1, 2], 21_000);
    expect(borne.events).toEqual([]);
    expect(borne.host.started.filter((one) => one.startsWith("conntrack"))).toHaveLength(5);
    const { events, host } = await read([1, 2, 3], 60_000);
    expect(events.map(({ detail }) => detail)).toEqual([{ why: "conntrack ended with 1: busy" }]);
    expect(host.started.filter((one) => one.startsWith("conntrack"))).toHaveLength(4);
  });

  test("reads on while the API server is silent, and says of no backend that it is ready", async () => {
    const { samples, events } = await sampled({
      answer: (program) => (program === "ss" ? WAITS : { lines: [entry(1, "10.1.0.1")] }),
      slices: (nth) => (nth === 0 || nth > 5 ? ready : null),
      forMs: 37_000,
    });
    expect(events).toEqual([]);
    const counted = valuesOf(samples, "client_connections", "true").filter(([, n]) => n > 0);
    expect(counted.map(([atS]) => atS)).toEqual([5, 35, 37]);
    const unknown = valuesOf(samples, "client_connections", "unknown").filter(([, n]) => n > 0);
    expect(unknown).toHaveLength(5);
    expect(samples.every(({ tags }) => tags["backend"] === "server-a")).toBe(true);
  });

  test("ends a reading that hangs", async () => {
    const { samples, events } = await sampled({
      answer: (program) => (program === "ss" ? WAITS : { hangs: true }),
      forMs: 60_000,
    });
    expect(samples).toEqual([]);
    expect(events[0]?.detail).toEqual({ why: "conntrack must end within 4000 ms, it did not" });
  });

  test("tells of a table that holds nothing of the service: it is not the clients'", async () => {
    const { samples, events } = await sampled({
      answer: (program) => (program === "ss" ? WAITS : {}),
      slices: () => ready,
      address: "[fd00::7]:80",
    });
    expect(samples).toEqual([]);
    expect(events.map(({ detail }) => detail)).toEqual([
      { why: "the load host's table held no entry for [fd00::7]:80" },
    ]);
  });

  test("goes by the address where no pod is known", async () => {
    const { samples, host } = await sampled({
      answer: (program) => (program === "ss" ? {} : { lines: [entry(1, "10.1.0.9")] }),
      slices: () => ready,
      address: "[fd00::7]:80",
    });
    expect(host.started[0]).toBe("ss -tneH state syn-sent dst [fd00::7]:80");
    expect(samples.map(({ metric, value }) => [metric, value]).slice(0, 2)).toEqual([
      ["client_connections", 1],
      ["client_connections_waiting", 0],
    ]);
    expect(samples[0]?.tags).toMatchObject({ backend: "10.1.0.9", ready: "false" });
  });
});
