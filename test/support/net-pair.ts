// Two processes that the agent takes for containers of two pods, each in a network namespace of its
// own, with one cable between: what the node agent does to packets is measured there.
import { execFile, execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

import { ensureBinaries, programPath } from "../../src/artifacts/binaries.ts";
import { cacheRoot } from "../../src/cli/folders.ts";
import { countersIn } from "../../src/model/counters.ts";
import { until } from "./holder-process.ts";
import { testContainer, type TestContainer } from "./test-container.ts";

export const SERVER_PORT = 9_000;
const SERVER = join(import.meta.dirname, "net-server.js");
let made = 0;

/** What `net-effects ask` says of one ask. */
export interface Asked {
  readonly answered: boolean;
  readonly status: number;
  readonly tookMs: number;
  readonly why?: string;
  readonly ended: string;
  readonly address: string;
}

export interface NetPair {
  readonly client: TestContainer;
  readonly server: TestContainer;
  readonly clientAddress: string;
  readonly serverAddress: string;
  /** Asks the server out of the client's namespace, one after the other. */
  readonly ask: (of: {
    readonly url?: string;
    readonly count: number;
    readonly withinMs?: number;
    readonly reuse?: boolean;
    /** Default: the client. */
    readonly from?: TestContainer;
    readonly pauseMs?: number;
  }) => Promise<readonly Asked[]>;
  readonly close: () => Promise<void>;
}

/** Path of the built program, as the agent in its image has it. */
export async function netEffectsPath(): Promise<string> {
  const binaries = await ensureBinaries({
    cacheRoot: cacheRoot(),
    want: ["net-effects"],
    progress: () => {},
    signal: AbortSignal.timeout(300_000),
    installPackages: true,
  });
  return programPath(binaries, "net-effects");
}

/** Why namespaces cannot be made here; null: they can. */
export function noNamespaces(): string | null {
  try {
    execFileSync("unshare", ["--net", "--mount", "ip", "link"], { stdio: "pipe" });
    return null;
  } catch (error) {
    return `network namespaces must be possible, got ${String(error)}`;
  }
}

/** Runs what is to have a network of its own. */
const net = (what: string): string => `exec unshare --net sh -c 'ip link set lo up; exec ${what}'`;
const [clientAddress, serverAddress] = ["10.98.0.1", "10.98.0.2"];
const listen = `${process.execPath} ${SERVER} ${SERVER_PORT} ${serverAddress}`;
const pidOf = ({ pids }: TestContainer): string => String(pids()[0] ?? 0);

/** The server is the name server of both as well: api.shop.test is its own. */
export async function netPair(program: string): Promise<NetPair> {
  made += 1;
  const folder = mkdtempSync(join(tmpdir(), "ninety-names-"));
  const names = join(folder, "resolv.conf");
  writeFileSync(names, `search shop.test test\nnameserver ${serverAddress}\noptions ndots:5\n`);
  const named = (script: string): string => `mount --bind ${names} /etc/resolv.conf\n${script}`;
  const [client, server] = await Promise.all([
    testContainer({ uid: `client-${process.pid}-${made}`, script: named(net("sleep 1000")) }),
    testContainer({ uid: `server-${process.pid}-${made}`, script: named(net(listen)) }),
  ]);
  await until("both have their network", () => [client, server].every(isThere));
  const ends = [pidOf(client), pidOf(server)] as const;
  ip("link", "add", "eth0", "netns", ends[0], "type", "veth", "peer", "eth0", "netns", ends[1]);
  for (const [nth, pid] of ends.entries()) {
    const address = `${nth === 0 ? clientAddress : serverAddress}/24`;
    within(pid, "ip", "address", "add", address, "dev", "eth0");
    within(pid, "ip", "link", "set", "eth0", "up");
  }
  const ask: NetPair["ask"] = async (of) => {
    const { url = `tcp://${serverAddress}:${SERVER_PORT}`, withinMs = 5_000 } = of;
    const { from = client, ...more } = of;
    const config = JSON.stringify({ ...more, pid: Number(pidOf(from)), url, withinMs });
    const { stdout } = await promisify(execFile)(program, ["ask", config], { maxBuffer: 2 ** 26 });
    return stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as Asked);
  };
  await until("the server answers", async () => (await ask({ count: 1 }))[0]?.answered === true);
  return {
    client,
    server,
    clientAddress,
    serverAddress,
    ask,
    close: async () => {
      await client.close();
      await server.close();
      rmSync(folder, { recursive: true });
    },
  };
}

/** The pair's server is a node now: it leads to a pod of its own, and elsewhere by the client. */
export async function nodeIn(pair: NetPair): Promise<{
  readonly podUrl: string;
  readonly close: () => Promise<void>;
}> {
  const { client, server, clientAddress, serverAddress } = pair;
  const pod = await testContainer({ uid: `pod-${process.pid}-${made}`, script: net(listen) });
  await until("the pod has its network", () => isThere(pod));
  const podAddress = "10.97.0.2";
  ip(
    "link",
    "add",
    "pod0",
    "netns",
    pidOf(server),
    "type",
    "veth",
    "peer",
    "eth0",
    "netns",
    pidOf(pod),
  );
  for (const [on, ...line] of [
    [server, "address", "add", "10.97.0.1/24", "dev", "pod0"],
    [server, "link", "set", "pod0", "up"],
    [server, "route", "add", "default", "via", clientAddress],
    [pod, "address", "add", `${podAddress}/24`, "dev", "eth0"],
    [pod, "link", "set", "eth0", "up"],
    [pod, "route", "add", "default", "via", "10.97.0.1"],
    [client, "route", "add", "10.97.0.0/24", "via", serverAddress],
  ] as const) {
    within(pidOf(on), "ip", ...line);
  }
  within(pidOf(server), "sysctl", "-qw", "net.ipv4.ip_forward=1");
  const podUrl = `tcp://${podAddress}:${SERVER_PORT}`;
  await until("the pod answers", async () => {
    return (await pair.ask({ url: podUrl, count: 1 }))[0]?.answered === true;
  });
  return { podUrl, close: () => pod.close() };
}

/** What the kernel has counted in the network of a container. */
export function countedIn(container: TestContainer): Readonly<Record<string, number>> {
  const folder = `/proc/${pidOf(container)}/net`;
  const files = ["snmp", "netstat"].map((file) => readFileSync(`${folder}/${file}`, "utf8"));
  return countersIn(files.join("").split("\n"));
}

/** Tables of ours in the network of a container, by the packet filter's own tool. */
export function tablesIn(container: TestContainer): readonly string[] {
  const [pid] = container.pids();
  if (pid === undefined) return [];
  const tables = within(String(pid), "nft", "list", "tables");
  return tables.split("\n").filter((line) => line.includes("ninety-"));
}

/** Names of the chains in those tables. */
export function chainsIn(container: TestContainer): readonly string[] {
  const [pid] = container.pids();
  if (pid === undefined) return [];
  const rules = within(String(pid), "nft", "list", "chains");
  return [...rules.matchAll(/chain (\w+) \{/g)].map(([, name = ""]) => name);
}

function within(pid: string, ...argv: readonly string[]): string {
  return execFileSync("nsenter", [`--net=/proc/${pid}/ns/net`, ...argv], {
    stdio: "pipe",
  }).toString();
}

function ip(...argv: readonly string[]): void {
  execFileSync("ip", argv, { stdio: "pipe" });
}

function isThere(one: TestContainer): boolean {
  const command = readFileSync(`/proc/${pidOf(one)}/cmdline`, "utf8");
  return /^(sleep|\/).*/.test(command) && hasNetwork(pidOf(one));
}

function hasNetwork(pid: string): boolean {
  try {
    // Before it has one of its own, this machine's would do for the rest.
    if (readlinkSync(`/proc/${pid}/ns/net`) === readlinkSync("/proc/self/ns/net")) return false;
    return within(pid, "ip", "-o", "link", "show", "lo", "up").includes("lo");
  } catch {
    return false;
  }
}
