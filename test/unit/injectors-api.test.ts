import { describe, expect, test, vi } from "vitest";
import { apiInjector } from "../../src/injectors/api.ts";
import type { Effect, Held } from "../../src/model/effect.ts";
import type { Target } from "../../src/model/target.ts";
import type { Api } from "../../src/ports/api.ts";

const pod: Target<"pod"> = { kind: "pod", namespace: "shop", name: "web-1", uid: "u-1", node: "n" };
const effect: Effect = { kind: "delete", pod, graceMs: 1_500 };
const eviction: Effect = { kind: "evict", pod, graceMs: null };
const held = (id: string, of: Effect = effect): Held => ({ id, effect: of });
const LEASE = { leaseMs: 1_000, deadlineMs: 2_000 };
const signal = new AbortController().signal;
const nowUs = (): number => Number(process.hrtime.bigint() / 1_000n);

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly body?: unknown;
}

/** An injector before an API server that answers so. */
function bench(answers: readonly { readonly status: number; readonly body?: string }[]) {
  const asked: Asked[] = [];
  const refuse = (): never => {
    throw new Error("it must only get and call");
  };
  const api: Api = {
    get: async () => ({ metadata: { uid: "u-1" } }),
    list: refuse,
    apply: refuse,
    watch: refuse,
    exec: refuse,
    call: async (request) => {
      asked.push(request);
      const { status, body = "" } = answers[asked.length - 1] ?? { status: 500 };
      return { status, body };
    },
  };
  return { asked, injector: apiInjector({ api, monotonicStartUs: 1_000_000, pauseMs: 0 }) };
}

describe("evicting by the API server", () => {
  const budget = {
    message: "Cannot evict pod as it would violate the pod's disruption budget.",
    details: { causes: [{ message: "The disruption budget web needs 3 healthy pods and has 3" }] },
  };

  test("asks again while a budget does not allow it", async () => {
    const { asked, injector } = bench([{ status: 429 }, { status: 201 }]);
    await injector.start(held("r/f01.0", eviction), LEASE, signal);
    expect(asked).toHaveLength(2);
    expect(asked[1]).toEqual({
      method: "POST",
      path: "api/v1/namespaces/shop/pods/web-1/eviction",
      body: {
        apiVersion: "policy/v1",
        kind: "Eviction",
        metadata: { namespace: "shop", name: "web-1" },
        deleteOptions: { preconditions: { uid: "u-1" } },
      },
    });
  });

  test("gives up in the budget's words", async () => {
    const now = vi.spyOn(performance, "now");
    const refusal = { status: 429, body: JSON.stringify(budget) };
    const { asked, injector } = bench([refusal, refusal, refusal]);
    now.mockReturnValueOnce(0).mockReturnValueOnce(7_999).mockReturnValue(8_001);
    await expect(injector.start(held("r/f01.0", eviction), LEASE, signal)).rejects.toThrow(
      "effect r/f01.0: eviction of pod shop/web-1 must be accepted, got 429: Cannot evict pod as " +
        "it would violate the pod's disruption budget. The disruption budget web needs 3 healthy",
    );
    now.mockRestore();
    expect(asked).toHaveLength(2);
  });

  test("leaves another pod of that name alone", async () => {
    const { asked, injector } = bench([]);
    const other: Effect = { ...eviction, pod: { ...pod, uid: "u-2" } };
    await expect(injector.start(held("r/f01.0", other), LEASE, signal)).rejects.toThrow(
      "pod shop/web-1 must have uid u-2, got gone",
    );
    expect(asked).toEqual([]);
  });
});

describe("deleting by the API server", () => {
  test("deletes the pod with that uid and no other, and says when, on the run's clock", async () => {
    const { asked, injector } = bench([{ status: 200 }]);
    const beforeUs = nowUs() - 1_000_000;
    const stampUs = await injector.start(held("r/f01.0"), LEASE, signal);
    expect(asked).toEqual([
      {
        method: "DELETE",
        path: "api/v1/namespaces/shop/pods/web-1",
        body: {
          apiVersion: "v1",
          kind: "DeleteOptions",
          gracePeriodSeconds: 2,
          preconditions: { uid: "u-1" },
        },
      },
    ]);
    expect(stampUs).toBeGreaterThanOrEqual(beforeUs);
    expect(stampUs).toBeLessThanOrEqual(nowUs() - 1_000_000);
  });

  test("asked again it is the same deletion; a failed one may be tried again", async () => {
    const { asked, injector } = bench([{ status: 503, body: "busy" }, { status: 202 }]);
    await expect(injector.start(held("r/f01.0"), LEASE, signal)).rejects.toThrow(
      "effect r/f01.0: delete of pod shop/web-1 must be accepted, got 503: busy",
    );
    const first = await injector.start(held("r/f01.0"), LEASE, signal);
    expect(await injector.start(held("r/f01.0"), LEASE, signal)).toBe(first);
    expect(asked).toHaveLength(2);
  });

  test.each([404, 409])("tells that it is another pod by now (%d)", async (status) => {
    const { injector } = bench([{ status, body: '{"message":"the UID does not match"}' }]);
    await expect(injector.start(held("r/f01.0"), LEASE, signal)).rejects.toThrow(
      "pod shop/web-1 must have uid u-1, got gone",
    );
  });

  test("refuses an id that was stopped before, and stops twice", async () => {
    const { asked, injector } = bench([{ status: 200 }]);
    await injector.stop(held("r/f01.0"), signal);
    await injector.stop(held("r/f01.0"), signal);
    await expect(injector.start(held("r/f01.0"), LEASE, signal)).rejects.toThrow("ended");
    expect(asked).toEqual([]);
  });

  test("holds nothing", async () => {
    const { injector } = bench([{ status: 200 }]);
    await injector.start(held("r/f01.0"), LEASE, signal);
    expect(await injector.list(signal)).toEqual([]);
    expect(await injector.renew(["r/f01.0"], signal)).toEqual([]);
  });

  test("names what any other effect would need", async () => {
    const { injector } = bench([]);
    const needs = (of: Effect): unknown => injector.accepts(of);
    expect(needs(effect)).toHaveProperty("means");
    expect(needs({ kind: "power", node: "n1" })).toEqual({
      refused: "power needs the guard of a local cluster",
    });
    expect(needs(eviction)).toHaveProperty("means");
    expect(needs({ kind: "cordon", node: "n1" })).toEqual({
      refused: "cordon needs the guard: --image <reference of ninety's programs>",
    });
    const kill: Effect = { kind: "container-kill", pod, container: "" };
    expect(needs(kill)).toEqual({
      refused: "container-kill needs the node agent: --image <reference of ninety's programs>",
    });
    await expect(injector.start(held("r/f01.0", kill), LEASE, signal)).rejects.toThrow(
      "must be delete or evict, got container-kill",
    );
  });
});
