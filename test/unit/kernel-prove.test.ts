import { describe, expect, test } from "vitest";
import type { Evidence } from "../../src/model/evidence.ts";
import type { FaultEvent } from "../../src/model/event.ts";
import type { PlannedStep } from "../../src/model/plan.ts";
import type { Target } from "../../src/model/target.ts";
import { defineFault } from "../../src/ports/fault.ts";
import type { Witness } from "../../src/ports/witness.ts";
import { lookBefore, prove, type Proofs } from "../../src/kernel/prove.ts";
import { MemoryLog } from "../../src/testing/fakes.ts";
import { VirtualClock } from "../../src/testing/virtual-clock.ts";

const pod = (name: string): Target<"pod"> => ({
  kind: "pod",
  namespace: "n",
  name,
  uid: name,
  node: "n1",
});
const step: PlannedStep = {
  id: "f01",
  fault: "seen",
  params: {},
  on: { kind: "pod", part: "server", count: 1 },
  slots: [0],
  injectMs: 0,
  healMs: 60_000,
  follow: false,
};
const signal = new AbortController().signal;

/** A fault whose witness sees what `sees` says at that time, for that pod. */
function scene(
  sees: (pod: string, atMs: number) => unknown,
  options: { proofWithinMs?: number; lookMs?: number } = {},
): { clock: VirtualClock; log: MemoryLog; proofs: Proofs; witness: Witness } {
  const clock = new VirtualClock();
  const log = new MemoryLog(clock);
  const { lookMs = 100, proofWithinMs } = options;
  const witness: Witness = {
    object: async (path) => {
      const seen = sees(path, clock.nowMs());
      await clock.until(clock.nowMs() + lookMs, signal);
      if (seen instanceof Error) throw seen;
      return seen as null;
    },
    http: async () => Promise.resolve({ answered: false, status: 0, body: "", tookMs: 1 }),
    kubelet: async () => Promise.resolve({ answered: true, status: 200, body: "ok" }),
    apiServer: async () => Promise.resolve({ answered: true, status: 200, body: "ok", tookMs: 1 }),
    fromPod: async () => Promise.resolve([]),
    inContainer: async () => Promise.resolve(null),
    counters: async () => Promise.resolve({}),
  };
  const fault = defineFault({
    name: "seen",
    about: "What is seen.",
    on: "pod",
    lasts: "held",
    kinds: ["delete"],
    evidence: "What is seen.",
    params: {},
    effects: (_params, target) => [{ kind: "delete", pod: target, graceMs: 0 }],
    observe: async (eyes, target) => eyes.object(target.name),
    proof: (before, now): Evidence => ({
      effect: now === before ? "absent" : "present",
      by: "eyes",
      saw: { before, now },
      needed: "a change",
    }),
    ...(proofWithinMs === undefined ? {} : { proofWithinMs }),
  });
  const proofs = { clock, log, faults: () => fault.definition, looks: new Map() };
  return { clock, log, proofs, witness };
}

function lastEdge(log: MemoryLog): FaultEvent & { readonly evidence: Evidence; lookedUs: number } {
  const last = log.attempts.at(-1);
  if (last?.type !== "fault" || !("evidence" in last)) throw new Error("no proof was told");
  return last;
}

describe("a proof", () => {
  test("is looked for until it is there, and says when it looked", async () => {
    const { clock, log, proofs, witness } = scene((_pod, atMs) => atMs >= 3_000);
    await clock.drive(lookBefore(proofs, { step, targets: [pod("a")], witness }, signal));
    await clock.drive(prove(proofs, { step, want: "present", witness }, signal));
    const { edge, evidence, lookedUs } = lastEdge(log);
    expect([edge, evidence.effect]).toEqual(["proved", "present"]);
    expect(evidence.saw).toEqual({ before: false, now: true });
    expect(lookedUs).toBeGreaterThanOrEqual(3_000_000);
    expect(lookedUs).toBeLessThan(3_700_000);
  });

  test("that does not come is told as unproved once its time is over", async () => {
    const { clock, log, proofs, witness } = scene(() => 1, { proofWithinMs: 5_000 });
    await clock.drive(lookBefore(proofs, { step, targets: [pod("a")], witness }, signal));
    await clock.drive(prove(proofs, { step, want: "present", witness }, signal));
    expect(lastEdge(log)).toMatchObject({ edge: "unproved", evidence: { effect: "absent" } });
    expect(clock.nowMs()).toBeLessThan(6_000);
  });

  test("needs every target, and the one that lacks decides", async () => {
    const { clock, log, proofs, witness } = scene(
      (name, atMs) => (name === "a" && atMs > 500 ? "hit" : "well"),
      { proofWithinMs: 2_000 },
    );
    const targets = [pod("a"), pod("b")];
    await clock.drive(lookBefore(proofs, { step, targets, witness }, signal));
    await clock.drive(prove(proofs, { step, want: "present", witness }, signal));
    const { edge, evidence } = lastEdge(log);
    expect([edge, evidence.effect]).toEqual(["unproved", "absent"]);
    expect(evidence.saw).toMatchObject([{ effect: "present" }, { effect: "absent" }]);
  });

  test("by a witness that cannot look is unclear", async () => {
    const { clock, log, proofs, witness } = scene(
      (_pod, atMs) => (atMs < 200 ? "well" : new Error("no way there")),
      { proofWithinMs: 2_000 },
    );
    await clock.drive(lookBefore(proofs, { step, targets: [pod("a")], witness }, signal));
    clock.at(500, () => {});
    clock.tick();
    await clock.drive(prove(proofs, { step, want: "absent", witness }, signal));
    expect(lastEdge(log)).toMatchObject({
      edge: "heal-unproved",
      evidence: { effect: "unclear", saw: "could not look: no way there" },
    });
  });

  test("of a presence takes what all looks have seen, that of an absence the latest", async () => {
    const { clock, log, proofs, witness } = scene((_pod, atMs) => Math.floor(atMs / 1_000), {
      proofWithinMs: 4_000,
    });
    const fault = proofs.faults("seen");
    const both = {
      ...proofs,
      faults: () => ({
        ...fault,
        observe: async (eyes: Witness) => [await eyes.object("a")],
        gather: (seen: readonly number[], now: readonly number[]) => [...seen, ...now],
        proof: (_before: never, now: readonly number[]): Evidence => ({
          effect: now.includes(1) && now.includes(3) ? "present" : "unclear",
          by: "eyes",
          saw: [...now],
          needed: "both",
        }),
      }),
    };
    await clock.drive(lookBefore(both, { step, targets: [pod("a")], witness }, signal));
    await clock.drive(prove(both, { step, want: "present", witness }, signal));
    expect(lastEdge(log).edge).toBe("proved");
    await clock.drive(prove(both, { step, want: "absent", witness }, signal));
    expect(lastEdge(log).evidence.saw).toHaveLength(1);
  });

  test("of a presence ends when the step is healed", async () => {
    const { clock, log, proofs, witness } = scene(() => "well");
    await clock.drive(lookBefore(proofs, { step, targets: [pod("a")], witness }, signal));
    clock.at(4_000, () => void log.append({ type: "fault", id: "f01", edge: "heal-begin" }));
    await clock.drive(prove(proofs, { step, want: "present", witness }, signal));
    expect(lastEdge(log).edge).toBe("unproved");
    expect(clock.nowMs()).toBeLessThan(5_500);
  });

  test("of a presence that did not come says what was there before the heal", async () => {
    const { clock, log, proofs, witness } = scene((_pod, atMs) => atMs > 4_000);
    const fault = proofs.faults("seen");
    const half = {
      ...proofs,
      faults: () => ({
        ...fault,
        proof: (_before: never, now: never): Evidence => ({
          effect: now ? "absent" : "unclear",
          by: "eyes",
          saw: now,
          needed: "all",
        }),
      }),
    };
    await clock.drive(lookBefore(half, { step, targets: [pod("a")], witness }, signal));
    clock.at(4_000, () => void log.append({ type: "fault", id: "f01", edge: "heal-begin" }));
    await clock.drive(prove(half, { step, want: "present", witness }, signal));
    expect(lastEdge(log)).toMatchObject({
      edge: "unproved",
      evidence: { effect: "unclear", saw: false },
    });
    expect(lastEdge(log).lookedUs).toBeLessThan(4_000_000);
  });

  test("of a look that hangs goes on without it", async () => {
    const { clock, log, proofs, witness } = scene(() => "well", { proofWithinMs: 12_000 });
    await clock.drive(lookBefore(proofs, { step, targets: [pod("a")], witness }, signal));
    const hung: Witness = { ...witness, object: async () => new Promise<never>(() => {}) };
    await clock.drive(prove(proofs, { step, want: "present", witness: hung }, signal));
    expect(lastEdge(log).evidence.effect).toBe("unclear");
    expect(clock.nowMs()).toBeLessThan(35_000);
  });

  test("tells nothing when the run ends before it", async () => {
    const { clock, log, proofs, witness } = scene(() => "well");
    await clock.drive(lookBefore(proofs, { step, targets: [pod("a")], witness }, signal));
    const stop = new AbortController();
    clock.at(2_000, () => stop.abort(new Error("over")));
    const proving = prove(proofs, { step, want: "present", witness }, stop.signal);
    await expect(clock.drive(proving)).rejects.toThrow("over");
    expect(log.attempts).toEqual([]);
  });
});

test("a step that cannot be observed is not begun", async () => {
  const { clock, proofs, witness } = scene(() => new Error("no eyes"));
  const looking = lookBefore(proofs, { step, targets: [pod("a")], witness }, signal);
  await expect(clock.drive(looking)).rejects.toThrow(
    "f01 seen must be observable before it begins: pod n/a on n1: no eyes",
  );
});
