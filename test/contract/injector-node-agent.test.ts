import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import type { Effect, Held } from "../../src/model/effect.ts";
import { okDevice, type DeviceFile } from "../../src/model/device.ts";
import { injectorContract } from "../../src/testing/injector-contract.ts";
import { agentBench } from "../support/agent-bench.ts";
import { gpuState } from "../support/benches/devices.ts";
import { freezeAll, processesWith, until } from "../support/holder-process.ts";

injectorContract("node-agent", agentBench);

describe("node-agent", () => {
  const LEASE = { leaseMs: 5_000, deadlineMs: 20_000 };
  let bench: Awaited<ReturnType<typeof agentBench>>;
  const signal = (): AbortSignal => AbortSignal.timeout(10_000);
  const held = (id: string): Held => ({ id, effect: gpuState("GPU-n1-0") });
  const path = (): string => join(bench.folder, "gpus/GPU-n1-0/state.json");
  const file = (): DeviceFile => JSON.parse(readFileSync(path(), "utf8")) as DeviceFile;

  beforeEach(async () => {
    bench = await agentBench();
  });
  afterEach(async () => bench.close());

  test("writes who holds the device and until when, later at each renewal", async () => {
    const stampUs = await bench.injector.start(held("r/f1.0"), LEASE, signal());
    const first = file();
    expect(first).toMatchObject({ id: "GPU-n1-0", state: "crash", by: "r/f1.0" });
    const nowUs = Number(process.hrtime.bigint() / 1_000n);
    expect(first.untilUs).toBeGreaterThan(nowUs);
    expect(first.untilUs).toBeLessThanOrEqual(nowUs + LEASE.leaseMs * 1_000);
    expect(stampUs).toBeGreaterThan(0);
    await until("the renewal is in the file", async () => {
      await bench.injector.renew(["r/f1.0"], signal());
      return (file().untilUs ?? 0) > (first.untilUs ?? 0);
    });
    await bench.injector.stop(held("r/f1.0"), signal());
    expect(file()).toEqual(okDevice("GPU-n1-0"));
  });

  test("what the state is made of, and since when, outlasts renewals", async () => {
    const effect: Effect = {
      ...gpuState("GPU-n1-0"),
      state: "slow",
      factor: 4,
      rowsMax: 0,
      xid: 64,
      flaps: { badMs: 60_000, wellMs: 1_000 },
      sparesNew: true,
    };
    const beforeUs = Number(process.hrtime.bigint() / 1_000n);
    await bench.injector.start({ id: "r/f1.0", effect }, LEASE, signal());
    const first = file();
    const { factor, rowsMax, xid, flaps } = first;
    expect({ factor, rowsMax, xid }).toEqual({ factor: 4, rowsMax: 0, xid: 64 });
    expect(flaps).toMatchObject({ badMs: 60_000, wellMs: 1_000 });
    expect(flaps?.fromUs).toBeGreaterThanOrEqual(beforeUs);
    expect(first.sparesFromUs).toBeGreaterThanOrEqual(beforeUs);
    await until("the renewal is in the file", async () => {
      await bench.injector.renew(["r/f1.0"], signal());
      return (file().untilUs ?? 0) > (first.untilUs ?? 0);
    });
    expect(file()).toEqual({ ...first, untilUs: file().untilUs });
  });

  test("one device is held once: a second effect is refused and leaves the first", async () => {
    await bench.injector.start(held("r/f1.0"), LEASE, signal());
    await expect(bench.injector.start(held("r/f2.0"), LEASE, signal())).rejects.toThrow(
      "device GPU-n1-0 must be free, got held by r/f1.0",
    );
    await bench.injector.stop(held("r/f2.0"), signal());
    expect(file().by).toBe("r/f1.0");
  });

  test("a device that is not on this node is named", async () => {
    const one: Held = { id: "r/f1.0", effect: gpuState("GPU-n9-0") };
    await expect(bench.injector.start(one, LEASE, signal())).rejects.toThrow(
      "device GPU-n9-0 must be on this node",
    );
    expect(await bench.injector.list(signal())).toEqual([]);
  });

  test("a state file that cannot be read is replaced, and healed", async () => {
    writeFileSync(path(), "{");
    await bench.injector.start(held("r/f1.0"), LEASE, signal());
    writeFileSync(path(), "{");
    await bench.injector.stop(held("r/f1.0"), signal());
    expect(file()).toEqual(okDevice("GPU-n1-0"));
  });

  test("ends an effect whose carrier is frozen past its lease", async () => {
    const one = held("r/f1.0");
    await bench.injector.start(one, { leaseMs: 400, deadlineMs: 20_000 }, signal());
    const thaw = await freezeAll(processesWith("effect-child.ts", bench.folder));
    await until("the holder undid it", () => file().by === null);
    expect(thaw).toThrow("ESRCH");
  });
});
