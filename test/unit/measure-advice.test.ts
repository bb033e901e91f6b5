import { expect, test } from "vitest";
import { adviceOf } from "../../src/measure/advice.ts";
import type { Json, KubeObject } from "../../src/model/json.ts";
import { beyond, value } from "../../src/model/measured.ts";
import type { Advice, Lane, Segment } from "../../src/model/measurement.ts";
import type { Plan } from "../../src/model/plan.ts";
import { makeRecord } from "../property/measure-record.ts";

const PROBE = { periodSeconds: 10, timeoutSeconds: 1, failureThreshold: 3 };

function deployment(tolerations?: readonly object[]): KubeObject {
  return {
    apiVersion: "apps/v1",
    kind: "Deployment",
    metadata: { name: "server" },
    spec: {
      template: {
        spec: {
          containers: [{ name: "proxy" }, { name: "server", readinessProbe: PROBE }],
          ...(tolerations ? { tolerations } : {}),
        },
      },
    },
  };
}

function planOf(made = deployment()): Plan {
  const { plan } = makeRecord();
  return { ...plan, stack: [{ ...plan.stack[0]!, objects: [made] }] };
}

function segment(
  of: { readonly object: string; readonly setting: string; readonly value: Json },
  tookMs: number,
  to = "full",
): Segment {
  const cause = { ...of, predicted: { lowMs: 0, highMs: 1 } };
  return { from: "inj", to, took: value("ms", { value: tookMs, n: 1 }), cause };
}

function capacity(...waterfall: readonly Segment[]): { service: {}; capacity: Lane } {
  const recovery = beyond("ms", 1, 1);
  return { service: {}, capacity: { class: "RECOVERED", recovery, waterfall, note: "" } };
}

const only = (all: readonly Advice[]): Advice => {
  expect(all).toHaveLength(1);
  return all[0]!;
};

const READINESS = {
  object: "Deployment/server/server",
  setting: "readinessProbe",
  value: { path: "/health", ...PROBE },
};

test("a probe: half the period, as a patch of its own container", () => {
  const advice = only(adviceOf(planOf(), capacity(segment(READINESS, 24_000))));
  const path = "/spec/template/spec/containers/1/readinessProbe";
  expect(advice).toMatchObject({
    lane: "capacity",
    scenario: null,
    to: { periodSeconds: 5, timeoutSeconds: 1, failureThreshold: 3 },
    // 20 to 31 s become 10 to 16 s.
    savesMs: 12_500,
    patch: {
      apiVersion: "apps/v1",
      kind: "Deployment",
      name: "server",
      operations: [
        { op: "add", path: `${path}/periodSeconds`, value: 5 },
        { op: "add", path: `${path}/timeoutSeconds`, value: 1 },
      ],
    },
  });
  expect(advice.risk).toContain("for 10 s");
});

test("never saves more than was measured, and nothing is said of what took no time", () => {
  expect(only(adviceOf(planOf(), capacity(segment(READINESS, 3_000)))).savesMs).toBe(3_000);
  expect(adviceOf(planOf(), capacity(segment(READINESS, 900)))).toEqual([]);
});

test("an object that is none of the stack has no patch", () => {
  const elsewhere = { ...READINESS, object: "Deployment/other/server" };
  expect(only(adviceOf(planOf(), capacity(segment(elsewhere, 24_000)))).patch).toBeNull();
});

const TOLERATION = { object: "Deployment/server", setting: "tolerationSeconds", value: 300 };
const PATH = "/spec/template/spec/tolerations";

test("tolerations: both taints, added to those that are there or in their place", () => {
  const from = (made: KubeObject): Advice["patch"] =>
    only(adviceOf(planOf(made), capacity(segment(TOLERATION, 300_000)))).patch;
  expect(from(deployment())?.operations).toMatchObject([
    { op: "add", path: PATH, value: [{ tolerationSeconds: 30 }, { tolerationSeconds: 30 }] },
  ]);
  const own = [{ key: "gpu" }, { key: "node.kubernetes.io/unreachable", tolerationSeconds: 300 }];
  expect(from(deployment(own))?.operations).toMatchObject([
    { op: "add", path: `${PATH}/-`, value: { key: "node.kubernetes.io/not-ready" } },
    { op: "replace", path: `${PATH}/1`, value: { key: "node.kubernetes.io/unreachable" } },
  ]);
  expect(adviceOf(planOf(), capacity(segment({ ...TOLERATION, value: 5 }, 9_000)))).toEqual([]);
});

test("back-off: all its waits are one setting, which is none of an object", () => {
  const back = (nth: number, tookMs: number): Segment =>
    segment(
      {
        object: "Node/n1",
        setting: `crashLoopBackOff, restart ${nth}`,
        value: { maxMs: 300_000 },
      },
      tookMs,
      `restarted:${nth}`,
    );
  const all = [back(3, 25_000), back(4, 43_000), back(5, 83_000)];
  // 20 + 40 + 80 s become 20 + 30 + 30 s.
  expect(only(adviceOf(planOf(), capacity(...all)))).toMatchObject({
    setting: "crashLoopBackOff.maxContainerRestartPeriod",
    to: { maxMs: 30_000 },
    savesMs: 60_000,
    patch: null,
  });
});

test("the grace of a node, with leases that fit it", () => {
  const grace = {
    object: "kube-controller-manager",
    setting: "node-monitor-grace-period",
    value: 50_000,
  };
  // 40 to 60 s become 17.5 to 30 s.
  expect(only(adviceOf(planOf(), capacity(segment(grace, 50_000))))).toMatchObject({
    to: 20_000,
    savesMs: 26_250,
    patch: null,
  });
  expect(adviceOf(planOf(), capacity(segment({ ...grace, value: 15_000 }, 15_000)))).toEqual([]);
});
