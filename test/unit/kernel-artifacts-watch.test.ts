import { describe, expect, test } from "vitest";
import { ArtifactKeeper } from "../../src/kernel/artifacts-keep.ts";
import { LogSaver } from "../../src/kernel/artifacts-watch.ts";
import type { ArtifactIndex } from "../../src/model/artifact.ts";
import type { KubeObject } from "../../src/model/json.ts";
import type { Target } from "../../src/model/target.ts";
import type { Api, WatchChange } from "../../src/ports/api.ts";
import { FakeApi } from "../../src/testing/fake-cluster.ts";
import { MemoryLog } from "../../src/testing/fakes.ts";
import { settle, VirtualClock } from "../../src/testing/virtual-clock.ts";

interface Told {
  readonly restarts?: number;
  readonly going?: boolean;
  readonly ended?: boolean;
  readonly name?: string;
}

function pod({ restarts = 0, going = false, ended = false, name = "a" }: Told): KubeObject {
  const state = ended ? { terminated: {} } : { running: {} };
  const lastState = restarts > 0 ? { terminated: {} } : {};
  const metadata = { name, namespace: "ns", uid: `uid-${name}` };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: going
      ? Object.assign(metadata, { deletionTimestamp: "2026-01-01T00:00:00Z" })
      : metadata,
    status: { containerStatuses: [{ name: "c", restartCount: restarts, state, lastState }] },
  };
}

/** A saver over a watch that the test tells, and what came of it. */
function saving(): {
  readonly api: FakeApi;
  readonly clock: VirtualClock;
  readonly log: MemoryLog;
  readonly saver: LogSaver;
  readonly stop: AbortController;
  readonly tell: (type: WatchChange["type"], told: Told) => Promise<void>;
  readonly index: () => Promise<ArtifactIndex>;
} {
  const api = new FakeApi({ nodes: 1, gpusPerNode: 0 });
  const clock = new VirtualClock();
  const log = new MemoryLog(clock);
  const keeper = new ArtifactKeeper({ clock, log });
  const saver = new LogSaver({ api, clock, keeper }, "run-1");
  const stop = new AbortController();
  let take: (change: WatchChange) => void = () => {};
  api.watch = async (path, on: Parameters<Api["watch"]>[1], signal) => {
    expect(path).toBe("api/v1/pods?labelSelector=ninety%2Frun%3Drun-1");
    take = on.take;
    await new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
  };
  void saver.watch(stop.signal);
  return {
    api,
    clock,
    log,
    saver,
    stop,
    tell: async (type, told) => {
      take({ type, object: pod(told), stale: false });
      await settle();
    },
    index: async () => {
      await keeper.close({ tookMs: 0, besideRun: saver.cost });
      return JSON.parse(log.artifacts.get("index.json") ?? "") as ArtifactIndex;
    },
  };
}

describe("logs that nobody can read at the end", () => {
  test("of a pod that goes are read when that begins and again when its container has ended", async () => {
    const { api, log, tell, index } = saving();
    api.logs.set("a", "one\n");
    await tell("ADDED", {});
    expect(log.artifacts.size).toBe(0);
    await tell("MODIFIED", { going: true });
    expect(log.artifacts.get("logs/ns/a/c.log")).toBe("one\n");
    api.logs.set("a", "one\nlast words\n");
    // Nothing of it has ended: there is nothing to read again.
    await tell("MODIFIED", { going: true });
    expect(log.artifacts.get("logs/ns/a/c.log")).toBe("one\n");
    await tell("MODIFIED", { going: true, ended: true });
    expect(log.artifacts.get("logs/ns/a/c.log")).toBe("one\nlast words\n");
    await tell("DELETED", { going: true, ended: true });
    expect(await index()).toMatchObject({ leftOut: [], besideRun: { reads: 2 } });
  });

  test("of a container that is started again are kept for the first three times", async () => {
    const { api, log, tell } = saving();
    await tell("ADDED", {});
    for (let restarts = 1; restarts <= 5; restarts += 1) {
      api.logs.set("a previous", `end ${restarts}\n`);
      await tell("MODIFIED", { restarts });
      await tell("MODIFIED", { restarts });
    }
    expect([...log.artifacts]).toEqual([
      ["logs/ns/a/c.restart-1.log", "end 1\n"],
      ["logs/ns/a/c.restart-2.log", "end 2\n"],
      ["logs/ns/a/c.restart-3.log", "end 3\n"],
    ]);
  });

  test("of a pod that is gone at once are said to be lost", async () => {
    const { tell, index } = saving();
    await tell("ADDED", {});
    await tell("DELETED", {});
    expect((await index()).leftOut).toEqual([
      { what: "log of ns/a at its end", why: "the pod was gone before its log could be read" },
    ]);
  });

  test("are few reads, however many pods go", async () => {
    const { api, tell, index } = saving();
    for (let nth = 0; nth < 500; nth += 1) {
      api.logs.set(`p${nth}`, "x\n");
      await tell("MODIFIED", { going: true, name: `p${nth}` });
    }
    const { files, besideRun } = await index();
    expect(besideRun.reads).toBe(300);
    expect(files).toHaveLength(300);
  });

  test("never end the run, though the watch or a read fails", async () => {
    const { api, tell, stop, saver, index } = saving();
    api.call = async () => Promise.reject(new Error("gone"));
    await tell("MODIFIED", { going: true });
    api.watch = async () => Promise.reject(new Error("no watch"));
    await saver.watch(stop.signal);
    expect((await index()).leftOut).toEqual([
      { what: "logs of pods that went", why: "Error: no watch" },
    ]);
  });
});

describe("logs before a fault", () => {
  const target: Target<"pod"> = {
    kind: "pod",
    namespace: "ns",
    name: "a",
    uid: "uid-a",
    node: "n1",
  };
  const { signal } = new AbortController();

  test("are those of what it meets: a pod, a device's holder, a link's ends, a node's pods", async () => {
    const gpu: Target = { kind: "gpu", node: "n1", device: "d", holder: target };
    const link: Target = { kind: "link", from: [{ ...target, address: "10.0.0.1" }], to: [] };
    const met: readonly Target[] = [target, gpu, link, { kind: "node", node: "n1" }];
    for (const one of met) {
      const { api, log, saver } = saving();
      const labelled = { ...pod({}).metadata, labels: { "ninety/run": "run-1" } };
      api.objects.set("api/v1/namespaces/ns/pods/a", { ...pod({}), metadata: labelled });
      api.logs.set("a", "before\n");
      await saver.before("f01", [one], signal);
      expect([...log.artifacts], one.kind).toEqual([["logs/ns/a/c.before-f01.log", "before\n"]]);
    }
  });

  test("hold up an inject for a quarter of a second at most", async () => {
    const { api, clock, saver, log } = saving();
    api.objects.set("api/v1/namespaces/ns/pods/a", pod({}));
    api.call = async () => new Promise<never>(() => {});
    await clock.drive(saver.before("f01", [target], signal));
    expect(clock.nowMs()).toBe(250);
    expect(log.artifacts.size).toBe(0);
  });
});
