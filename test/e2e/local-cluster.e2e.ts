// The embedded cluster itself: boots, two at once, its machines, death in the middle, traces.
import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { request } from "node:https";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ensureBinaries, folderOf } from "../../src/artifacts/binaries.ts";
import { ensureImages } from "../../src/artifacts/images.ts";
import { cacheRoot } from "../../src/cli/folders.ts";
import { kubeApi } from "../../src/clusters/kube/api.ts";
import { downInstance } from "../../src/clusters/local/down.ts";
import { processesIn } from "../../src/clusters/local/host/cgroup.ts";
import { readJournal } from "../../src/clusters/local/host/journal.ts";
import { liveStates } from "../../src/clusters/local/host/link.ts";
import type { Layout } from "../../src/clusters/local/layout.ts";
import { attachLocal, localProvider, localStatus } from "../../src/clusters/local/local.ts";
import type { LocalMaterials } from "../../src/clusters/local/materials.ts";
import { needCluster } from "../../src/clusters/local/state.ts";
import { NinetyError } from "../../src/model/error.ts";
import { at, textAt, type KubeObject } from "../../src/model/json.ts";
import type { ClusterPlan } from "../../src/model/plan.ts";
import type { Cluster, ClusterProvider } from "../../src/ports/cluster.ts";
import {
  deployment,
  hostSettings,
  rememberNamespaces,
  service,
  traces,
} from "../support/local-cluster.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const signal = new AbortController().signal;
const quiet = (): void => undefined;
const plan: ClusterPlan = {
  nodes: 3,
  gpusPerNode: 0,
  nodeGraceMs: null,
  nodeLeaseMs: null,
  backoffMaxMs: 10_000,
};

let cache: string;
let materials: LocalMaterials;
let before: Record<string, string>;
let cluster: Cluster;
let layout: Layout;
const provider = (instance: string): ClusterProvider =>
  localProvider({
    instance,
    cacheRoot: cache,
    repoRoot: root,
    materials: () => Promise.resolve(materials),
    makeApi: (kubeconfigPath) => kubeApi(kubeconfigPath),
  });
const stateOf = (instance: string): string => join(cache, "clusters", instance);

/** A killed process is a zombie until it is reaped, and until then its namespaces are there. */
async function noTraces(): Promise<void> {
  let left = await traces(cache);
  for (let i = 0; i < 40 && left.length > 0; i++) {
    await sleep(50);
    left = await traces(cache);
  }
  expect(left).toEqual([]);
}

/** A client's process: GETs `times` times on new connections; a line each. */
async function get(
  of: Cluster,
  address: string,
  times: number,
  limitMs = 2_000,
): Promise<string[]> {
  const script = `const get = (left) => {
    if (left === 0) return;
    const asked = require("http").get({ host: "${address.split(":")[0]}",
      port: ${address.split(":")[1]}, agent: false, timeout: ${limitMs} }, (a) => {
      let body = "";
      a.on("data", (d) => body += d);
      a.on("end", () => { console.log(body.trim()); get(left - 1); });
    });
    asked.on("timeout", () => asked.destroy(new Error("timeout")));
    asked.on("error", (e) => { console.log("error " + (e.code ?? e.message)); get(left - 1); });
  }; get(${times})`;
  const lines: string[] = [];
  const client = of.loadHost.start({
    argv: [process.execPath, "-e", script],
    env: { ONLY: "this" },
    workFolder: cache,
  });
  client.onLine((line) => lines.push(line));
  expect(await client.ended).toEqual({ code: 0, signal: null, stderr: "" });
  return lines;
}

async function until<T>(what: string, ask: () => Promise<T | null>, withinMs = 60_000): Promise<T> {
  const deadline = performance.now() + withinMs;
  while (performance.now() < deadline) {
    const answer = await ask().catch(() => null);
    if (answer !== null) return answer;
    await sleep(100);
  }
  throw new Error(`${what}: not within ${withinMs} ms`);
}

const podOn = async (node: string): Promise<KubeObject | undefined> =>
  (await cluster.api.list("api/v1/namespaces/default/pods?labelSelector=app%3Decho")).find(
    (pod) => textAt(pod, "spec", "nodeName") === node,
  );

/** The switch as the guard would throw it. */
function machine(name: string, action: string): void {
  const config = JSON.parse(readFileSync(layout.paths.guardConfig, "utf8")) as {
    machines: Record<string, Record<string, string[]>>;
  };
  const [command = "", ...rest] = config.machines[name]?.[action] ?? [];
  execFileSync(command, rest, { stdio: "pipe" });
}

const bootIdOf = async (name: string): Promise<string> =>
  textAt(await cluster.api.get(`api/v1/nodes/${name}`), "status", "nodeInfo", "bootID");

beforeAll(async () => {
  cache = mkdtempSync(join(tmpdir(), "ninety-e2e-"));
  before = hostSettings();
  const binaries = await ensureBinaries({
    cacheRoot: cacheRoot(),
    want: ["kubernetes", "containerd", "etcd", "runc", "cni", "pause", "net-effects"],
    progress: quiet,
    signal,
    installPackages: true,
  });
  const images = await ensureImages({
    root,
    cacheRoot: cacheRoot(),
    binaries,
    progress: quiet,
    signal,
  });
  materials = { binFolder: binaries.binFolder, cniFolder: folderOf(binaries, "cni"), images };
  cluster = await provider("cluster-a").up(plan, quiet, signal);
  layout = needCluster(stateOf("cluster-a")).layout;
});

afterAll(async () => {
  for (const instance of ["cluster-a", "cluster-b", "cluster-c"])
    await downInstance(cache, instance);
  await noTraces();
  expect(hostSettings()).toEqual(before);
  rmSync(cache, { recursive: true });
});

describe("a cluster", () => {
  it("becomes ready, serves through its Service, and says what it is", async () => {
    await cluster.ready(signal);
    await cluster.api.apply(deployment(cluster.images["programs"] ?? ""));
    const applied = await cluster.api.apply(service);
    await until("3 pods are ready", async () => {
      const now = await cluster.api.get("apis/apps/v1/namespaces/default/deployments/echo");
      return at(now, "status", "readyReplicas") === 3 ? true : null;
    });
    const address = `${textAt(applied, "spec", "clusterIP")}:80`;
    // The load host hears of the last pod a while after the API does, and refuses until the first.
    await until("all pods are behind the Service", async () => {
      const lines = await get(cluster, address, 30);
      return new Set(lines.filter((line) => line.includes("echo"))).size === 3 ? true : null;
    });
    const answers = await get(cluster, address, 30);
    expect(answers.filter((line) => !line.includes("echo"))).toEqual([]);
    const said = await cluster.describe(signal);
    expect(said.nodes.map((node) => node["name"])).toEqual(["n1", "n2", "n3"]);
    expect(said.kubernetes).toMatch(/^v1\.\d+\.\d+/);
    expect(said.differences.join("\n")).toContain("maxContainerRestartPeriod is 10 s");
    rememberNamespaces(layout);
  });

  it("gives pods the node's files and never the host's", () => {
    expect(existsSync(join(layout.state, "machines/n1/disk/lib/ninety/gpus"))).toBe(true);
    expect(hostSettings()).toEqual(before);
  });

  it("answers nobody without a certificate, at the API and at the kubelet", async () => {
    const status = await new Promise((resolve, reject) => {
      const { controlAddress } = layout.network.host;
      request(
        { host: controlAddress, port: layout.network.apiPort, rejectUnauthorized: false },
        (answer) => {
          answer.resume();
          resolve(answer.statusCode);
        },
      )
        .on("error", reject)
        .end();
    });
    expect(status).toBe(401);
    const client = cluster.loadHost.start({
      argv: [
        "curl",
        "-sk",
        "-o",
        "/dev/null",
        "-w",
        "%{http_code}\\n",
        `https://${layout.machines[1]?.address}:10250/pods`,
      ],
      env: {},
      workFolder: cache,
    });
    const lines: string[] = [];
    client.onLine((line) => lines.push(line));
    await client.ended;
    expect(lines).toEqual(["401"]);
  });

  it("is refused a second time, is listed, and is found again by another process", async () => {
    const again = provider("cluster-a").up(plan, quiet, signal);
    await expect(again).rejects.toThrow("instance exists: cluster-a: it is up");
    await expect(again).rejects.toBeInstanceOf(NinetyError);
    expect(localStatus(cache)).toMatchObject([
      { instance: "cluster-a", state: "up", machines: layout.machines.map(() => ({ on: true })) },
    ]);
    const makeApi = kubeApi;
    const found = attachLocal({ instance: "cluster-a", cacheRoot: cache, makeApi });
    expect(await found.api.list("api/v1/nodes")).toHaveLength(3);
    expect(found.guard).toEqual(cluster.guard);
  });

  it("has a guard that listens", async () => {
    const { socketPath, machines } = cluster.guard;
    expect(machines).toEqual(["n1", "n2", "n3"]);
    const socket = connect(socketPath ?? "");
    await once(socket, "connect");
    socket.destroy();
  });
});

describe("two clusters", () => {
  it("live side by side, and the end of one does not touch the other", async () => {
    const limit = (): string =>
      readFileSync("/proc/sys/fs/inotify/max_user_instances", "utf8").trim();
    const second = await provider("cluster-b").up({ ...plan, nodes: 1 }, quiet, signal);
    await second.ready(signal);
    rememberNamespaces(needCluster(stateOf("cluster-b")).layout);
    expect(await second.api.list("api/v1/nodes")).toHaveLength(1);
    expect(await cluster.api.list("api/v1/nodes")).toHaveLength(3);
    const raised = limit();
    await second.down();
    expect(limit()).toBe(raised);
    expect(existsSync(stateOf("cluster-b"))).toBe(false);
    await cluster.ready(signal);
  });
});

describe("a machine", () => {
  it("whose link is down is a black hole until it is up", async () => {
    const address = `${textAt(await podOn("n2"), "status", "podIP")}:8080`;
    expect((await get(cluster, address, 1))[0]).toContain("echo");
    machine("n2", "linkDown");
    machine("n2", "linkDown");
    expect(await get(cluster, address, 1, 4_500)).toEqual(["error timeout"]);
    machine("n2", "linkUp");
    expect((await get(cluster, address, 1))[0]).toContain("echo");
  });

  it("without power tells nobody, and comes back with its disk and a new boot id", async () => {
    const of = layout.machines.find(({ name }) => name === "n2");
    const bootId = await bootIdOf("n2");
    const address = `${textAt(await podOn("n2"), "status", "podIP")}:8080`;
    const marker = join(layout.state, "machines/n2/disk/marker");
    writeFileSync(marker, "kept");
    machine("n2", "powerOff");
    machine("n2", "powerOff");
    expect(processesIn(of?.cgroups ?? [])).toEqual([]);
    expect(localStatus(cache)[0]?.machines.find(({ name }) => name === "n2")?.on).toBe(false);
    // A cable in a machine that is off changes nothing.
    machine("n2", "linkUp");
    expect(await get(cluster, address, 1, 4_500)).toEqual(["error timeout"]);
    machine("n2", "powerOn");
    machine("n2", "powerOn");
    await until("the pod answers again", async () => {
      const pod = await podOn("n2");
      const [line = "error"] = await get(cluster, `${textAt(pod, "status", "podIP")}:8080`, 1, 500);
      return line.startsWith("error") ? null : line;
    });
    await until("the node tells its boot", async () =>
      (await bootIdOf("n2")) === bootId ? null : true,
    );
    expect(readFileSync(marker, "utf8")).toBe("kept");
    rememberNamespaces(layout);
  });

  it("refuses what is none of its switches", () => {
    const script = join(root, "src/clusters/local/machine.ts");
    const state = ["--state", layout.state];
    for (const [node, action] of [
      ["n9", "power-off"],
      ["n1", "explode"],
    ] as const)
      expect(() =>
        execFileSync(process.execPath, [script, ...state, "--node", node, "--do", action], {
          stdio: "pipe",
        }),
      ).toThrow(/machine does not exist: n9|must be given, got explode/);
  });
});

describe("an up that is killed", () => {
  const script = `
    import { localProvider } from ${JSON.stringify(join(root, "src/clusters/local/local.ts"))};
    const { cacheRoot, repoRoot, materials, plan } = JSON.parse(process.env.OPTIONS ?? "");
    const provider = localProvider({ instance: "cluster-c", cacheRoot, repoRoot,
      materials: async () => materials, makeApi: () => ({}) });
    await provider.up(plan, ({ what }) => console.log(what), new AbortController().signal);`;

  it.each([
    ["while it looks at the kernel", "kernel features", 0],
    ["while it makes namespaces", "kernel features", 150],
    ["while images are copied", "images for nodes", 0],
    ["while the API starts", "etcd and API server start", 200],
    ["while nodes boot", "nodes boot", 600],
    ["once the API has answered", "API server answers", 20],
  ])("%s is taken back by its journal", async (_when, line, laterMs) => {
    const options = { cacheRoot: cache, repoRoot: root, materials, plan };
    const child = spawn(process.execPath, ["--input-type=module-typescript", "-e", script], {
      env: { PATH: process.env["PATH"], OPTIONS: JSON.stringify(options) },
      stdio: ["ignore", "pipe", "inherit"],
    });
    const ended = once(child, "exit");
    await new Promise<void>((resolve, reject) => {
      let said = "";
      child.stdout.on("data", (piece: Buffer) => {
        said += piece.toString();
        if (said.includes(line)) resolve();
      });
      child.on("exit", () => reject(new Error(`it ended by itself: ${said}`)));
    });
    await sleep(laterMs);
    child.kill("SIGKILL");
    await ended;
    const journal = readJournal(join(stateOf("cluster-c"), "journal.ndjson"));
    const cgroup = journal.find((entry) => entry.undo === "cgroup");
    if (cgroup !== undefined) rememberNamespaces({ ...layout, cgroups: cgroup.paths });
    await downInstance(cache, "cluster-c");
    expect((await traces(cache)).filter((name) => name.includes("cluster-c"))).toEqual([]);
    expect(existsSync(stateOf("cluster-c"))).toBe(false);
  });

  it("or told to stop takes itself back before it ends", async () => {
    const stop = new AbortController();
    const up = provider("cluster-c").up(
      plan,
      ({ what }) => {
        if (what === "nodes boot") stop.abort(new Error("told to stop"));
      },
      stop.signal,
    );
    await expect(up).rejects.toThrow("told to stop");
    expect((await traces(cache)).filter((name) => name.includes("cluster-c"))).toEqual([]);
  });

  it("leaves the cluster beside it as it was", async () => {
    await cluster.ready(signal);
  });
});

describe("down", () => {
  it("leaves nothing, puts the sysctls back, and is quick", async () => {
    const debts = readJournal(layout.paths.journal).filter(({ undo }) => undo === "sysctl");
    const startedMs = performance.now();
    await cluster.down();
    expect(performance.now() - startedMs).toBeLessThan(5_000);
    await noTraces();
    expect(hostSettings()).toEqual(before);
    const others = (await liveStates("ninety")).map((state) => join(state, "journal.ndjson"));
    for (const debt of debts) {
      if (debt.undo !== "sysctl") continue;
      const carried = others.some((path) =>
        readJournal(path).some((entry) => entry.undo === "sysctl" && entry.path === debt.path),
      );
      if (!carried) expect(readFileSync(debt.path, "utf8").trim()).toBe(debt.was);
    }
    await cluster.down();
  });
});
