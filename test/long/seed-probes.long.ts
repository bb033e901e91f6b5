// The probes of the seed document and ours, side by side on a real kubelet: docs/SEED.md.
import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { mainProcess } from "../../src/agents/container-process.ts";
import { at, listAt, textAt } from "../../src/model/json.ts";
import type { Part } from "../../src/ports/author.ts";
import { virtualGpus } from "../../workloads/parts/gpu-plugin.ts";
import { modelServer } from "../../workloads/parts/model-server.ts";
import { PartCluster } from "../support/part-cluster.ts";
import { until } from "../support/until.ts";

const INSTANCE = "e2e-seed";
const NAMESPACE = "ninety-seed";
/** The seed's liveness gives up 30 s + 3 × 10 s after the start: just longer than that. */
const SLOW = "65s";
/** All of them have to find a place on three small nodes. */
const one = { replicas: 1, tolerations: "5m", cpu: "250m" } as const;
const gpu = { ...one, gpus: 1, quota: false } as const;

const slowSeed = modelServer({
  ...one,
  name: "slow-seed",
  probes: "naive",
  strict: true,
  loadDelay: SLOW,
});
const slowOurs = modelServer({
  ...one,
  name: "slow-ours",
  probes: "deep",
  strict: true,
  loadDelay: SLOW,
});
const earlySeed = modelServer({ ...one, name: "early-seed", probes: "naive", loadDelay: SLOW });
const earlyOurs = modelServer({ ...one, name: "early-ours", probes: "deep", loadDelay: SLOW });
const switchSeed = modelServer({ ...gpu, name: "switch-seed", probes: "naive", versions: [1] });
const switchOurs = modelServer({ ...gpu, name: "switch-ours", probes: "deep", versions: [1] });

const heldSeed = modelServer({ ...one, name: "held-seed", probes: "naive" });
const heldOurs = modelServer({ ...one, name: "held-ours", probes: "deep" });

const ROW = JSON.stringify({ instances: [Array.from({ length: 16 }, () => 0.5)] });
let on: PartCluster;
let appliedMs = 0;
const sinceApplyMs = (): number => performance.now() - appliedMs;

beforeAll(async () => {
  on = await PartCluster.up(INSTANCE, NAMESPACE);
  await on.apply(virtualGpus({ perNode: 2 }));
  appliedMs = performance.now();
  await on.apply(slowSeed, slowOurs, earlySeed, earlyOurs, switchSeed, switchOurs);
  await on.apply(heldSeed, heldOurs);
});
afterAll(async () => {
  expect(await on.down()).toBe(0);
});

/** `2:AVAILABLE,1:END` as the server in the part's pod tells it. */
async function states(part: Part, path = "/v1/models/mlp"): Promise<string> {
  const answer = await on.ask(part.part, path);
  if (answer?.status !== 200) return `status ${answer?.status}`;
  return listAt(JSON.parse(answer.body), "model_version_status")
    .map((each) => `${textAt(each, "version")}:${textAt(each, "state")}`)
    .join();
}
async function predictStatus(part: Part, path = "/v1/models/mlp"): Promise<number | undefined> {
  return (await on.ask(part.part, `${path}:predict`, ROW))?.status;
}
const isReady = ({ ready }: { readonly ready: boolean }): boolean => ready;

test("the naive profile is the seed's sample, to the last value", () => {
  const container = (part: Part): unknown => {
    const deployment = part.planned.objects.find(({ kind }) => kind === "Deployment");
    return at(deployment, "spec", "template", "spec", "containers", 0);
  };
  // The document's model is my_model, ours is mlp; all else is its text (section 2.3).
  const sample = JSON.parse(JSON.stringify(container(switchSeed)).replaceAll("mlp", "my_model"));
  expect(at(sample, "startupProbe")).toBeUndefined();
  expect(at(sample, "livenessProbe")).toEqual({
    httpGet: { path: "/v1/models/my_model", port: 8501 },
    initialDelaySeconds: 30,
    periodSeconds: 10,
  });
  expect(at(sample, "readinessProbe")).toEqual({
    httpGet: { path: "/v1/models/my_model/versions/1", port: 8501 },
    initialDelaySeconds: 5,
    periodSeconds: 5,
  });
});

test("X7: the seed's readiness passes while the model loads and nothing can be predicted", async () => {
  await on.podThat("early-seed", "is Ready", isReady, 60_000);
  expect(await states(earlySeed, "/v1/models/mlp/versions/1")).toBe("1:LOADING");
  expect(await predictStatus(earlySeed)).toBe(404);
  // Ours loads the same model as long, and gets no client before it can answer one.
  expect(await states(earlyOurs)).toBe("1:LOADING");
  expect(on.pod("early-ours")?.ready).toBe(false);
});

test("X7: after the switch to v2 the seed's readiness still passes on the v1 that has ended", async () => {
  const pairs = [switchSeed, switchOurs];
  for (const { part } of pairs) await on.podThat(part, "is Ready", isReady, 60_000);
  await switchTo(2, "switch-seed", "switch-ours");
  for (const part of pairs) {
    const done = async (): Promise<boolean> => (await states(part)) === "2:AVAILABLE,1:END";
    await until(`${part.part} to have switched`, done, 60_000);
  }
  const switchedMs = performance.now();
  expect(await states(switchSeed, "/v1/models/mlp/versions/1")).toBe("1:END");
  expect(await predictStatus(switchSeed, "/v1/models/mlp/versions/1")).toBe(404);
  for (const part of pairs) expect(await predictStatus(part)).toBe(200);
  // More than three periods of its probe, and three failures would be enough.
  await until("16 s to pass", () => performance.now() - switchedMs > 16_000, 20_000);
  for (const { part } of pairs) expect(on.pod(part)).toMatchObject({ ready: true, restarts: 0 });
});

test("neither seed probe touches the GPU: wrong answers leave it Ready, ours not within 15 s", async () => {
  const devices = await Promise.all(["switch-seed", "switch-ours"].map(deviceOf));
  for (const device of devices) await setDevice(device, "wrong-answers");
  const startMs = performance.now();
  await on.podThat("switch-ours", "is not Ready", ({ ready }) => !ready, 15_000);
  await until("20 s to pass", () => performance.now() - startMs > 20_000, 25_000);
  expect(on.pod("switch-seed")).toMatchObject({ ready: true, restarts: 0 });
  expect(await predictStatus(switchSeed)).toBe(200);
  for (const device of devices) await setDevice(device, "ok");
  await on.podThat("switch-ours", "is Ready again", isReady, 30_000);
  expect(on.pod("switch-ours")?.restarts).toBe(0);
});

test("X8: after a restart the seed's readiness never passes again, ours does", async () => {
  const before = ["switch-seed", "switch-ours"].map((part) => on.pod(part));
  for (const pod of before) {
    await on.delete(`api/v1/namespaces/${NAMESPACE}/pods/${pod?.name}`);
  }
  const [seedBefore, oursBefore] = before;
  const ours = await on.podThat(
    "switch-ours",
    "is Ready in a new pod",
    ({ uid, ready }) => ready && uid !== oursBefore?.uid,
    60_000,
  );
  expect(ours.restarts).toBe(0);
  const seed = await on.podThat(
    "switch-seed",
    "is a new pod",
    ({ uid }) => uid !== seedBefore?.uid,
    60_000,
  );
  await until(
    "the model to be available",
    async () => (await states(switchSeed)) === "2:AVAILABLE",
    60_000,
  );
  const availableMs = performance.now();
  expect(await predictStatus(switchSeed)).toBe(200);
  expect((await on.ask("switch-seed", "/v1/models/mlp/versions/1"))?.status).toBe(404);
  // 5 s + 3 × 5 s and more: it is not late, it does not come.
  await until("25 s to pass", () => performance.now() - availableMs > 25_000, 30_000);
  expect(on.pod("switch-seed")?.uid).toBe(seed.uid);
  expect(on.wereReady.has(seed.uid)).toBe(false);
  expect(await predictStatus(switchSeed)).toBe(200);
});

test("X5: the seed's liveness kills a model that loads slowly again and again; ours gets Ready", async () => {
  const ours = await on.podThat("slow-ours", "is Ready", isReady, 120_000);
  expect(ours.restarts).toBe(0);
  const early = await on.podThat("early-ours", "is Ready", isReady, 60_000);
  expect(early.restarts).toBe(0);
  const leftMs = Math.max(10_000, 200_000 - sinceApplyMs());
  const seed = await on.podThat(
    "slow-seed",
    "was killed twice",
    (pod) => pod.restarts >= 2,
    leftMs,
  );
  expect(on.wereReady.has(seed.uid)).toBe(false);
  const said = await eventsOf(seed.uid);
  expect(said.filter((text) => text.includes("failed liveness probe"))).not.toEqual([]);
});

test("X6: a server held up for 4 s at a time is killed by the seed's liveness; ours lives", async () => {
  const pairs = [heldSeed, heldOurs];
  const pods = await Promise.all(
    pairs.map(({ part }) => on.podThat(part, "is Ready", isReady, 90_000)),
  );
  const pids = pods.map(({ uid }) => serverOf(uid));
  // 10 s are twice the cycle and 0.6 s: some five probes of the seed in a row meet a server that
  // answers more than 1 s later. What answers within 4 s is alive.
  const held = new AbortController();
  const holding = holdUp(pids, { forMs: 4_000, thenMs: 700, signal: held.signal });
  try {
    await on.podThat("held-seed", "was killed", ({ restarts }) => restarts > 0, 180_000);
    expect(on.pod("held-ours")).toMatchObject({ uid: pods[1]?.uid, restarts: 0 });
  } finally {
    held.abort();
    await holding;
  }
  const said = await eventsOf(pods[0]?.uid ?? "");
  expect(said.filter((text) => text.includes("failed liveness probe"))).not.toEqual([]);
  await on.podThat("held-ours", "is Ready", isReady, 60_000);
  expect(on.pod("held-ours")?.restarts).toBe(0);
});

/** Process of a pod's server on this machine: nodes share its kernel. */
function serverOf(uid: string): number {
  const all = readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const [status, mounts] = ["status", "mountinfo"].map((file) =>
          readFileSync(`/proc/${name}/${file}`, "utf8"),
        );
        return [{ pid: Number(name), status: status ?? "", mounts: mounts ?? "" }];
      } catch {
        return [];
      }
    });
  const found = mainProcess(all, { uid, container: "server" });
  if ("why" in found) throw new Error(`the server of ${uid} ${found.why}`);
  return found.pid;
}

/** Stops the processes and lets them go on, in turns, until the signal aborts. */
async function holdUp(
  pids: readonly number[],
  of: { readonly forMs: number; readonly thenMs: number; readonly signal: AbortSignal },
): Promise<void> {
  const tell = (signal: NodeJS.Signals): void => {
    for (const pid of pids) {
      try {
        process.kill(pid, signal);
      } catch {
        // Killed, as it is to be for one of them.
      }
    }
  };
  const pause = (ms: number): Promise<unknown> =>
    sleep(ms, undefined, { signal: of.signal }).catch(() => {});
  while (!of.signal.aborted) {
    tell("SIGSTOP");
    await pause(of.forMs);
    tell("SIGCONT");
    await pause(of.thenMs);
  }
}

async function eventsOf(uid: string): Promise<readonly string[]> {
  const path = `api/v1/namespaces/${NAMESPACE}/events?fieldSelector=involvedObject.uid=${uid}`;
  return (await on.cluster.api.list(path)).map((event) => textAt(event, "message"));
}

/** Changes the ConfigMap alone, and has the kubelet look at the pods at once. */
async function switchTo(version: number, ...parts: readonly string[]): Promise<void> {
  for (const name of parts) {
    const wanted = modelServer({ ...gpu, name, probes: "naive", versions: [version] });
    const map = wanted.planned.objects.find(({ kind }) => kind === "ConfigMap");
    const { api } = on.cluster;
    const base = `api/v1/namespaces/${NAMESPACE}`;
    const changed = await api.call({
      method: "PATCH",
      path: `${base}/configmaps/${name}-models`,
      contentType: "application/merge-patch+json",
      body: { data: at(map, "data") as Record<string, string> },
    });
    expect(changed.status).toBe(200);
    const touched = await api.call({
      method: "PATCH",
      path: `${base}/pods/${on.pod(name)?.name}`,
      contentType: "application/merge-patch+json",
      body: { metadata: { annotations: { "ninety/looked-at": String(version) } } },
    });
    expect(touched.status).toBe(200);
  }
}

interface Device {
  readonly node: string;
  readonly id: string;
}

async function deviceOf(part: string): Promise<Device> {
  const pod = on.pod(part);
  const of = { namespace: NAMESPACE, name: pod?.name ?? "", container: "server" };
  const [id = ""] = await on.script(of, "console.log(process.env.NVIDIA_VISIBLE_DEVICES)");
  return { node: pod?.node ?? "", id };
}

/** Where the owner of the device does it: by rename in its folder on the node. */
async function setDevice({ node, id }: Device, state: string): Promise<void> {
  const pods = await on.cluster.api.list("api/v1/namespaces/ninety-system/pods");
  const plugin = pods.find((pod) => textAt(pod, "spec", "nodeName") === node);
  const name = plugin?.metadata.name ?? "";
  const file = { id, state, signal: false, symptom: state !== "ok", by: null, untilUs: null };
  await on.script(
    { namespace: "ninety-system", name, container: "plugin" },
    `const [folder, text] = process.argv.slice(1);
     const fs = require("node:fs");
     fs.writeFileSync(folder + "/state.json.e2e", text);
     fs.renameSync(folder + "/state.json.e2e", folder + "/state.json");`,
    [`/var/lib/ninety/gpus/${id}`, JSON.stringify(file)],
  );
}
