// Effects that are changes of API objects, by the real guard on a real API server: there, undone,
// whoever died meanwhile, and what is somebody else's is left alone.
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { loadProgram } from "../../src/agents/effect-program.ts";
import { GUARD_CONFIG_ENV } from "../../src/agents/guard-config.ts";
import { realClock } from "../../src/cli/clock.ts";
import { kubeApi } from "../../src/clusters/kube/api.ts";
import { createHolders } from "../../src/kernel/holders.ts";
import { readMarks, refuseMarks, undoMark } from "../../src/kernel/marks.ts";
import { sweepMarks } from "../../src/kernel/teardown.ts";
import type { Effect, Held } from "../../src/model/effect.ts";
import { at, listAt, textAt, type Json } from "../../src/model/json.ts";
import { HELD_LABEL, marksOn } from "../../src/model/marked.ts";
import type { Api } from "../../src/ports/api.ts";
import { injectorContract } from "../../src/testing/injector-contract.ts";
import {
  disruption,
  IMAGE,
  makeBudget,
  makeDeployment,
  makeNamespace,
  makeNode,
  makePod,
  NAMESPACE,
} from "../support/api-objects.ts";
import { guardBench } from "../support/guard-bench.ts";
import { until } from "../support/holder-process.ts";
import { ROOT, start, type Ended } from "../support/ninety.ts";
import { binaryFolder, startApiServer, type ApiServer } from "../support/kube-api-server.ts";

const BUILD_MS = 1_200_000;
const LEASE = { leaseMs: 20_000, deadlineMs: 60_000 };
const BAD_IMAGE = "registry.invalid/none:none";
const signal = (): AbortSignal => AbortSignal.timeout(15_000);

let server: ApiServer;
let api: Api;
const made: { pod: Extract<Effect, { kind: "image" }> | null } = { pod: null };

beforeAll(async () => {
  server = await startApiServer(await binaryFolder(AbortSignal.timeout(BUILD_MS)));
  api = kubeApi(server.kubeconfig("admin"));
  await Promise.all(["n1", "n2", "n3"].map((name) => makeNode(api, name)));
  await makeNamespace(api);
  await makeDeployment(api, "shop", 3);
  const pod = await makePod(api, { name: "shop-1", node: "n1" });
  made.pod = { kind: "image", pod, container: "", image: BAD_IMAGE };
}, BUILD_MS);
afterAll(() => server.stop());

const cordon: Effect = { kind: "cordon", node: "n1" };
const taint: Effect = { kind: "taint", node: "n2", key: "k", value: "v", effect: "NoExecute" };
const scale: Effect = { kind: "scale", namespace: NAMESPACE, deployment: "shop", replicas: 0 };
const image = (): Extract<Effect, { kind: "image" }> => {
  if (made.pod === null) throw new Error("the pod is not made yet");
  return made.pod;
};

const node = (name: string): Promise<Json> => api.get(`api/v1/nodes/${name}`);
const shop = (): Promise<Json> => api.get(`apis/apps/v1/namespaces/${NAMESPACE}/deployments/shop`);
const podNow = (name: string): Promise<Json> =>
  api.get(`api/v1/namespaces/${NAMESPACE}/pods/${name}`);
const imageOf = (pod: Json): string => textAt(pod, "spec", "containers", 0, "image");

/** Of its taints; the server itself gives one to a node that is not Ready. */
const keysOf = (object: Json): readonly string[] =>
  listAt(object, "spec", "taints").map((one) => textAt(one, "key"));

/** Looked at on the object itself, not at its mark. */
async function isThere(effect: Effect): Promise<boolean> {
  if (effect.kind === "cordon")
    return at(await node(effect.node), "spec", "unschedulable") === true;
  if (effect.kind === "taint") return keysOf(await node(effect.node)).includes(effect.key);
  if (effect.kind === "scale") return at(await shop(), "spec", "replicas") === 0;
  return imageOf(await podNow("shop-1")) === BAD_IMAGE;
}

injectorContract("guard with cordon and taint", () =>
  guardBench(server.asGuard, { effects: [cordon, taint], isThere }),
);
injectorContract("guard with image and scale", () =>
  guardBench(server.asGuard, { effects: [image(), scale], isThere }),
);

describe("guard and API objects", () => {
  let bench: Awaited<ReturnType<typeof guardBench>>;
  let ids = 0;
  const held = (effect: Effect): Held => {
    ids += 1;
    return { id: `run-2/f${ids}.0`, effect };
  };
  const begin = (one: Held): Promise<number> => bench.injector.start(one, LEASE, signal());
  const stop = (one: Held): Promise<void> => bench.injector.stop(one, signal());
  const patch = (path: string, body: Json): Promise<unknown> =>
    api.call({ method: "PATCH", path, body });

  beforeEach(async () => {
    bench = await guardBench(server.asGuard);
  });
  afterEach(async () => bench.close());

  test("undone is as it was before, with no mark left", async () => {
    expect(keysOf(await node("n2"))).toEqual(["node.kubernetes.io/not-ready"]);
    const looks = (): Promise<Json[]> =>
      Promise.all([node("n1"), node("n2"), shop(), podNow("shop-1")]);
    const told = (object: Json): object => ({
      spec: at(object, "spec"),
      labels: at(object, "metadata", "labels"),
      annotations: at(object, "metadata", "annotations") ?? {},
    });
    const before = (await looks()).map(told);
    const all = [cordon, taint, scale, image()].map(held);
    await Promise.all(all.map(begin));
    const during = await looks();
    expect(during.flatMap(marksOn).map(({ id }) => id)).toEqual(
      [0, 1, 2, 3].map((nth) => all[nth]?.id),
    );
    for (const object of during) {
      expect(textAt(object, "metadata", "labels", HELD_LABEL)).toBe("effect");
    }
    await Promise.all(all.map(stop));
    expect((await looks()).map(told).map((one) => JSON.parse(JSON.stringify(one)))).toEqual(
      JSON.parse(JSON.stringify(before)),
    );
  });

  test("a node that somebody else has cordoned is refused, and stays so", async () => {
    await patch("api/v1/nodes/n3", { spec: { unschedulable: true } });
    const one = held({ kind: "cordon", node: "n3" });
    await expect(begin(one)).rejects.toThrow("node n3 must be open, got cordoned by somebody else");
    await stop(one);
    expect(at(await node("n3"), "spec", "unschedulable")).toBe(true);
    await patch("api/v1/nodes/n3", { spec: { unschedulable: null } });
  });

  test("one object bears one effect of a kind, and the second's end leaves the first", async () => {
    const [one, two] = [held(cordon), held(cordon)];
    await begin(one);
    await expect(begin(two)).rejects.toThrow(`node n1 must be free, got held by ${one.id}`);
    await stop(two);
    expect(await isThere(cordon)).toBe(true);
    await stop(one);
    expect(await isThere(cordon)).toBe(false);
  });

  test("two effects on one node are apart", async () => {
    const [one, two] = [held({ ...taint, node: "n1" }), held(cordon)];
    await Promise.all([begin(one), begin(two)]);
    await stop(one);
    expect(textAt(await node("n1"), "metadata", "labels", HELD_LABEL)).toBe("effect");
    expect(await isThere(cordon)).toBe(true);
    await stop(two);
    expect(marksOn(await node("n1"))).toEqual([]);
    expect(keysOf(await node("n1"))).not.toContain("k");
  });

  test("what somebody has changed since is left to them", async () => {
    const all = [scale, cordon].map(held);
    await Promise.all(all.map(begin));
    await patch(`apis/apps/v1/namespaces/${NAMESPACE}/deployments/shop`, { spec: { replicas: 2 } });
    await patch("api/v1/nodes/n1", { spec: { unschedulable: null } });
    await Promise.all(all.map(stop));
    expect(at(await shop(), "spec", "replicas")).toBe(2);
    expect(marksOn(await shop())).toEqual([]);
    expect(marksOn(await node("n1"))).toEqual([]);
    await patch(`apis/apps/v1/namespaces/${NAMESPACE}/deployments/shop`, { spec: { replicas: 3 } });
  });

  test("is undone where the object is written to all the time", async () => {
    let writing = true;
    const writes = (async (): Promise<void> => {
      for (let nth = 0; writing; nth += 1) {
        await patch("api/v1/nodes/n1", { metadata: { annotations: { beat: String(nth) } } });
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    })();
    const one = held(cordon);
    await begin(one);
    expect(await isThere(cordon)).toBe(true);
    await stop(one);
    writing = false;
    await writes;
    expect(await isThere(cordon)).toBe(false);
  });

  test("a pod that is gone is refused, and a gone one has nothing to undo", async () => {
    const pod = await makePod(api, { name: "brief", node: "n1" });
    const one = held({ kind: "image", pod, container: "server", image: BAD_IMAGE });
    await begin(one);
    expect(imageOf(await podNow("brief"))).toBe(BAD_IMAGE);
    const body = { apiVersion: "v1", kind: "DeleteOptions", gracePeriodSeconds: 0 };
    await api.call({ method: "DELETE", path: `api/v1/namespaces/${NAMESPACE}/pods/brief`, body });
    await stop(one);
    await expect(begin(held(one.effect))).rejects.toThrow(`pod ${NAMESPACE}/brief must be there`);
    const again = await makePod(api, { name: "brief", node: "n1" });
    await expect(begin(held(one.effect))).rejects.toThrow(`must have uid ${pod.uid}`);
    expect(imageOf(await podNow("brief"))).toBe(IMAGE);
    expect(again.uid).not.toBe(pod.uid);
  });

  test("a container that is not there is told with those that are", async () => {
    const one = held({ ...image(), container: "sidecar" });
    await expect(begin(one)).rejects.toThrow(
      `pod ${NAMESPACE}/shop-1 must have a container sidecar, got server`,
    );
  });

  test("evicts that very pod, and says that it is an eviction", async () => {
    const pod = await makePod(api, { name: "evicted", node: "n1" });
    await begin(held({ kind: "evict", pod, graceMs: null }));
    const now = await podNow("evicted");
    expect(textAt(now, "metadata", "deletionTimestamp")).not.toBe("");
    expect(disruption(now)).toBe("EvictionByEvictionAPI");
    const other = held({ kind: "evict", pod: { ...pod, uid: "another" }, graceMs: 0 });
    await expect(begin(other)).rejects.toThrow("must have uid another, got gone");
  });

  test("a budget is respected, and told in its words after a while", async () => {
    const pod = await makePod(api, { name: "kept", node: "n1" });
    await makeBudget(api, "kept", 0);
    const fromMs = performance.now();
    await expect(begin(held({ kind: "evict", pod, graceMs: null }))).rejects.toThrow(
      /must be allowed within 8000 ms, got 429: .*disruption budget.* kept needs 1 healthy/,
    );
    expect(performance.now() - fromMs).toBeLessThan(9_500);
    expect(textAt(await podNow("kept"), "metadata", "deletionTimestamp")).toBe("");
  });

  test("a budget that lets go in time lets the eviction through", async () => {
    const pod = await makePod(api, { name: "slow", node: "n1" });
    const budget = await makeBudget(api, "slow", 0);
    const evicting = begin(held({ kind: "evict", pod, graceMs: null }));
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    await patch(`${budget}/status`, { status: { disruptionsAllowed: 1, currentHealthy: 2 } });
    await evicting;
    expect(disruption(await podNow("slow"))).toBe("EvictionByEvictionAPI");
  });

  test("a drain takes what has an owner elsewhere, and goes on until it ends", async () => {
    const on = { node: "n3" };
    await Promise.all([
      makePod(api, { ...on, name: "mine" }),
      makePod(api, { ...on, name: "bare", owner: null }),
      makePod(api, { ...on, name: "daemon", owner: "DaemonSet" }),
      makePod(api, { ...on, name: "tight" }),
    ]);
    const budget = await makeBudget(api, "tight", 0);
    const goes = async (name: string): Promise<boolean> =>
      textAt(await podNow(name), "metadata", "deletionTimestamp") !== "";
    const all = [held({ kind: "cordon", node: "n3" }), held({ kind: "drain", node: "n3" })];
    await Promise.all(all.map(begin));
    expect(await goes("mine")).toBe(true);
    expect(await Promise.all(["bare", "daemon", "tight"].map(goes))).toEqual([false, false, false]);
    await patch(`${budget}/status`, { status: { disruptionsAllowed: 1, currentHealthy: 2 } });
    await until("the budget lets go", () => goes("tight"));
    await Promise.all(all.map(stop));
    await makePod(api, { ...on, name: "later" });
    await new Promise((resolve) => setTimeout(resolve, 1_500));
    expect(await goes("later")).toBe(false);
    expect(at(await node("n3"), "spec", "unschedulable")).toBe(undefined);
  });

  test("a node that is not cordoned is not drained", async () => {
    await makePod(api, { name: "stays", node: "n2" });
    await expect(begin(held({ kind: "drain", node: "n2" }))).rejects.toThrow(
      "node n2 must be cordoned before it is drained, got open",
    );
    expect(textAt(await podNow("stays"), "metadata", "deletionTimestamp")).toBe("");
  });
});

describe("what nobody holds any more", () => {
  let bench: Awaited<ReturnType<typeof guardBench>>;
  const heal = (): Promise<Ended> =>
    start(["heal", "--all", "--context", "test"], ROOT, { KUBECONFIG: server.kubeconfig("admin") })
      .ended;
  /** By the effect's own program, in a process that keeps no journal and goes. */
  const leave = async (id: string, effect: Effect): Promise<void> => {
    process.env[GUARD_CONFIG_ENV] = join(bench.folder, "guard.json");
    await (await loadProgram(effect.kind)).apply(effect, { id, untilUs: 0 });
  };

  beforeEach(async () => {
    bench = await guardBench(server.asGuard);
  });
  afterEach(async () => bench.close());

  test("is found, and undone by another process from what was left on the objects", async () => {
    const all = [cordon, taint, scale, image()];
    for (const [nth, effect] of all.entries()) await leave(`run-3/f0${nth}.0`, effect);
    expect(await Promise.all(all.map(isThere))).toEqual([true, true, true, true]);
    const ended = await heal();
    expect(ended.stdout.trim().split("\n").sort()).toEqual([
      "run-3/f00.0 cordon of node n1 undone",
      "run-3/f01.0 taint of node n2 undone",
      `run-3/f02.0 scale of deployment ${NAMESPACE}/shop undone`,
      `run-3/f03.0 image of pod ${NAMESPACE}/shop-1 undone`,
    ]);
    expect(ended.code, ended.stderr).toBe(0);
    expect(await Promise.all(all.map(isThere))).toEqual([false, false, false, false]);
    const again = await heal();
    expect(again.stdout).toContain("nothing is held");
    expect(again.code, again.stderr).toBe(0);
  });

  test("is a finding of the run that left it, and keeps the next run away", async () => {
    await leave("run-4/f01.0", cordon);
    const signal = AbortSignal.timeout(15_000);
    const of = { clock: realClock(0), run: "run-4", signal };
    const none = createHolders([]);
    expect(await sweepMarks(api, { ...of, holders: none })).toEqual([
      { object: "cordon of node n1 by effect run-4/f01.0", remove: "ninety heal --all" },
    ]);
    expect(await sweepMarks(api, { ...of, run: "run-5", holders: none })).toEqual([]);
    const marks = await readMarks(api, signal);
    expect(() => refuseMarks(marks)).toThrow(
      "the cluster must be clean, 1 changes of other runs are there: " +
        "cordon of node n1 by effect run-4/f01.0",
    );
    await Promise.all(marks.map((mark) => undoMark(api, mark, signal)));
    expect(await readMarks(api, signal)).toEqual([]);
    expect(await isThere(cordon)).toBe(false);
  });

  test("is no finding while it is held", async () => {
    const one: Held = { id: "run-6/f01.0", effect: cordon };
    await bench.injector.start(one, LEASE, signal());
    const holders = createHolders([bench.injector]);
    const of = { clock: realClock(0), run: "run-6", holders, signal: signal() };
    expect(await sweepMarks(api, of)).toEqual([]);
    await bench.injector.stop(one, signal());
  });
});
