import { describe, expect, test } from "vitest";
import {
  ARTIFACT_FILES_MAX,
  ARTIFACT_MAX_BYTES,
  ARTIFACTS_MAX_BYTES,
  ArtifactKeeper,
} from "../../src/kernel/artifacts-keep.ts";
import { COLLECT_MAX_MS } from "../../src/kernel/artifacts.ts";
import { utf8Bytes, type ArtifactIndex } from "../../src/model/artifact.ts";
import type { KubeObject } from "../../src/model/json.ts";
import { FakeApi, FakeProvider } from "../../src/testing/fake-cluster.ts";
import { MemoryLog } from "../../src/testing/fakes.ts";
import { VirtualClock } from "../../src/testing/virtual-clock.ts";
import { scene, type Scene } from "./kernel-scene.ts";

const cost = { tookMs: 1, besideRun: { reads: 0, readMs: 0 } };
const indexOf = (log: MemoryLog): ArtifactIndex =>
  JSON.parse(log.artifacts.get("index.json") ?? "null") as ArtifactIndex;

function keeping(): { readonly log: MemoryLog; readonly keeper: ArtifactKeeper } {
  const log = new MemoryLog(new VirtualClock());
  return { log, keeper: new ArtifactKeeper({ clock: new VirtualClock(), log }) };
}

describe("what is kept", () => {
  test("of a long log is its end, whole lines, with a word on what is not there", async () => {
    const { log, keeper } = keeping();
    const lines = Array.from({ length: 60_000 }, (_, nth) => `line ${nth} ${"ä".repeat(10)}`);
    await keeper.text("logs/a.log", `${lines.join("\n")}\n`);
    const text = log.artifacts.get("logs/a.log") ?? "";
    expect(utf8Bytes(text)).toBeLessThanOrEqual(ARTIFACT_MAX_BYTES);
    expect(utf8Bytes(text)).toBeGreaterThan(ARTIFACT_MAX_BYTES * 0.99);
    expect(text.endsWith(`${lines.at(-1)}\n`)).toBe(true);
    const [head = "", first = ""] = text.split("\n", 2);
    expect(head).toMatch(/^<left out: \d+ bytes>$/);
    expect(lines).toContain(first);
    await keeper.close(cost);
    const [file] = indexOf(log).files;
    const all = utf8Bytes(`${lines.join("\n")}\n`);
    expect((file?.cutBytes ?? 0) + (file?.bytes ?? 0) - utf8Bytes(`${head}\n`)).toBe(all);
  });

  test("of many objects are the latest, and the file is whole JSON", async () => {
    const { log, keeper } = keeping();
    const items = Array.from({ length: 3_000 }, (_, nth) => ({ nth, note: "x".repeat(1_000) }));
    await keeper.objects("objects/events.json", items);
    const text = log.artifacts.get("objects/events.json") ?? "";
    expect(utf8Bytes(text)).toBeLessThanOrEqual(ARTIFACT_MAX_BYTES);
    const read = JSON.parse(text) as { leftOut: number; items: { nth: number }[] };
    expect(read.items.at(-1)?.nth).toBe(2_999);
    expect(read.leftOut + read.items.length).toBe(3_000);
    await keeper.close(cost);
    expect(indexOf(log).leftOut[0]?.what).toBe(
      `${read.leftOut} of 3000 objects of objects/events.json`,
    );
  });

  test("is bounded in all, and the index says what did not fit", async () => {
    const { log, keeper } = keeping();
    const megabyte = `${"x".repeat(1_023)}\n`.repeat(1_000);
    for (let nth = 0; nth < 40; nth += 1) await keeper.text(`logs/${nth}.log`, megabyte);
    // Written again it takes the room that it had.
    await keeper.text("logs/0.log", megabyte);
    await keeper.close(cost);
    const { bytes, files, leftOut } = indexOf(log);
    expect(bytes).toBeLessThanOrEqual(ARTIFACTS_MAX_BYTES);
    expect(bytes).toBe(files.reduce((sum, file) => sum + file.bytes, 0));
    expect(files.length + leftOut.length).toBe(40);
  });

  test("is so many files at most, and nothing once it is closed", async () => {
    const { log, keeper } = keeping();
    for (let nth = 0; nth < ARTIFACT_FILES_MAX + 300; nth += 1) await keeper.text(`${nth}`, "a");
    await keeper.close(cost);
    await keeper.text("late", "a");
    const { files, leftOut } = indexOf(log);
    expect(files).toHaveLength(ARTIFACT_FILES_MAX);
    expect(leftOut).toHaveLength(201);
    expect(leftOut.at(-1)).toEqual({ what: "100 more", why: "the list is full" });
    expect(log.artifacts.has("late")).toBe(false);
  });

  test("never leaves the folder, and a path that would is told", async () => {
    const { log, keeper } = keeping();
    for (const path of ["../plan.json", "/etc/passwd", "a//b", "a/../../b", ".hidden", "a b", ""])
      await keeper.text(path, "x");
    await keeper.close(cost);
    expect([...log.artifacts.keys()]).toEqual(["index.json"]);
    expect(indexOf(log).leftOut).toHaveLength(7);
  });
});

const secret: KubeObject = {
  apiVersion: "v1",
  kind: "Secret",
  metadata: { name: "s", namespace: "ninety-sample" },
  stringData: { a: "Zq9-planted" },
};

/** With a secret in a log, in a variable, and in an object that nobody may read. */
function told(of: Scene): Scene {
  const apply = of.api.apply.bind(of.api);
  of.api.apply = async (object) => {
    const applied = await apply(object);
    if (object.kind !== "Deployment") return applied;
    await apply(secret);
    for (const pod of of.api.pods()) {
      const { containerStatuses } = pod["status"] as { containerStatuses: object[] };
      Object.assign(containerStatuses[0]!, { restartCount: 1, lastState: { terminated: {} } });
      Object.assign(pod["spec"] as object, { env: [{ name: "A_TOKEN", value: "Zq9-planted" }] });
      Object.assign(pod.metadata, { managedFields: [{ manager: "any" }] });
      of.api.logs.set(pod.metadata.name, "ready, password=Zq9-planted\n");
      of.api.logs.set(`${pod.metadata.name} previous`, "FATAL: out of memory\n");
    }
    return applied;
  };
  return of;
}

describe("a run's artifacts", () => {
  test("are logs of its pods and its last objects, without secrets", async () => {
    const { run, log, api } = told(scene({ kind: "kube" }));
    const reads: string[] = [];
    const list = api.list.bind(api);
    api.list = async (path) => {
      reads.push(path);
      return list(path);
    };
    expect(await run()).toEqual({ unhealed: [], failure: null });
    const index = indexOf(log);
    expect(index.leftOut).toEqual([
      { what: "logs of kubelets and control plane", why: "this cluster tells none" },
    ]);
    const paths = index.files.map(({ path }) => path);
    expect(paths).toEqual([...log.artifacts.keys()].filter((one) => one !== "index.json").sort());
    const logs = paths.filter((path) => path.endsWith("any.previous.log"));
    // Three of the server, one of the agent in a namespace of its own.
    expect(logs).toHaveLength(4);
    expect(logs[3]).toMatch(/^logs\/ninety-system\/agent-\d\/any\.previous\.log$|ninety-sample/);
    expect(log.artifacts.get(logs[0] ?? "")).toBe("FATAL: out of memory\n");
    const pods = log.artifacts.get("objects/pods.json") ?? "";
    expect(pods).toContain('{"name":"A_TOKEN","value":"<redacted>"}');
    expect(pods).not.toContain("managedFields");
    for (const [path, text] of log.artifacts) expect(text, path).not.toContain("Zq9");
    const inside = reads.filter((path) => path.includes("/namespaces/"));
    expect(inside.length).toBeGreaterThan(10);
    expect(inside.filter((path) => /secrets|configmaps/.test(path))).toEqual([]);
  });

  test("are there also when the run failed, was stopped, or never got Ready", async () => {
    const dead = told(scene({ loadDiesMs: 50_000 }));
    await dead.run();
    const stopped = told(scene());
    await stopped.run(30_000);
    const sick = told(scene());
    sick.api.broken.add("server");
    await sick.run();
    for (const { log, provider } of [dead, stopped, sick]) {
      expect(log.artifacts.get("objects/pods.json")).toContain("server");
      expect(provider.calls.at(-1)).toBe("down");
    }
  });

  test("hold what the cluster's own processes wrote", async () => {
    const api = new FakeApi({ nodes: 3, gpusPerNode: 2 });
    const provider = new FakeProvider(api);
    const cluster = {
      ...provider.cluster(),
      logs: async () =>
        Promise.resolve([
          { name: "n1/kubelet", text: "I1 token=Zq9\n", cutBytes: null },
          { name: "../../up", text: "x\n", cutBytes: 0 },
        ]),
    };
    const { run, log } = scene({ deps: { provider, attach: cluster } });
    await run();
    expect(log.artifacts.get("cluster/n1/kubelet.log")).toBe(
      "<left out: an unknown number of bytes>\nI1 token=<redacted>\n",
    );
    expect(log.artifacts.get("cluster/_../_../up.log")).toBe("x\n");
  });

  test("keep neither the heal nor the teardown waiting when nothing answers", async () => {
    for (const hung of ["list", "call", "artifact", "logs"] as const) {
      const api = new FakeApi({ nodes: 3, gpusPerNode: 2 });
      const provider = new FakeProvider(api);
      const deaf = async (): Promise<never> => new Promise<never>(() => {});
      const made = provider.cluster.bind(provider);
      if (hung === "logs") provider.cluster = () => ({ ...made(), logs: deaf });
      const of = scene({ deps: { provider } });
      of.clock.at(40_000, () => {
        if (hung === "list") {
          // What is asked for by the loop itself goes on to be answered.
          const list = api.list.bind(api);
          api.list = async (path) => (path.includes("namespaces/") ? deaf() : list(path));
        }
        if (hung === "call") api.call = deaf;
        if (hung === "artifact") of.log.artifact = deaf;
      });
      const end = await of.run();
      expect(end, hung).toEqual({ unhealed: [], failure: null });
      expect(provider.calls.at(-1), hung).toBe("down");
      const phases = of.log.disk.flatMap((one) =>
        one.type === "phase" && ["teardown", "end"].includes(one.phase) ? [one.atUs / 1_000] : [],
      );
      const tookMs = (phases[1] ?? Infinity) - (phases[0] ?? 0);
      expect(tookMs, hung).toBeLessThanOrEqual(COLLECT_MAX_MS + 12_000);
      if (hung !== "logs") continue;
      expect(indexOf(of.log).leftOut).toContainEqual({
        what: "what was not collected by then",
        why: `collecting artifacts must end within ${COLLECT_MAX_MS / 1_000} s, it did not`,
      });
    }
  });
});
