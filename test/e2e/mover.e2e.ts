import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ensureBinaries, programPath, type Binaries } from "../../src/artifacts/binaries.ts";
import { cacheRoot } from "../../src/cli/folders.ts";
import type { KubeObject } from "../../src/model/json.ts";
import type { Part } from "../../src/ports/author.ts";
import { virtualGpus } from "../../workloads/parts/gpu-plugin.ts";
import { modelServer } from "../../workloads/parts/model-server.ts";
import { mover } from "../../workloads/parts/mover.ts";
import { nodeAgent } from "../../workloads/parts/node-agent.ts";
import { startApiServer, type ApiServer } from "../support/kube-api-server.ts";

const NAMESPACE = "ninety-mover-test";
const server = modelServer({ replicas: 3, gpus: 1, probes: "deep", spread: "topology" });
const part = mover({ watches: server, atMost: 1 });

let binaries: Binaries;
let api: ApiServer;
let work: string;

function kubectl(input: unknown, ...argv: string[]): string {
  return execFileSync(
    programPath(binaries, "kubectl"),
    ["--kubeconfig", api.kubeconfig("admin"), "-n", NAMESPACE, ...argv],
    { input: input === null ? "" : JSON.stringify(input), stdio: ["pipe", "pipe", "pipe"] },
  ).toString();
}

/** This server takes no privileged pods at all; the rest of such an object is still looked at. */
function unprivileged(object: KubeObject): unknown {
  return JSON.parse(JSON.stringify(object).replace('"privileged":true', '"privileged":false'));
}

function listOf(objects: readonly KubeObject[]): object {
  return { apiVersion: "v1", kind: "List", items: objects };
}

beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), "ninety-mover-"));
  binaries = await ensureBinaries({
    cacheRoot: cacheRoot(),
    want: ["kubernetes", "etcd"],
    progress: () => {},
    signal: new AbortController().signal,
    installPackages: true,
  });
  api = await startApiServer(binaries.binFolder);
  for (const name of [NAMESPACE, "ninety-system"]) kubectl(null, "create", "namespace", name);
}, 900_000);
afterAll(async () => {
  await api.stop();
  rmSync(work, { recursive: true, force: true });
});

describe("every part is what the API server takes, to the last field", () => {
  const naive = modelServer({ replicas: 1, gpus: 1, probes: "naive" });
  const preferred = modelServer({ replicas: 2, probes: "shallow-fast", spread: "preferred" });
  const required = modelServer({
    replicas: 2,
    gpus: 2,
    probes: "deep",
    spread: "required",
    tolerations: "15s",
    disruption: { minAvailable: 1 },
  });
  const versions = modelServer({
    replicas: 1,
    probes: "deep",
    versions: [1, 2],
    labels: { stable: 1, canary: 2 },
    batch: { max: 8, delay: "5ms" },
  });
  const parts: readonly (readonly [string, Part])[] = [
    ["model server, naive", naive],
    ["model server, preferred", preferred],
    ["model server, required", required],
    ["model server, topology", server],
    ["model server, versions and batches", versions],
    ["mover", part],
    ["node agent", nodeAgent({ mounts: [{ path: "/var/log", readOnly: true }] })],
    ["node agent, replaced", nodeAgent({ replace: { effect: "gpu-state", source: "export {};" } })],
    ["virtual GPUs", virtualGpus({ perNode: 2 })],
  ];
  it.each(parts)("%s", (_name, { planned, problems }) => {
    expect(problems).toEqual([]);
    const argv = ["apply", "--server-side", "--dry-run=server", "--validate=strict", "-f", "-"];
    // One by one: what belongs to another namespace says so itself.
    for (const object of planned.objects) {
      const own = object.metadata.namespace;
      const where = own === undefined ? [] : ["-n", own];
      expect(kubectl(unprivileged(object), ...where, ...argv)).toContain("serverside-applied");
    }
  });
});

describe("the mover against a real API", () => {
  interface Line {
    readonly event: string;
    readonly pod?: string;
    readonly status?: number;
    readonly monoUs: number;
  }
  const budget = server.planned.objects.filter(({ kind }) => kind === "PodDisruptionBudget");
  let program: ChildProcess;
  let said: Line[];

  const pods = (): readonly string[] =>
    kubectl(null, "get", "pods", "-o", "name").trim().split("\n").filter(Boolean);
  const says = async (event: string, withinMs = 10_000, pod?: string): Promise<Line> => {
    const untilMs = performance.now() + withinMs;
    for (;;) {
      const hit = said.find(
        (line) => line.event === event && (pod === undefined || line.pod === pod),
      );
      if (hit !== undefined) return hit;
      if (performance.now() > untilMs) {
        throw new Error(`no "${event}" in ${withinMs} ms; said: ${JSON.stringify(said)}`);
      }
      await sleep(20);
    }
  };
  const createPod = (name: string): void => {
    const labels = { "ninety/part": "server" };
    const resources = { limits: { "nvidia.com/gpu": "1" } };
    const containers = [{ name: "server", image: "x", resources }];
    const pod = { apiVersion: "v1", kind: "Pod", metadata: { name, labels }, spec: { containers } };
    kubectl(pod, "create", "-f", "-");
  };
  const setHealth = (name: string, health: string): void => {
    const resources = [{ name: "nvidia.com/gpu", resources: [{ resourceID: "GPU-n1-0", health }] }];
    const status = {
      phase: "Running",
      conditions: [{ type: "Ready", status: "True" }],
      containerStatuses: [
        {
          name: "server",
          image: "x",
          imageID: "x",
          ready: true,
          restartCount: 0,
          allocatedResourcesStatus: resources,
        },
      ],
    };
    const patch = JSON.stringify({ status });
    kubectl(null, "patch", "pod", name, "--subresource=status", "--type=merge", "-p", patch);
  };

  beforeEach(async () => {
    const access = part.planned.objects.filter(({ kind }) => kind !== "Deployment");
    kubectl(listOf(access), "apply", "--server-side", "-f", "-");
    writeFileSync(join(work, "token"), kubectl(null, "create", "token", "mover"));
    const config = kubectl(null, "config", "view", "--raw", "--flatten", "-o", "json");
    const ca = /"certificate-authority-data": "([^"]+)"/.exec(config)?.[1] ?? "";
    writeFileSync(join(work, "ca.crt"), Buffer.from(ca, "base64"));
    for (const name of ["a", "b", "c"]) {
      createPod(name);
      setHealth(name, "Healthy");
    }
    said = [];
    const main = fileURLToPath(new URL("../../workloads/programs/mover/main.ts", import.meta.url));
    program = spawn(process.execPath, ["--disable-warning=ExperimentalWarning", main], {
      env: {
        NAMESPACE,
        SELECTOR: "ninety/part=server",
        AT_MOST: "1",
        GAP_MS: "200",
        KUBERNETES_SERVICE_HOST: "127.0.0.1",
        KUBERNETES_SERVICE_PORT: String(api.port),
        SERVICE_ACCOUNT_FOLDER: work,
      },
      stdio: ["ignore", "pipe", "inherit"],
    });
    if (program.stdout === null) throw new Error("no output");
    createInterface({ input: program.stdout }).on("line", (line) =>
      said.push(JSON.parse(line) as Line),
    );
    await says("listed");
  });
  afterEach(async () => {
    const ended = new Promise((resolve) => program.once("exit", resolve));
    program.kill("SIGTERM");
    expect(await ended).toBe(0);
    kubectl(null, "delete", "pods,pdb", "--all", "--grace-period=0", "--force");
  });

  it("evicts the pod on an Unhealthy device, and the next only after a replacement is Ready", async () => {
    setHealth("b", "Unhealthy");
    expect((await says("evicted")).pod).toBe("b");
    expect(pods()).toEqual(["pod/a", "pod/c"]);
    setHealth("a", "Unhealthy");
    await sleep(500);
    expect(pods()).toEqual(["pod/a", "pod/c"]);
    createPod("d");
    setHealth("d", "Healthy");
    await says("move-done");
    await says("evicted", 10_000, "a");
    expect(pods()).toEqual(["pod/c", "pod/d"]);
  });

  it("never acts on Unknown", async () => {
    setHealth("a", "Unknown");
    await says("health");
    await sleep(300);
    expect(pods()).toHaveLength(3);
  });

  it("asks again when the disruption budget refuses, and says so", async () => {
    kubectl(listOf(budget), "apply", "--server-side", "-f", "-");
    setHealth("a", "Unhealthy");
    expect((await says("evict-refused")).status).toBe(429);
    expect(pods()).toHaveLength(3);
    kubectl(null, "delete", "pdb", "server");
    expect((await says("evicted")).pod).toBe("a");
  });

  it("stops when more than half are Unhealthy at once", async () => {
    kubectl(listOf(budget), "apply", "--server-side", "-f", "-");
    setHealth("a", "Unhealthy");
    await says("evict-refused");
    setHealth("b", "Unhealthy");
    await says("breaker-open");
    kubectl(null, "delete", "pdb", "server");
    await sleep(1_500);
    expect(pods()).toHaveLength(3);
    setHealth("b", "Healthy");
    await says("breaker-closed");
    expect((await says("evicted")).pod).toBe("a");
  });

  it("notices a watch that went silent and finds what it missed", async () => {
    process.kill(api.pid, "SIGSTOP");
    try {
      await says("watch-gap", 40_000);
    } finally {
      process.kill(api.pid, "SIGCONT");
    }
    setHealth("c", "Unhealthy");
    expect((await says("evicted", 30_000)).pod).toBe("c");
  });
});
