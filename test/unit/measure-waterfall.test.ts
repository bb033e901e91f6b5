import { describe, expect, test } from "vitest";
import { waterfall } from "../../src/checks/waterfall.ts";
import { measure } from "../../src/measure/measure.ts";
import { predict } from "../../src/measure/predict.ts";
import type { Event } from "../../src/model/event.ts";
import type { Episode, Segment } from "../../src/model/measurement.ts";
import { value } from "../../src/model/measured.ts";
import { decides } from "../../src/model/verdict.ts";
import { makeRecord, podEvent } from "../property/measure-record.ts";

const S = 1_000_000;

const edge = (from: string, to: string, lowS: number, highS: number): Segment => ({
  from,
  to,
  took: { is: "absent", unit: "ms", why: "predicted" },
  cause: {
    object: "Deployment/server/server",
    setting: `${from} to ${to}`,
    value: null,
    predicted: { lowMs: lowS * 1_000, highMs: highS * 1_000 },
  },
});

const CHAIN = [
  edge("inj", "evicted", 0, 2),
  edge("evicted", "created", 0, 1),
  edge("created", "scheduled", 0, 1),
  edge("scheduled", "started", 0, 2),
  edge("started", "full", 0, 5),
];

/** When phase faults begins. */
function faultsUs(): number {
  const phase = makeRecord().events.find((one) => one.type === "phase" && one.phase === "faults");
  return phase!.atUs;
}

/** One pod is told to end 1 s after the fault, and another is ready `readyS` after it. */
function episode(segments: readonly Segment[], readyS: number | null): Episode {
  const { record, events } = replacement(segments, readyS);
  const { episodes } = measure({ ...record, events });
  expect(episodes).toHaveLength(1);
  return episodes[0]!;
}

function replacement(segments: readonly Segment[], readyS: number | null) {
  const record = makeRecord({ outages: [], podAwayS: null });
  const begun = faultsUs();
  const name = record.events.flatMap((one) =>
    one.type === "cluster" && one.object.startsWith("pod/") ? [one.object.split("/")[2]!] : [],
  )[0]!;
  const tell = (atS: number, pod: string, change: Parameters<typeof podEvent>[2]): Event => ({
    ...podEvent(begun + atS * S, pod, change),
    notBeforeUs: begun + atS * S - 10_000,
  });
  const fresh = { ready: false, devices: [] };
  const events: readonly Event[] = [
    ...record.events.filter(
      (one) => one.type !== "cluster" || one.atUs < begun || !one.object.endsWith(`/${name}`),
    ),
    tell(1, name, { terminating: true }),
    tell(1.25, "fresh", { ...fresh, node: "" }),
    tell(1.5, "fresh", fresh),
    tell(1.6, "fresh", { ...fresh, reason: "ContainerCreating" }),
    tell(2, "fresh", fresh),
    ...(readyS === null ? [] : [tell(readyS, "fresh", { ready: true, devices: [] })]),
    { atUs: begun - 1, type: "prediction", segments },
  ];
  return { record, events };
}

const path = ({ capacity }: Episode): readonly string[] =>
  capacity.waterfall.map(({ from, to, cause }) => `${from}>${to}${cause ? "" : " ?"}`);

const noted = (of: Episode): readonly string[] =>
  waterfall.definition
    .judge({ episodes: [of] } as never, {} as never)
    .map(({ what, outcome }) => `${outcome} ${what}`);

test("what follows a later step counts from that step's effect", () => {
  const { record, events } = replacement([], 16);
  const [first] = record.plan.steps;
  const later = { ...first!, id: "f02" as const, injectMs: first!.injectMs + 10_000 };
  const begun = faultsUs();
  const moved = events.map((one): Event => {
    if (one.type !== "cluster" || one.atUs < begun) return one;
    const [atUs, notBeforeUs] = [one.atUs + 10 * S, one.notBeforeUs + 10 * S];
    return { ...one, atUs, notBeforeUs };
  });
  const second = events.flatMap((one): readonly Event[] =>
    one.type === "fault" ? [{ ...one, ...stamped(one), id: "f02", atUs: one.atUs + 10 * S }] : [],
  );
  const predicted: Event = { atUs: begun + 1, type: "prediction", id: "f02", segments: CHAIN };
  const plan = { ...record.plan, steps: [first!, later] };
  const { episodes } = measure({ ...record, plan, events: [...moved, ...second, predicted] });
  expect(episodes).toHaveLength(1);
  expect(path(episodes[0]!)).toEqual([
    "inj>inj:f02",
    "inj:f02>evicted",
    "evicted>created",
    "created>scheduled",
    "scheduled>started",
    "started>full",
  ]);
  const [waited] = episodes[0]!.capacity.waterfall;
  expect(waited).toMatchObject({ took: { value: 10_000 }, cause: { object: "step f02" } });
  expect(noted(episodes[0]!)).toEqual([
    "noted capacity, its container started → capacity and redundancy back: longer than predicted",
  ]);
});

function stamped(one: Event): object {
  if ("lookedUs" in one) return { lookedUs: one.lookedUs + 10 * S };
  return "stampUs" in one ? { stampUs: one.stampUs + 10 * S } : {};
}

describe("the way of a replacement", () => {
  test("is followed from its end to the effect, each piece with its cause", () => {
    const of = episode(CHAIN, 6);
    expect(path(of)).toEqual([
      "inj>evicted",
      "evicted>created",
      "created>scheduled",
      "scheduled>started",
      "started>full",
    ]);
    const last = of.capacity.waterfall.at(-1)!;
    expect(last.took).toMatchObject({ is: "value", value: 4_000 });
    const sum = of.capacity.waterfall.reduce(
      (all, { took }) => all + (took.is === "value" ? took.value : NaN),
      0,
    );
    expect(of.capacity.recovery).toMatchObject({ value: sum });
    expect(noted(of)).toEqual([]);
  });

  test("longer or shorter than predicted is noted, and decides nothing", () => {
    const late = episode(CHAIN, 12);
    expect(noted(late)).toEqual([
      "noted capacity, its container started → capacity and redundancy back: longer than predicted",
    ]);
    expect(decides("noted")).toBe(false);
    const slow = [...CHAIN.slice(0, 4), edge("started", "full", 60, 90)];
    expect(noted(episode(slow, 6))).toEqual([
      "noted capacity, its container started → capacity and redundancy back: shorter than predicted",
    ]);
  });

  test("what nothing was predicted of has no cause, and is noted above a second and a tenth", () => {
    const of = episode(CHAIN.slice(0, 4), 6);
    expect(path(of)).toContain("started>full ?");
    expect(noted(of)).toEqual(["noted capacity: time that no setting is known to be the cause of"]);
    const short = episode(CHAIN.slice(0, 4), 2.8);
    expect(path(short)).toContain("started>full ?");
    expect(noted(short)).toEqual([]);
  });

  test("one that never comes is beyond, due to what was next", () => {
    const of = episode(CHAIN, null);
    const last = of.capacity.waterfall.at(-1)!;
    expect(last).toMatchObject({ from: "started", to: "full", took: { is: "beyond" } });
    expect(last.cause?.setting).toBe("started to full");
    expect(noted(of)).toEqual([
      "noted capacity, its container started → capacity and redundancy back: longer than predicted",
    ]);
  });

  test("of two ways to a clock it is the one that began last", () => {
    const edges = [...CHAIN, edge("inj", "full", 0, 100), edge("scheduled", "full", 0, 100)];
    expect(path(episode(edges, 6)).at(-1)).toBe("started>full");
  });
});

test("a record without a prediction is cut at all clocks, and nothing is noted", () => {
  const [of] = measure(makeRecord()).episodes;
  expect(of).not.toHaveProperty("predicted");
  expect(of).not.toHaveProperty("advice");
  expect(noted(of!)).toEqual([]);
});

test("an interval that reaches into what was predicted is no miss", () => {
  const of = episode(CHAIN, 6);
  const took = value("ms", { value: 9_000, low: 4_900, high: 9_500, n: 1 });
  const bent = of.capacity.waterfall.map((one) => (one.to === "full" ? { ...one, took } : one));
  expect(noted({ ...of, capacity: { ...of.capacity, waterfall: bent } })).toEqual([]);
});

test("the way in place: each end and start again of the container", () => {
  const record = makeRecord({ outages: [], podAwayS: null });
  const begun = faultsUs();
  const pod = record.events.flatMap((one) =>
    one.type === "cluster" && one.object.startsWith("pod/") ? [one.object.split("/")[2]!] : [],
  )[0]!;
  const tell = (atS: number, change: Parameters<typeof podEvent>[2]): Event => ({
    ...podEvent(begun + atS * S, pod, change),
    notBeforeUs: begun + atS * S - 10_000,
  });
  const ended = (at: string, restarts: number): Parameters<typeof podEvent>[2] => ({
    ready: false,
    finishedAt: at,
    restarts,
    reason: "Error",
  });
  const holder = { kind: "pod", namespace: "x", name: pod, uid: "u", node: "n1" } as const;
  const segments = predict({
    plan: record.plan,
    step: record.plan.steps[0]!,
    effects: [{ kind: "container-kill", pod: holder, container: "" }],
    pods: ["u", "v"].map((uid) => ({
      part: "server",
      object: {
        apiVersion: "v1",
        kind: "Pod",
        metadata: { name: uid, uid } as { name: string },
        spec: { nodeName: "n1", containers: [{ name: "server" }] },
        status: {
          conditions: [
            { type: "PodScheduled", status: "True", lastTransitionTime: "2026-01-01T00:00:00Z" },
            { type: "Ready", status: "True", lastTransitionTime: "2026-01-01T00:00:07Z" },
          ],
          containerStatuses: [{ state: { running: { startedAt: "2026-01-01T00:00:02Z" } } }],
        },
      },
    })),
    nodes: [],
  });
  const { episodes } = measure({
    ...record,
    events: [
      ...record.events,
      { atUs: begun - 1, type: "prediction", segments },
      tell(1, ended("2026-01-01T00:01:01Z", 0)),
      tell(1.5, ended("2026-01-01T00:01:01Z", 1)),
      tell(2, ended("2026-01-01T00:01:02Z", 1)),
      tell(14, ended("2026-01-01T00:01:02Z", 2)),
      tell(17, { ready: true, restarts: 2, finishedAt: "2026-01-01T00:01:02Z" }),
    ],
  });
  expect(path(episodes[0]!)).toEqual([
    "inj>ended:1",
    "ended:1>restarted:1",
    "restarted:1>ended:2 ?",
    "ended:2>restarted:2",
    "restarted:2>full",
  ]);
  expect(episodes[0]!.capacity.waterfall.at(-2)!.cause?.setting).toBe(
    "crashLoopBackOff, restart 2",
  );
  expect(noted(episodes[0]!)).toEqual([]);
});
