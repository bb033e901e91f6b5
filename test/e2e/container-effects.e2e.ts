// What the node agent does to containers, on processes that stand for one: no cluster.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import * as freeze from "../../src/agents/effects/freeze.ts";
import { startOf } from "../../src/agents/process-identity.ts";
import { stateOf } from "../../src/agents/processes.ts";
import type { Effect, Held } from "../../src/model/effect.ts";
import { injectorContract } from "../../src/testing/injector-contract.ts";
import { agentBench } from "../support/agent-bench.ts";
import { freezeBench, isFrozen, newUid, THREE } from "../support/benches/containers.ts";
import { exited, processesWith, until } from "../support/holder-process.ts";
import { testContainer, type TestContainer } from "../support/test-container.ts";

const sleeper = (controllers: readonly string[] = []): Promise<TestContainer> =>
  testContainer({ uid: newUid(), script: THREE, controllers });

type Freeze = Extract<Effect, { kind: "freeze" }>;
const freezeOf = ({ pod }: TestContainer): Freeze => ({ kind: "freeze", pod, container: "" });

injectorContract("node-agent that freezes", async () => agentBench(await freezeBench()));

const signal = (): AbortSignal => AbortSignal.timeout(15_000);

describe("freeze", () => {
  const all: TestContainer[] = [];
  const container = async (controllers: readonly string[] = []): Promise<TestContainer> => {
    const one = await sleeper(controllers);
    all.push(one);
    await until("its three processes run", () => one.pids().length === 3);
    return one;
  };
  beforeEach(() => void all.splice(0));
  afterEach(async () => {
    for (const one of all) {
      await freeze.undo(freezeOf(one));
      await one.close();
    }
  });

  test("leaves those of other containers alone, also in the same cgroup", async () => {
    const [one, other] = [await container(), await container()];
    await freeze.apply(freezeOf(one));
    expect(one.pids().map(stateOf)).toEqual(["T", "T", "T"]);
    expect(other.pids().map(stateOf)).not.toContain("T");
    await freeze.undo(freezeOf(one));
    expect(one.pids().map(stateOf)).not.toContain("T");
  });

  test("is undone twice, and without having been there", async () => {
    const one = await container(["freezer"]);
    await freeze.undo(freezeOf(one));
    await freeze.apply(freezeOf(one));
    expect(isFrozen(one)).toBe(true);
    await freeze.undo(freezeOf(one));
    await freeze.undo(freezeOf(one));
    expect(isFrozen(one)).toBe(false);
  });

  test("a container that is frozen already is refused, and stays as it is", async () => {
    const one = await container(["freezer"]);
    await freeze.apply(freezeOf(one));
    await expect(freeze.apply(freezeOf(one))).rejects.toThrow("must run, got frozen");
    expect(isFrozen(one)).toBe(true);
  });

  test("a second one on the same container is refused, and leaves the first as it is", async () => {
    const one = await container(["freezer"]);
    const effect = freezeOf(one);
    const isThere = (): boolean => isFrozen(one);
    const of = { effect: () => effect, mark: () => "freeze", isThere, close: async () => {} };
    const { injector, close } = await agentBench(of);
    const start = (id: string): Promise<number> =>
      injector.start({ id, effect }, { leaseMs: 20_000, deadlineMs: 60_000 }, signal());
    await start("r/f1.0");
    expect(isThere()).toBe(true);
    await expect(start("r/f2.0")).rejects.toThrow("must run, got frozen");
    expect(isThere()).toBe(true);
    await injector.stop({ id: "r/f1.0", effect }, signal());
    expect(isThere()).toBe(false);
    await close();
  });

  test("a container that is not on this node is named", async () => {
    const one = await container();
    const pod = { ...one.pod, uid: "u-none" };
    await expect(freeze.apply({ kind: "freeze", pod, container: "" })).rejects.toThrow(
      `container of pod shop/${one.pod.name} must run on this node`,
    );
    await freeze.undo({ kind: "freeze", pod, container: "" });
  });

  test("a frozen container that is killed all the same is gone for the undo", async () => {
    const one = await container(["freezer"]);
    await freeze.apply(freezeOf(one));
    for (const pid of one.pids()) process.kill(pid, "SIGKILL");
    await freeze.undo(freezeOf(one));
    await until("nobody is left in it", () => one.pids().length === 0);
  });
});

describe("container-down", () => {
  const LEASE = { leaseMs: 20_000, deadlineMs: 60_000 };
  const AGED_TICKS = 100;
  let one: TestContainer;
  let bench: Awaited<ReturnType<typeof agentBench>>;

  /** Starts of its first process so far, in clock ticks since boot: one each. */
  const starts = new Set<string>();
  const look = (): void => {
    for (const pid of one.pids()) starts.add(`${pid} ${startOf(pid)}`);
  };
  const lives = (): Promise<void> =>
    until("it lives on for a second", () => {
      const nowTicks = Number(readFileSync("/proc/uptime", "utf8").split(" ")[0]) * 100;
      return one.pids().some((pid) => nowTicks - Number(startOf(pid)) > AGED_TICKS);
    });
  const isKilledAgain = async (): Promise<void> => {
    starts.clear();
    await until("it was killed three times", () => {
      look();
      return starts.size > 3;
    });
  };
  const held = (effect: Partial<Effect> = {}): Held => ({
    id: "r/f1.0",
    effect: {
      kind: "container-down",
      node: "n1",
      of: { uid: one.pod.uid },
      container: "",
      ...effect,
    } as Effect,
  });

  beforeEach(async () => {
    one = await testContainer({
      uid: newUid(),
      script: "exec sleep 1000",
      restarts: true,
      mountAt: "/opt",
    });
    bench = await agentBench({
      effect: () => held().effect,
      mark: () => "container-down",
      isThere: () => true,
      close: async () => {},
    });
    await lives();
  });
  afterEach(async () => {
    await bench.close();
    await one.close();
  });

  test("kills it as often as it runs, and lets it live when it is stopped", async () => {
    await bench.injector.start(held(), LEASE, signal());
    await isKilledAgain();
    await bench.injector.stop(held(), signal());
    await lives();
  });

  test("finds it by what it has mounted, and nobody else", async () => {
    const other = await testContainer({ uid: `${one.pod.uid}-x`, script: "exec sleep 1000" });
    try {
      const [pid = 0] = other.pids();
      await bench.injector.start(held({ of: { mountsAt: "/opt" } }), LEASE, signal());
      await isKilledAgain();
      expect(other.pids()).toEqual([pid]);
      await bench.injector.stop(held(), signal());
      await lives();
    } finally {
      await other.close();
    }
  });

  test("ends with its lease", async () => {
    await bench.injector.start(held(), { leaseMs: 1_500, deadlineMs: 60_000 }, signal());
    await isKilledAgain();
    await lives();
  });

  test("ends when its carrier dies, and when carrier and holder die together", async () => {
    await bench.injector.start(held(), LEASE, signal());
    await bench.breaks.carrierOf(held().effect);
    await lives();
    const again = { ...held(), id: "r/f2.0" };
    await bench.injector.start(again, LEASE, signal());
    await isKilledAgain();
    await bench.breaks.all();
    await lives();
    await until("nothing is held", async () => (await bench.injector.list(signal())).length === 0);
  });

  test("a container that does not run is named", async () => {
    await expect(
      bench.injector.start(held({ of: { mountsAt: "/nowhere" } }), LEASE, signal()),
    ).rejects.toThrow("container with /nowhere on n1 must run on this node");
  });
});

describe("stress in a container's own cgroups", () => {
  const LEASE = { leaseMs: 20_000, deadlineMs: 60_000 };
  const MIB = 2 ** 20;
  /** 120 MiB of its own. */
  const HOLD = "const held = Buffer.alloc(120 * 2 ** 20, 1); setInterval(() => held[0], 1e6)";
  const CONTROLLERS = ["cpu", "cpuacct", "cpuset", "memory"];
  let one: TestContainer;
  let bench: Awaited<ReturnType<typeof agentBench>>;
  const workers = (): readonly number[] => processesWith("/stress-", `main=${one.pids()[0]}`);
  const isGone = (): Promise<void> =>
    until("no worker is left", () => processesWith("/stress-", "effect=r/f").length === 0);

  const numberIn = (controller: string, ...names: readonly string[]): number => {
    const folder = one.cgroups[controller] ?? "";
    const name = names.find((each) => existsSync(join(folder, each))) ?? "";
    return Number(/\d+/.exec(readFileSync(join(folder, name), "utf8"))?.[0]);
  };
  /** CPU that the container has used, seconds. */
  const usedSec = (): number =>
    existsSync(join(one.cgroups["cpuacct"] ?? "", "cpuacct.usage"))
      ? numberIn("cpuacct", "cpuacct.usage") / 1e9
      : numberIn("cpu", "cpu.stat") / 1e6;
  const memoryBytes = (): number => numberIn("memory", "memory.usage_in_bytes", "memory.current");
  const limitMemory = (bytes: number): void => {
    const folder = one.cgroups["memory"] ?? "";
    const old = existsSync(join(folder, "memory.limit_in_bytes"));
    writeFileSync(join(folder, old ? "memory.limit_in_bytes" : "memory.max"), String(bytes));
  };
  const cpu = (id: string): Held => ({
    id,
    effect: { kind: "cpu-stress", pod: one.pod, container: "", workers: 1, loadRatio: 0.5 },
  });
  const memory = (id: string, to: object): Held => ({
    id,
    effect: { kind: "memory-stress", pod: one.pod, container: "", to } as Effect,
  });

  beforeEach(async () => {
    one = await testContainer({
      uid: newUid(),
      script: "exec sleep 1000",
      controllers: CONTROLLERS,
    });
    bench = await agentBench({
      effect: () => cpu("r/f0.0").effect,
      mark: () => "-stress",
      isThere: () => workers().length > 0,
      close: async () => {},
    });
  });
  afterEach(async () => {
    await bench.close();
    await isGone();
    await one.close();
  });

  test("uses CPU that is the container's, until it is stopped", async () => {
    await bench.injector.start(cpu("r/f1.0"), LEASE, signal());
    expect(workers()).toHaveLength(1);
    const fromSec = usedSec();
    await until("half a second of CPU was used", () => usedSec() - fromSec > 0.5);
    await bench.injector.stop(cpu("r/f1.0"), signal());
    expect(workers()).toEqual([]);
  });

  test("holds memory that is the container's, until it is stopped", async () => {
    const fromBytes = memoryBytes();
    const held = memory("r/f1.0", { bytes: 64 * MIB });
    await bench.injector.start(held, LEASE, signal());
    await until("it holds 64 MiB", () => memoryBytes() - fromBytes > 62 * MIB);
    expect(memoryBytes() - fromBytes).toBeLessThan(90 * MIB);
    await bench.injector.stop(held, signal());
    await until("it holds nothing", () => memoryBytes() - fromBytes < 4 * MIB);
  });

  test("brings the container to a share of its limit, and no further", async () => {
    limitMemory(128 * MIB);
    await bench.injector.start(memory("r/f1.0", { limitRatio: 0.75 }), LEASE, signal());
    await until("three quarters are in use", () => memoryBytes() > 92 * MIB);
    expect(memoryBytes()).toBeLessThan(112 * MIB);
    expect(one.pids()).toHaveLength(1);
  });

  test("all of the limit: the kernel ends the container's own process, then nobody is left", async () => {
    const large = await testContainer({
      uid: `${one.pod.uid}-large`,
      script: `exec ${process.execPath} -e '${HOLD}'`,
      controllers: CONTROLLERS,
    });
    await one.close();
    one = large;
    await until("it holds what it wants", () => memoryBytes() > 120 * MIB);
    limitMemory(256 * MIB);
    const [pid = 0] = one.pids();
    await bench.injector.start(memory("r/f1.0", { limitRatio: 1 }), LEASE, signal());
    await until("its process was killed", () => stateOf(pid) === null);
    await isGone();
    expect(await exited(one.process)).toBe(null);
    expect(one.process.signalCode).toBe("SIGKILL");
  });

  test("a share of a limit that is not there is refused", async () => {
    await expect(
      bench.injector.start(memory("r/f1.0", { limitRatio: 0.5 }), LEASE, signal()),
    ).rejects.toThrow("must have a memory limit");
  });

  test("a container in a cgroup with others is refused", async () => {
    const bare = await testContainer({ uid: `${one.pod.uid}-bare`, script: "exec sleep 1000" });
    try {
      const effect = { ...cpu("").effect, pod: bare.pod } as Effect;
      await expect(bench.injector.start({ id: "r/f1.0", effect }, LEASE, signal())).rejects.toThrow(
        "must have cgroups of its own",
      );
    } finally {
      await bare.close();
    }
  });

  test("lasts as long as its lease is renewed, and no longer", async () => {
    const lease = { leaseMs: 1_500, deadlineMs: 60_000 };
    await bench.injector.start(cpu("r/f1.0"), lease, signal());
    const [worker = 0] = workers();
    const untilMs = performance.now() + 2 * lease.leaseMs;
    await until("two leases are over", async () => {
      await bench.injector.renew(["r/f1.0"], signal());
      return performance.now() > untilMs;
    });
    expect(workers()).toEqual([worker]);
    await isGone();
  });

  test("ends when its carrier dies, and when carrier and holder die together", async () => {
    await bench.injector.start(cpu("r/f1.0"), LEASE, signal());
    await bench.breaks.carrierOf(cpu("").effect);
    await isGone();
    await bench.injector.start(memory("r/f2.0", { bytes: 16 * MIB }), LEASE, signal());
    await bench.breaks.all();
    await isGone();
    await until("nothing is held", async () => (await bench.injector.list(signal())).length === 0);
  });

  test("a worker that was ended is replaced; with the container all end", async () => {
    await bench.injector.start(cpu("r/f1.0"), LEASE, signal());
    const [worker = 0] = workers();
    process.kill(worker, "SIGKILL");
    await until("another works", () => workers().some((pid) => pid !== worker));
    for (const pid of one.pids()) process.kill(pid, "SIGKILL");
    await isGone();
  });
});
