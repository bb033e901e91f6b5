import { describe, expect, test } from "vitest";
import { measure } from "../../src/measure/measure.ts";
import type { Environment, RunRecord } from "../../src/model/record.ts";
import type { Reason } from "../../src/model/measurement.ts";
import { makeRecord, podEvent } from "../property/measure-record.ts";
import {
  after,
  BLIND,
  blindRecord,
  endpoints,
  LOST,
  lostRecord,
  node,
  pod,
  RESTARTS,
  restartsRecord,
  STALE,
  staleRecord,
  WAITS,
} from "../property/measure-reasons-made.ts";

const S = 1_000_000;

function reasonsIn(record: RunRecord): readonly Reason[] {
  const { episodes } = measure(record);
  expect(episodes).toHaveLength(1);
  return episodes[0]!.reasons;
}

/** The one reason that tells of this, or undefined. */
function told(record: RunRecord, text: string): Reason | undefined {
  const found = reasonsIn(record).filter(({ what }) => what.includes(text));
  expect(found.length).toBeLessThanOrEqual(1);
  return found[0];
}

describe("a run that went well", () => {
  test("has no reasons", () => {
    expect(reasonsIn(makeRecord())).toEqual([]);
    expect(reasonsIn(makeRecord({ outages: [], podAwayS: null }))).toEqual([]);
  });
});

describe("stale connections", () => {
  const STALE_TEXT = "sent to a backend that is gone";
  const stale = (of: Parameters<typeof staleRecord>[0] = {}): Reason | undefined =>
    told(staleRecord(of), STALE_TEXT);

  test("are told with the entries, the sockets and the failures that prove them", () => {
    const reason = stale();
    expect(reason).toMatchObject({ lane: "service", scenario: "new" });
    expect(reason!.what).toMatch(
      /^new connections are sent to a backend that is gone: \d+ entries/,
    );
    expect(reason!.what).toMatch(/ in the clients' connection table still point to server-a$/);
    const evidence = reason!.evidence as {
      backends: { backend: string; endpointRemovedUs: number; socketsBegunAndWaiting: unknown[] }[];
      beforeRemoval: { requests: number; failed: number };
      sinceRemoval: { requests: number; failed: number; timeouts: number };
    };
    expect(evidence.backends).toHaveLength(1);
    expect(evidence.backends[0]).toMatchObject({
      backend: "server-a",
      address: "10.1.0.1",
      endpointRemovedUs: after(STALE, 20),
    });
    expect(evidence.backends[0]!.socketsBegunAndWaiting.length).toBeGreaterThan(3);
    // 20/s from the effect to the removal, and from 5 s after it to the end of observation.
    expect(evidence.beforeRemoval.requests).toBe(400);
    expect(evidence.sinceRemoval.requests).toBeGreaterThan(890);
    expect(evidence.sinceRemoval.timeouts).toBe(evidence.sinceRemoval.failed);
    expect(reason!.hint).toContain("nf_conntrack_tcp_timeout_syn_sent");
    expect(reason!.hint).toContain("conntrack -D -p tcp --reply-src 10.1.0.1");
  });

  test("that were over in time are told as such", () => {
    const made = { ...STALE, faultS: 100, outages: [{ fromS: 0, untilS: 70, share: 0.3 }] };
    expect(told(staleRecord({ made }), "sent to a backend that")!.what).toMatch(
      /^new connections were sent to a backend that was gone: \d+ entries .* pointed to server-a$/,
    );
  });

  test("are no reason for connections that are kept", () => {
    expect(stale({ made: { ...STALE, connections: ["reused"] } })).toBeUndefined();
  });

  test("are no reason where failures are of another kind", () => {
    for (const as of ["refused", "http-5xx", "reset", "timeout"] as const) {
      expect(stale({ as }), as).toBeUndefined();
    }
  });

  test("are no reason where entries point to what is an endpoint", () => {
    expect(stale({ ready: "true" })).toBeUndefined();
    expect(stale({ backS: 30 })).toBeUndefined();
  });

  test("are no reason where most sockets, or all, wait for another backend", () => {
    expect(stale({ waitingRatio: 0.4 })).toBeUndefined();
    expect(stale({ waitingRatio: 0 })).toBeUndefined();
  });

  test("are no reason once clients were well before the endpoint went", () => {
    expect(
      stale({ made: { ...STALE, outages: [{ fromS: 0, untilS: 15, share: 0.3 }] } }),
    ).toBeUndefined();
  });

  test("need samples, of the right kind and time", () => {
    const record = staleRecord();
    const without = (keep: (sample: RunRecord["samples"][number]) => boolean): RunRecord => ({
      ...record,
      samples: record.samples.filter(keep),
    });
    for (const metric of ["client_connections", "client_connections_waiting"]) {
      expect(
        told(
          without((one) => one.metric !== metric),
          STALE_TEXT,
        ),
      ).toBeUndefined();
    }
    // One reading after the endpoint went does not tell which sockets were begun since.
    const early = without(({ atUs }) => atUs < after(STALE, 30));
    expect(told(early, STALE_TEXT)).toBeUndefined();
    expect(
      told(
        without(({ atUs }) => atUs < after(STALE, 35)),
        STALE_TEXT,
      ),
    ).toBeDefined();
    const untagged = record.samples.map((one) => ({ ...one, tags: {} }));
    expect(told({ ...record, samples: untagged }, STALE_TEXT)).toBeUndefined();
  });

  test("need the endpoints to have been watched", () => {
    const record = staleRecord();
    const events = record.events.filter(
      (one) => !(one.type === "cluster" && one.object.startsWith("endpoints/")),
    );
    expect(told({ ...record, events }, STALE_TEXT)).toBeUndefined();
  });

  test("are no reason in a record that cannot be judged", () => {
    expect(reasonsIn({ ...staleRecord(), requestsEnd: null })).toEqual([]);
  });
});

describe("restarts in place", () => {
  const restarts = (of: Parameters<typeof restartsRecord>[0] = {}): Reason | undefined =>
    told(restartsRecord(of), "restarted in place");

  test("are listed with the wait before each, and the device under them", () => {
    const reason = restarts();
    expect(reason).toMatchObject({ lane: "capacity", scenario: null });
    expect(reason!.what).toBe(
      "server-a was restarted in place 5 times (4 on a device that was Unhealthy): 2.5 min of " +
        "back-off in 2.6 min without all pods; the device was well at 100 s, the back-off held " +
        "until 2.6 min",
    );
    const evidence = reason!.evidence as { restarts: object[] };
    expect(evidence.restarts).toMatchObject(
      WAITS.map(([endS, startS], nth) => ({
        endedUs: after(RESTARTS, endS),
        restartedUs: after(RESTARTS, startS!),
        waitedMs: (startS! - endS) * 1_000,
        backOff: nth > 0,
        deviceUnhealthy: startS! < 100,
      })),
    );
    expect(reason!.hint).toContain("crashLoopBackOff.maxContainerRestartPeriod");
  });

  test("that never helped are told as such", () => {
    const waits = [...WAITS.slice(0, 4), [76, null]] as const;
    const reason = restarts({ waits, wellS: Infinity });
    expect(reason!.what).toContain("4 times on a device that is Unhealthy");
    expect(reason!.what).not.toContain("was well");
    const back = restarts({ waits });
    expect(back!.what).toContain(
      "the device was well at 100 s, the back-off still held at the end",
    );
  });

  test("hold nothing where the wait is over as soon as the device is well", () => {
    expect(restarts({ wellS: 155 })!.what).not.toContain("was well");
    expect(restarts({ wellS: 150 })!.what).toContain("was well at 2.5 min");
  });

  test("are no reason where the kubelet never waited", () => {
    expect(restarts({ reason: "Error" })).toBeUndefined();
    expect(restarts({ waits: [[1, 1]] })).toBeUndefined();
    expect(restarts({ waits: [[1, 4]] })).toBeUndefined();
  });

  test("are no reason where another pod was there in its place", () => {
    const more = [pod(after(RESTARTS, 3), "server-d")];
    expect(restarts({ more })).toBeUndefined();
  });

  test("are no reason where the pod is on its way out", () => {
    const more = [1.5, 40].map((atS) =>
      pod(after(RESTARTS, atS), "server-a", { terminating: true, ready: false }),
    );
    expect(restarts({ more })).toBeUndefined();
  });

  test("before the fault are none of its", () => {
    const record = restartsRecord({ waits: [[1, 1]] });
    const early = [1, 2, 3].map((restarts) =>
      podEvent((5 + restarts) * S, "server-a", {
        node: "n-a",
        restarts,
        reason: "CrashLoopBackOff",
        finishedAt: `2026-11-24T00:0${restarts}:00Z`,
      }),
    );
    expect(told({ ...record, events: [...record.events, ...early] }, "in place")).toBeUndefined();
  });
});

describe("probes that saw nothing", () => {
  const blind = (...args: Parameters<typeof blindRecord>): readonly Reason[] =>
    reasonsIn(blindRecord(...args));

  test("are told with what they ask", () => {
    const reasons = blind();
    expect(reasons.map(({ scenario }) => scenario)).toEqual(["new", "reused"]);
    expect(reasons[0]!.what).toMatch(/^the probes saw nothing: every pod of server stayed Ready /);
    expect(reasons[0]!.what).toMatch(/ with no restart for the 1[78]\S* s that clients were hurt$/);
    expect(reasons[0]!.evidence).toMatchObject({
      pods: ["server-a", "server-b", "server-c"],
      readinessProbe: { path: "/health/ready", periodSeconds: 2 },
      actsWithinMs: 6_000,
    });
  });

  test("need more time than they had", () => {
    expect(blind([], { ...BLIND, outages: [{ fromS: 1, untilS: 6, share: 1 }] })).toEqual([]);
  });

  test("are no reason where clients were well in between", () => {
    const outages = [
      { fromS: 1, untilS: 5, share: 1 },
      { fromS: 12, untilS: 16, share: 1 },
    ];
    expect(blind([], { ...BLIND, outages })).toEqual([]);
  });

  test.each([
    ["a pod was not ready", pod(after(BLIND, 5), "server-b", { ready: false })],
    ["a container was restarted", pod(after(BLIND, 25), "server-b", { restarts: 1 })],
    ["a pod was evicted", pod(after(BLIND, 5), "server-b", { terminating: true })],
    ["a pod was new", pod(after(BLIND, 5), "server-d")],
    ["a pod was not ready before", pod(10 * S, "server-b", { ready: false })],
    ["an endpoint went", endpoints(after(BLIND, 12), "server-a", "server-b")],
    ["a node was lost", node(after(BLIND, 30), "n-c", "unknown")],
    [
      "the watch was blind",
      {
        atUs: after(BLIND, 9),
        type: "cluster",
        object: "watch/endpoints",
        change: "gap",
        notBeforeUs: after(BLIND, 2),
        detail: { why: "idle" },
      },
    ],
  ] as const)("are no reason where %s", (_what, event) => {
    expect(blind([event])).toEqual([]);
  });

  test("are no reason where nobody knows what they ask, or what the endpoints were", () => {
    const record = blindRecord();
    const stack = record.plan.stack.map((part) => ({ ...part, objects: [] }));
    expect(reasonsIn({ ...record, plan: { ...record.plan, stack } })).toEqual([]);
    const events = record.events.filter(
      (one) => !(one.type === "cluster" && one.object.startsWith("endpoints/")),
    );
    expect(reasonsIn({ ...record, events })).toEqual([]);
  });
});

describe("a node that is given up", () => {
  const service = (of: Parameters<typeof lostRecord>[0] = {}): readonly Reason[] =>
    reasonsIn(lostRecord(of)).filter(({ lane }) => lane === "service");
  const capacity = (of: Parameters<typeof lostRecord>[0] = {}): readonly Reason[] =>
    reasonsIn(lostRecord(of)).filter(({ lane }) => lane === "capacity");

  test("holds clients for its grace and capacity for the toleration", () => {
    const [one, other] = service();
    expect([one!.scenario, other!.scenario]).toEqual(["new", "reused"]);
    expect(one!.what).toBe(
      "new connections went to n-a for 50.2 s, until it was given up (node-monitor-grace-period 50 s)",
    );
    expect(one!.evidence).toMatchObject({
      node: "n-a",
      effectUs: after(LOST, 0),
      givenUpUs: after(LOST, 50),
      nodeMonitorGracePeriod: { valueMs: 50_000, from: "cluster.nodeGrace of the experiment" },
      endpoints: [{ pod: "server-a", removedUs: after(LOST, 50.2) }],
    });
    const [full, ...more] = capacity();
    expect(more).toEqual([]);
    expect(full!.what).toBe(
      "waited for n-a to be given up at 50 s (node-monitor-grace-period 50 s); its pods were " +
        "evicted at 82 s (tolerationSeconds 30)",
    );
    expect(full!.evidence).toMatchObject({
      evictedUs: after(LOST, 82),
      tolerationSeconds: { value: 30, from: "tolerations of server" },
    });
  });

  test("goes by upstream's defaults, by version", () => {
    const of = { nodeGraceMs: null, tolerationSeconds: null, evictedS: null } as const;
    expect(reasonsIn(lostRecord(of))).toEqual([]);
    const on = (kubernetes: string, givenUpS: number): readonly Reason[] => {
      const environment = { cluster: { kubernetes }, level: "simulated" } as Environment;
      return reasonsIn({ ...lostRecord({ ...of, givenUpS }), environment });
    };
    const [one, , full] = on("v1.36.2", 50);
    expect(one!.what).toContain("(node-monitor-grace-period 50 s)");
    expect(full!.what).toContain("were not evicted by the end (tolerationSeconds 300)");
    expect(on("v1.31.4", 40)[0]!.what).toContain("(node-monitor-grace-period 40 s)");
    expect(on("v1.31.4", 60)).toEqual([]);
  });

  test("is no reason for clients that were well before", () => {
    const outages = [{ fromS: 0, untilS: 10, share: 0.4 }];
    expect(service({ made: { ...LOST, outages } })).toEqual([]);
  });

  test("is no reason for clients that were well meanwhile, and hurt again later", () => {
    const outages = [
      { fromS: 0, untilS: 10, share: 0.4 },
      { fromS: 70, untilS: 75, share: 0.4 },
    ];
    expect(service({ made: { ...LOST, outages } })).toEqual([]);
  });

  test("is no reason where it says itself that it is not ready, or comes at another time", () => {
    expect(reasonsIn(lostRecord({ how: "not-ready" }))).toEqual([]);
    expect(reasonsIn(lostRecord({ givenUpS: 20 }))).toEqual([]);
  });

  test("is no reason for a move that came at another time than the toleration's", () => {
    expect(capacity({ evictedS: 4 })).toEqual([]);
    expect(capacity({ evictedS: 70 })).toEqual([]);
    // It should have been evicted long before the end, and was not.
    expect(capacity({ evictedS: null })).toEqual([]);
    expect(service({ evictedS: 4 })).toHaveLength(2);
  });
});
