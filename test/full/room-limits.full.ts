// What the node agent takes of what a container has left, on processes that stand for one.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { Agent, request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";

import type { Effect } from "../../src/model/effect.ts";
import { agentBench } from "../support/agent-bench.ts";
import { until } from "../support/holder-process.ts";
import { netEffectsPath } from "../support/net-pair.ts";
import { IS_THERE, lookIn, MIB, roomContainer, roomEffect, softOf } from "../support/room-bench.ts";
import type { TestContainer } from "../support/test-container.ts";

const LEASE = { leaseMs: 20_000, deadlineMs: 60_000 };
const signal = (): AbortSignal => AbortSignal.timeout(15_000);
let bench: Awaited<ReturnType<typeof agentBench>>;
let one: TestContainer;
let folder: string;
let ids = 0;

beforeAll(async () => {
  process.env["NINETY_NET_EFFECTS"] = await netEffectsPath();
  const none = { effect: () => roomEffect("disk-fill", one), mark: () => "u-room" };
  bench = await agentBench({ ...none, isThere: () => true, close: async () => {} });
}, 300_000);
afterAll(async () => bench.close());
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "ninety-room-"));
  one = await roomContainer();
});
afterEach(async () => {
  for (const { held } of await bench.injector.list(signal())) {
    await bench.injector.stop(held, signal());
  }
  await one.close();
  rmSync(folder, { recursive: true });
});

async function hold(effect: Effect): Promise<() => Promise<void>> {
  ids += 1;
  const held = { id: `r/f${ids}.0`, effect };
  await bench.injector.start(held, LEASE, signal());
  return () => bench.injector.stop(held, signal());
}
/** In place of the one that sleeps. */
async function replace(script: string): Promise<void> {
  await one.close();
  one = await roomContainer(script);
}
const refuses = (effect: Effect, why: string): Promise<void> =>
  expect(hold(effect)).rejects.toThrow(why);

const textIn = (path: string): string => readFileSync(path, "utf8").trim();

describe("processes of a container", () => {
  const maxPath = (): string => join(one.cgroups["pids"] ?? "", "pids.max");

  test("no more can be started, by one effect at a time; then they can", async () => {
    const effect = roomEffect("processes-limit", one);
    expect(lookIn(one, { at: "processes" })).toMatchObject({ limit: null, why: "" });
    const stop = await hold(effect);
    expect(lookIn(one, { at: "processes" })).toMatchObject({ now: 1, limit: 1, why: "EAGAIN" });
    await refuses(effect, "must be able to start a process, got 1 of 1");
    expect(IS_THERE["processes-limit"](one)).toBe(true);
    await stop();
    expect(lookIn(one, { at: "processes" })).toMatchObject({ now: 1, limit: null, why: "" });
  });

  test("one that ends is not replaced, and a limit that was there comes back", async () => {
    await replace("sleep 1000 &\nwait\nexec sleep 1001");
    await until("both run", () => one.pids().length === 2);
    writeFileSync(maxPath(), "77");
    const stop = await hold(roomEffect("processes-limit", one));
    expect(textIn(maxPath())).toBe("2");
    process.kill(Math.max(...one.pids()), "SIGKILL");
    await until("there is room for one only", () => textIn(maxPath()) === "1");
    await stop();
    expect(textIn(maxPath())).toBe("77");
  });
});

describe("open files of a container", () => {
  const SERVER = `
    const server = require("node:http").createServer((_ask, answer) => answer.end("ok"));
    server.keepAliveTimeout = 60_000;
    server.listen(process.argv[1]);`;
  const ask = (path: string, agent?: Agent): Promise<string> =>
    new Promise((resolve) => {
      const asked = request({ socketPath: path, agent: agent ?? false, timeout: 2_000 });
      asked.on("response", (answer) => answer.resume().on("end", () => resolve("answered")));
      asked.on("timeout", () => asked.destroy(new Error("silent")));
      asked.on("error", (error) => resolve(error.message));
      asked.end();
    });

  test("open connections go on, new ones do not; then they do", async () => {
    const path = join(folder, "server.sock");
    await replace(`exec ${process.execPath} -e '${SERVER}' ${path}`);
    await until("it answers", async () => (await ask(path)) === "answered");
    const [pid = 0] = one.pids();
    const before = softOf(pid);
    const kept = new Agent({ keepAlive: true, maxSockets: 1 });
    expect(await ask(path, kept)).toBe("answered");
    const stop = await hold(roomEffect("files-limit", one));
    expect(lookIn(one, { at: "files" })).toMatchObject({ spare: 0 });
    expect(await ask(path)).not.toBe("answered");
    expect(await ask(path, kept)).toBe("answered");
    kept.destroy();
    await until("what was closed is taken too", () => lookIn(one, { at: "files" })["spare"] === 0);
    expect(await ask(path)).not.toBe("answered");
    await stop();
    expect(softOf(pid)).toBe(before);
    expect(await ask(path)).toBe("answered");
  });

  test("who was started meanwhile has inherited it, and gets it back too", async () => {
    // It can load no program: the child is a shell without one, which waits for another line.
    const lines = join(folder, "lines");
    await replace(`mkfifo ${lines}\nexec <>${lines}\nread first\n(read second; true)\ntrue`);
    const [pid = 0] = one.pids();
    const before = softOf(pid);
    const stop = await hold(roomEffect("files-limit", one));
    writeFileSync(lines, "\n");
    await until("it has a child", () => one.pids().length === 2);
    expect(softOf(Math.max(...one.pids()))).toBeLessThan(64);
    await stop();
    expect(one.pids().map(softOf)).toEqual([before, before]);
  });
});

describe("a file system that the container has for itself", () => {
  test("is full, then as before, and nothing lies there", async () => {
    const [pid = 0] = one.pids();
    const look = (): unknown => lookIn(one, { at: "disk", path: "/opt" });
    expect(look()).toMatchObject({ sizeBytes: 8 * MIB, freeBytes: 8 * MIB, why: "" });
    const stop = await hold(roomEffect("disk-fill", one));
    expect(look()).toMatchObject({ sizeBytes: 8 * MIB, freeBytes: 0, why: "ENOSPC" });
    expect(readdirSync(`/proc/${pid}/root/opt`)).toEqual([]);
    await stop();
    expect(look()).toMatchObject({ freeBytes: 8 * MIB, why: "" });
  });

  test("so much is left as was asked for", async () => {
    const effect = { ...roomEffect("disk-fill", one), leave: { ratio: 0.25 } } as Effect;
    const stop = await hold(effect);
    expect(lookIn(one, { at: "disk", path: "/opt" })).toMatchObject({
      freeBytes: 2 * MIB,
      why: "",
    });
    await stop();
  });

  test("one that others have too is refused, also behind a link, and nothing is written", async () => {
    await replace("mount -t tmpfs -o size=8m none /opt\nln -s /tmp /opt/out\nexec sleep 1000");
    const at = (path: string): Effect => ({ ...roomEffect("disk-fill", one), path }) as Effect;
    await refuses(at("/tmp"), "must be on a file system that only this pod has");
    await refuses(at("/dev"), "must be on a file system");
    await refuses(at("/opt/out"), "folder /opt/out: must be on device");
    await refuses(at("/opt/none"), "folder /opt/none: must be one of the container");
  });
});

describe("the disk of a container", () => {
  test("is read slowly, then fast again; a limit of somebody else is refused, and stays", async () => {
    const speed = (): number => {
      const { bytes, tookMs } = lookIn(one, { at: "reads", bytes: MIB, withinMs: 4_000 });
      return (1_000 * Number(bytes)) / Number(tookMs);
    };
    expect(speed()).toBeGreaterThan(3 * MIB);
    const stop = await hold(roomEffect("disk-slow", one));
    expect(speed()).toBeLessThan(1.5 * MIB);
    await refuses(roomEffect("disk-slow", one), "must have no limit of its disk, got");
    expect(IS_THERE["disk-slow"](one)).toBe(true);
    await stop();
    expect(speed()).toBeGreaterThan(3 * MIB);
  });
});
