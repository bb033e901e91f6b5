// What the guard does to a control plane, on processes that stand for it in a pid namespace of
// their own: no cluster.
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";

import { lives, startOf } from "../../src/agents/process-identity.ts";
import type { ControlComponent } from "../../src/model/component.ts";
import type { Effect } from "../../src/model/effect.ts";
import { injectorContract, type InjectorBench } from "../../src/testing/injector-contract.ts";
import { componentStopBench } from "../support/benches/programs.ts";
import { COMPONENTS, type ControlPlane } from "../support/control-plane.ts";
import { guardBench } from "../support/guard-bench.ts";
import { until } from "../support/holder-process.ts";
import { netEffectsPath } from "../support/net-pair.ts";

const LEASE = { leaseMs: 20_000, deadlineMs: 60_000 };
let helper = "";

beforeAll(async () => {
  helper = await netEffectsPath();
  process.env["NINETY_NET_EFFECTS"] = helper;
}, 300_000);

const effectOf = (component: ControlComponent): Effect => ({ kind: "component-stop", component });

async function controlBench(): Promise<InjectorBench & { readonly plane: ControlPlane }> {
  const { plane, effect, isThere } = await componentStopBench(helper);
  const bench = await guardBench(null, null, { cgroup: plane.folder, components: COMPONENTS });
  return {
    ...bench,
    plane,
    effect,
    isThere,
    foreign: effectOf("kube-apiserver"),
    close: async () => {
      try {
        await bench.close();
      } finally {
        await plane.close();
      }
    },
  };
}

injectorContract("guard that stops components", controlBench);

describe("a component of the control plane", () => {
  let bench: Awaited<ReturnType<typeof controlBench>>;
  beforeEach(async () => {
    bench = await controlBench();
  });
  afterEach(() => bench.close());
  const signal = (): AbortSignal => AbortSignal.timeout(15_000);

  test("is stopped, also when it is started again, and the others go on", async () => {
    const { injector, plane } = bench;
    const held = { id: "run/f1.0", effect: effectOf("etcd") };
    await injector.start(held, LEASE, signal());
    await until("it is stopped", () => plane.isStopped("etcd"));
    expect(plane.isStopped("kube-scheduler")).toBe(false);
    const first = plane.pidOf("etcd");
    process.kill(first, "SIGKILL");
    await until("another is there, and stopped", () => {
      return plane.pidOf("etcd") !== first && plane.isStopped("etcd");
    });
    await injector.stop(held, signal());
    await until("it goes on", () => !plane.isStopped("etcd"));
  });

  test("is killed once, and nothing is held", async () => {
    const { injector, plane } = bench;
    const first = plane.pidOf("etcd");
    const start = startOf(first);
    const effect: Effect = { kind: "component-kill", component: "etcd" };
    await injector.start({ id: "run/f1.0", effect }, LEASE, signal());
    await until("it has ended", () => !lives(first, start));
    await until("another is there", () => plane.pidOf("etcd") > 0);
    expect(await injector.list(signal())).toEqual([]);
  });

  test("that the guard does not have is told", async () => {
    const held = { id: "run/f1.0", effect: effectOf("kube-apiserver") };
    await expect(bench.injector.start(held, LEASE, signal())).rejects.toThrow(
      "component must be one of etcd, kube-scheduler, got kube-apiserver",
    );
  });
});
