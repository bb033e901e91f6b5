import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

import { gpuLost } from "../../src/faults/gpu-lost.ts";
import { podKill } from "../../src/faults/pod-kill.ts";
import type { AnyFault } from "../../src/ports/fault.ts";
import { eyesOf, faultContract, type FaultCase } from "../../src/testing/fault-contract.ts";

const FAULTS = join(import.meta.dirname, "../../src/faults");

// The folder is the registry: a fault without worlds of its own fails here.
const names = readdirSync(FAULTS).map((file) => file.replace(/\.ts$/, ""));
const all = await Promise.all(
  names.map(async (name) => {
    const faults = (await import(join(FAULTS, `${name}.ts`))) as Record<string, unknown>;
    const worlds = (await import(`./worlds/${name}.ts`)) as { cases: readonly FaultCase[] };
    return { name, exports: Object.values(faults), cases: worlds.cases };
  }),
);

test("each file in src/faults is one fault", () => {
  expect(names).toContain("gpu-lost");
  for (const { exports } of all) {
    expect(exports).toHaveLength(1);
    expect(exports[0]).toHaveProperty("definition.proof");
  }
});

for (const { name, exports, cases } of all) {
  const { definition } = exports[0] as { readonly definition: AnyFault };
  faultContract(definition, { fileName: name, cases });
}

test("gpu-lost: nothing to do is a problem", () => {
  const { definition } = gpuLost;
  expect(definition.problems?.({ signal: false, symptom: "none" } as never)).toEqual([
    "signal must be true where symptom is none (nothing would happen), got false",
  ]);
});

test("gpu-lost: what a fast mover clears away was seen, a look before", () => {
  const { definition } = gpuLost;
  const [target] = all.flatMap(({ name, cases }) =>
    name === "gpu-lost" ? [cases[0]?.target] : [],
  );
  const holder = { health: "Healthy", terminating: false, running: true, failed: false };
  const seen = { starts: 1, computes: 200, device: null, told: false, failed: false };
  const before = { ...seen, allocatable: 2, holder: { ...holder, restarts: 0 } };
  const gone = { ...seen, allocatable: 2, holder: null, computes: null };
  const params = { signal: true, symptom: "crash", port: 8_501, path: "/health/ready" };
  const says = (now: object): string =>
    definition.proof(before as never, now as never, params as never, target as never).effect;
  const gather = (first: object, then: object): object =>
    definition.gather?.(first as never, then as never) as object;
  expect(says(gone)).not.toBe("present");
  expect(says(gather({ ...gone, told: true }, gone))).not.toBe("present");
  expect(says(gather({ ...gone, failed: true }, gone))).not.toBe("present");
  const told = { ...before, holder: { ...holder, restarts: 0, health: "Unhealthy" }, told: true };
  const crashed = { ...before, computes: 0, failed: true };
  expect(says(gather(gather(told, crashed), gone))).toBe("present");
});

test("gpu-lost: a holder that dies while it is asked is not waited for, nor is silence a proof", async () => {
  const { definition } = gpuLost;
  const [one] = all.flatMap(({ name, cases }) => (name === "gpu-lost" ? [cases[0]] : []));
  const told = one?.otherwise.find(({ about }) => about === "told, but nothing felt");
  if (!one || !told) throw new Error("no such world");
  const bounds = async (world: typeof told, symptom: string): Promise<readonly unknown[]> => {
    const asked: unknown[] = [];
    const params = { signal: true, symptom, port: 8_501, path: "/health/ready" };
    const witness = {
      ...eyesOf(world),
      http: async (_pod: unknown, { withinMs }: { readonly withinMs?: number }) => {
        asked.push(withinMs);
        return { answered: false, status: 0, body: "", tookMs: 1 };
      },
    };
    const now = await definition.observe(witness, one.target as never, params as never);
    const before = await definition.observe(
      eyesOf(one.before),
      one.target as never,
      params as never,
    );
    const { effect } = definition.proof(
      before as never,
      now as never,
      params as never,
      one.target as never,
    );
    return [...asked, effect];
  };
  expect(await bounds(told, "crash")).toEqual([200, "unclear"]);
  expect(await bounds(one.before, "crash")).toEqual([undefined, "unclear"]);
  // Where silence is the symptom it has all the time there is.
  expect(await bounds(told, "hang")).toEqual([undefined, "present"]);
});

test("pod-kill: the API takes whole seconds of grace", () => {
  const { definition } = podKill;
  expect(definition.problems?.({ graceMs: 1_500 } as never)).toEqual([
    "grace must be whole seconds, got 1500ms",
  ]);
});

test("pod-kill: a pod that was gone or going before tells nothing", async () => {
  const { definition } = podKill;
  const [one] = all.flatMap(({ name, cases }) => (name === "pod-kill" ? cases : []));
  for (const before of [
    null,
    { uid: "u-2", terminating: false },
    { uid: "u-1", terminating: true },
  ]) {
    const evidence = definition.proof(
      before as never,
      null as never,
      {} as never,
      one?.target as never,
    );
    expect(evidence.effect).toBe("unclear");
  }
});
