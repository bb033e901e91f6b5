import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  afterRefusal,
  decide,
  IDLE,
  type MoverSettings,
  type MoverState,
} from "../../workloads/programs/mover/decide.ts";
import type { WatchedPod } from "../../workloads/programs/mover/watched-pod.ts";

const SECOND = 1_000_000;
const SETTINGS: MoverSettings = { atMost: 1, gapUs: SECOND, moveLimitUs: 300 * SECOND };

function pod(uid: string, change: Partial<WatchedPod> = {}): WatchedPod {
  return {
    name: `server-${uid}`,
    uid,
    node: "n1",
    ready: true,
    terminating: false,
    finished: false,
    health: "Healthy",
    ...change,
  };
}
const sick = (uid: string, change: Partial<WatchedPod> = {}): WatchedPod =>
  pod(uid, { health: "Unhealthy", ...change });
const uids = (pods: readonly WatchedPod[]): readonly string[] => pods.map(({ uid }) => uid);

describe("which pods are evicted", () => {
  const cases: readonly [string, readonly WatchedPod[], readonly string[]][] = [
    ["none of healthy ones", [pod("a"), pod("b"), pod("c")], []],
    ["the one on an Unhealthy device", [sick("a"), pod("b"), pod("c")], ["a"]],
    [
      "also when it is Ready: the device is what counts",
      [sick("a", { ready: true }), pod("b")],
      ["a"],
    ],
    ["never on Unknown", [pod("a", { health: "Unknown" }), pod("b"), pod("c")], []],
    ["not one that is terminating", [sick("a", { terminating: true }), pod("b"), pod("c")], []],
    ["not one that has finished", [sick("a", { finished: true }), pod("b"), pod("c")], []],
    ["one of two at a time", [sick("a"), sick("b"), pod("c"), pod("d")], ["a"]],
    ["none when more than half are Unhealthy", [sick("a"), sick("b"), pod("c")], []],
    ["the only one: a single pod says nothing about the others", [sick("a")], ["a"]],
    ["none where there is none", [], []],
  ];
  it.each(cases)("%s", (_name, pods, expected) => {
    expect(uids(decide(IDLE, pods, SETTINGS, 0).evict)).toEqual(expected);
  });
});

describe("a move", () => {
  const pods = [sick("a"), pod("b"), sick("c"), pod("d")];
  const first = decide(IDLE, pods, SETTINGS, 0);

  it("holds the next back until a pod that was not there before is Ready", () => {
    const later = (now: readonly WatchedPod[]): readonly string[] =>
      uids(decide(first.state, now, SETTINGS, 10 * SECOND).evict);
    const rest = [pod("b"), sick("c"), pod("d")];
    expect(later(pods)).toEqual([]);
    expect(later([sick("a", { terminating: true }), ...rest])).toEqual([]);
    expect(later(rest)).toEqual([]);
    expect(later([...rest, pod("e", { ready: false })])).toEqual([]);
    expect(later([...rest, pod("e")])).toEqual(["c"]);
  });

  it("is over only once its own victim is leaving", () => {
    const { state } = decide(first.state, [...pods, pod("e")], SETTINGS, 10 * SECOND);
    expect(state.moves).toHaveLength(1);
  });

  it("tells how long it took", () => {
    const { told } = decide(first.state, [pod("b"), pod("d"), pod("e")], SETTINGS, 7 * SECOND);
    expect(told).toEqual([{ event: "move-done", pod: "server-a", uid: "a", tookUs: 7 * SECOND }]);
  });

  it("is given up after its limit, so that a missing replacement does not block for ever", () => {
    expect(first.wakeUs).toBe(SETTINGS.moveLimitUs);
    const rest = [pod("b"), sick("c"), pod("d")];
    const { told, evict } = decide(first.state, rest, SETTINGS, SETTINGS.moveLimitUs);
    expect(told.map(({ event }) => event)).toEqual(["move-abandoned"]);
    expect(uids(evict)).toEqual(["c"]);
  });

  it("needs a replacement of its own: one new pod ends one move", () => {
    const two = { ...SETTINGS, atMost: 2, gapUs: 0 };
    const { state, evict } = decide(IDLE, pods, two, 0);
    expect(uids(evict)).toEqual(["a", "c"]);
    expect(decide(state, [pod("b"), pod("d"), pod("e")], two, SECOND).state.moves).toHaveLength(1);
  });

  it("keeps the gap to the one before", () => {
    const two = { ...SETTINGS, atMost: 2 };
    const one = decide(IDLE, pods, two, 0);
    expect(uids(one.evict)).toEqual(["a"]);
    expect(one.wakeUs).toBe(SECOND);
    expect(uids(decide(one.state, pods, two, SECOND - 1).evict)).toEqual([]);
    expect(uids(decide(one.state, pods, two, SECOND).evict)).toEqual(["c"]);
  });
});

describe("a refusal", () => {
  const pods = [sick("a"), pod("b"), pod("c")];

  it("is asked again after 1 s, 2 s, 4 s, at most 30 s", () => {
    let state: MoverState = IDLE;
    let nowUs = 0;
    const waits: number[] = [];
    for (let at = 0; at < 7; at += 1) {
      const asked = decide(state, pods, SETTINGS, nowUs);
      expect(uids(asked.evict)).toEqual(["a"]);
      state = afterRefusal(asked.state, "a", nowUs);
      const waiting = decide(state, pods, SETTINGS, nowUs);
      expect(waiting.evict).toEqual([]);
      waits.push(((waiting.wakeUs ?? 0) - nowUs) / SECOND);
      nowUs = waiting.wakeUs ?? 0;
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 30, 30]);
  });

  it("is forgotten with its pod", () => {
    const state = afterRefusal(IDLE, "a", 0);
    expect(decide(state, [pod("b")], SETTINGS, 1).state.refused).toEqual({});
  });
});

describe("the circuit breaker", () => {
  it("tells once that it opened and once that it closed", () => {
    const many = [sick("a"), sick("b"), pod("c")];
    const opened = decide(IDLE, many, SETTINGS, 0);
    expect(opened.told).toEqual([{ event: "breaker-open", unhealthy: 2, of: 3 }]);
    expect(decide(opened.state, many, SETTINGS, 1).told).toEqual([]);
    const closed = decide(opened.state, [sick("a"), pod("b"), pod("c")], SETTINGS, 2);
    expect(closed.told).toEqual([{ event: "breaker-closed", unhealthy: 1, of: 3 }]);
    expect(uids(closed.evict)).toEqual(["a"]);
  });
});

describe("whatever happens", () => {
  const anyPod = fc.record({
    uid: fc.constantFrom("a", "b", "c", "d", "e", "f", "g", "h"),
    ready: fc.boolean(),
    terminating: fc.boolean(),
    finished: fc.boolean(),
    health: fc.constantFrom("Healthy" as const, "Unhealthy" as const, "Unknown" as const),
  });
  const anyStory = fc.array(
    fc.record({
      pods: fc.uniqueArray(anyPod, { selector: ({ uid }) => uid, maxLength: 8 }),
      afterUs: fc.integer({ min: 0, max: 20 * SECOND }),
      refuse: fc.boolean(),
    }),
    { maxLength: 30 },
  );

  it("evicts only running Unhealthy pods, within limit and gap, and never with the breaker open", () => {
    fc.assert(
      fc.property(
        anyStory,
        fc.integer({ min: 1, max: 4 }),
        fc.constantFrom(0, SECOND),
        (story, atMost, gapUs) => {
          const settings = { atMost, gapUs, moveLimitUs: 60 * SECOND };
          let state = IDLE;
          let nowUs = 0;
          let lastUs = -Infinity;
          for (const { pods: seen, afterUs, refuse } of story) {
            nowUs += afterUs;
            const pods = seen.map(({ uid, ...change }) => pod(uid, change));
            const decision = decide(state, pods, settings, nowUs);
            const running = pods.filter((one) => !one.terminating && !one.finished);
            const bad = running.filter(({ health }) => health === "Unhealthy");
            for (const one of decision.evict) expect(bad).toContain(one);
            if (decision.evict.length > 0) {
              expect(bad.length > 1 && bad.length * 2 > running.length).toBe(false);
              expect(nowUs - lastUs).toBeGreaterThanOrEqual(gapUs);
              lastUs = nowUs;
            }
            expect(decision.state.moves.length).toBeLessThanOrEqual(atMost);
            if (decision.wakeUs !== null) expect(decision.wakeUs).toBeGreaterThan(nowUs);
            state = decision.state;
            for (const { uid } of refuse ? decision.evict : []) {
              state = afterRefusal(state, uid, nowUs);
            }
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});
