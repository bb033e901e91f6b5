import { describe, expect, test } from "vitest";
import { NinetyError } from "../../src/model/error.ts";
import { textAt } from "../../src/model/json.ts";
import { FakeApi, FakeProvider } from "../../src/testing/fake-cluster.ts";
import { scene, type Scene } from "./kernel-scene.ts";

const LEASES = "apis/coordination.k8s.io/v1/namespaces/default/leases";
const PATH = `${LEASES}/ninety-run`;

const cluster = (): FakeApi => new FakeApi({ nodes: 3, gpusPerNode: 2 });

/** As another run's process would take it. */
async function takenBy(api: FakeApi, run: string): Promise<void> {
  const body = {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: { name: "ninety-run", namespace: "default" },
    spec: { holderIdentity: run, leaseDurationSeconds: 30 },
  };
  expect((await api.call({ method: "POST", path: LEASES, body })).status).toBeLessThan(300);
}

const onThat = (api: FakeApi): Scene =>
  scene({ deps: { provider: new FakeProvider(api, "kube"), samplers: [], keep: true } });

describe("one run per cluster at a time", () => {
  test("holds the cluster's Lease from preflight to its end, and leaves none behind", async () => {
    const api = cluster();
    const going = onThat(api);
    const holders: string[] = [];
    for (const atMs of [1_000, 40_000, 80_000])
      going.clock.at(atMs, () =>
        holders.push(textAt(api.objects.get(PATH), "spec", "holderIdentity")),
      );
    expect((await going.run()).failure).toBeNull();
    expect(holders).toEqual(["sample-1", "sample-1", "sample-1"]);
    expect(api.objects.has(PATH)).toBe(false);
  });

  test("is refused, with nothing touched, where another run gives signs of life", async () => {
    const api = cluster();
    await takenBy(api, "other-7");
    const going = onThat(api);
    const beat = { metadata: { annotations: { beat: "1" } } };
    going.clock.at(3_000, () => void api.call({ method: "PATCH", path: PATH, body: beat }));
    const before = [...api.objects.keys()];
    const { failure } = await going.run();
    expect(failure?.phase).toBe("preflight");
    expect(failure?.error).toBeInstanceOf(NinetyError);
    expect(failure?.error).toMatchObject({
      exit: 4,
      message: "the cluster must be free, got in use by run other-7",
    });
    expect([...api.objects.keys()]).toEqual(before);
    expect(textAt(api.objects.get(PATH), "spec", "holderIdentity")).toBe("other-7");
  });

  test("takes over from a run that died, once its Lease has run out", async () => {
    const api = cluster();
    await takenBy(api, "dead-3");
    const going = onThat(api);
    expect((await going.run()).failure).toBeNull();
    const [preflight, deploy] = going.log.disk.filter(({ type }) => type === "phase");
    expect((deploy?.atUs ?? 0) - (preflight?.atUs ?? 0)).toBeGreaterThanOrEqual(30_000_000);
  });

  test("deleting the Lease is the red button: the run heals and ends", async () => {
    const api = cluster();
    const going = onThat(api);
    going.clock.at(45_000, () => void api.objects.delete(PATH));
    const { failure, unhealed } = await going.run();
    expect(failure?.error).toMatchObject({ code: "lease-lost", exit: 2 });
    expect(unhealed).toEqual([]);
    expect(going.injector.held.size).toBe(0);
    const ended = going.log.disk.find(({ type }) => type === "error");
    expect((ended?.atUs ?? 0) / 1_000_000).toBeLessThanOrEqual(48.5);
    expect(api.objects.has(PATH)).toBe(false);
  });

  test("a run that lost it to another one ends, and leaves it to that one", async () => {
    const api = cluster();
    const going = onThat(api);
    const theirs = { spec: { holderIdentity: "other-7" } };
    going.clock.at(45_000, () => void api.call({ method: "PATCH", path: PATH, body: theirs }));
    const { failure } = await going.run();
    expect(failure?.error).toMatchObject({ code: "lease-lost" });
    expect(textAt(api.objects.get(PATH), "spec", "holderIdentity")).toBe("other-7");
  });

  test("an API server that fails for a while ends nothing", async () => {
    const api = cluster();
    const going = onThat(api);
    const call = api.call.bind(api);
    going.clock.at(40_000, () => {
      api.call = async (request) =>
        request.path === PATH ? Promise.reject(new Error("no route")) : call(request);
    });
    going.clock.at(65_000, () => {
      api.call = call;
    });
    expect((await going.run()).failure).toBeNull();
  });

  test("an API server that is silent for a while ends nothing", async () => {
    const api = cluster();
    const going = onThat(api);
    const call = api.call.bind(api);
    going.clock.at(40_000, () => {
      api.call = async (request) =>
        request.path === PATH ? new Promise<never>(() => {}) : call(request);
    });
    going.clock.at(75_000, () => {
      api.call = call;
    });
    expect((await going.run()).failure).toBeNull();
  });

  test("where it may not be taken: exit 4, and what a run must be allowed", async () => {
    const api = cluster();
    const call = api.call.bind(api);
    api.call = async (request) =>
      request.path.startsWith(LEASES)
        ? Promise.resolve({ status: 403, body: '{"message":"leases is forbidden"}' })
        : call(request);
    const { failure } = await onThat(api).run();
    expect(failure?.error).toMatchObject({
      exit: 4,
      message: "Lease default/ninety-run must be taken, got 403: leases is forbidden",
      hint: expect.stringContaining("leases.coordination.k8s.io"),
    });
  });
});
