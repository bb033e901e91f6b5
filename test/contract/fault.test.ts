import { readdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

import { gpuLost } from "../../src/faults/gpu-lost.ts";
import { podKill } from "../../src/faults/pod-kill.ts";
import type { AnyFault } from "../../src/ports/fault.ts";
import { faultContract, type FaultCase } from "../../src/testing/fault-contract.ts";

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
