// JSON Patch on the objects of a stack: what it does, and every way in which it does not apply.
import { describe, expect, test } from "vitest";
import type { Json, KubeObject } from "../../src/model/json.ts";
import { applyPatch, type PatchOperation } from "../../src/model/json-patch.ts";
import type { PlannedPart } from "../../src/model/plan.ts";
import { readExperiment } from "../../src/kernel/experiment.ts";
import { patched, readPatches } from "../../src/kernel/patch-stack.ts";
import { makePlan } from "../../src/kernel/planner.ts";
import { written } from "./kernel-kit.ts";

const apply = (value: Json, ...operations: readonly PatchOperation[]): unknown => {
  const told = applyPatch(value, operations);
  return "problem" in told ? told.problem : told.value;
};

describe("JSON Patch", () => {
  const value = { a: { b: 1 }, list: [1, 2], "x/y": { "~": 1 } };

  test("add, replace, remove and test, as RFC 6902 has them; what was given stays", () => {
    const before = structuredClone(value);
    expect(apply(value, { op: "add", path: "/a/c", value: 2 })).toMatchObject({
      a: { b: 1, c: 2 },
    });
    expect(apply(value, { op: "add", path: "/a/b", value: 2 })).toMatchObject({ a: { b: 2 } });
    expect(apply(value, { op: "add", path: "/list/1", value: 9 })).toMatchObject({
      list: [1, 9, 2],
    });
    expect(apply(value, { op: "add", path: "/list/-", value: 9 })).toMatchObject({
      list: [1, 2, 9],
    });
    expect(apply(value, { op: "replace", path: "/list/0", value: 9 })).toMatchObject({
      list: [9, 2],
    });
    expect(apply(value, { op: "remove", path: "/list/0" })).toMatchObject({ list: [2] });
    expect(apply(value, { op: "remove", path: "/a/b" })).toMatchObject({ a: {} });
    expect(apply(value, { op: "replace", path: "/x~1y/~0", value: 2 })).toMatchObject({
      "x/y": { "~": 2 },
    });
    expect(apply(value, { op: "test", path: "/a", value: { b: 1 } })).toEqual(value);
    expect(
      apply(value, { op: "add", path: "/a/c", value: {} }, { op: "add", path: "/a/c/d", value: 1 }),
    ).toMatchObject({ a: { c: { d: 1 } } });
    expect(value).toEqual(before);
  });

  test("a field that looks like a prototype is a field", () => {
    const got = apply({}, { op: "add", path: "/__proto__", value: { polluted: 1 } }) as object;
    expect(Object.keys(got)).toEqual(["__proto__"]);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  const wrong: readonly (readonly [PatchOperation, says: string])[] = [
    [{ op: "replace", path: "/a/z", value: 1 }, "replace /a/z: must be there, got an object of b"],
    [{ op: "remove", path: "/list/2" }, "remove /list/2: must be 0 to 1, got a list of 2"],
    [{ op: "add", path: "/list/3", value: 1 }, "add /list/3: must be 0 to 2 or -, got a list of 2"],
    [
      { op: "add", path: "/list/01", value: 1 },
      "add /list/01: must be 0 to 2 or -, got a list of 2",
    ],
    [
      { op: "add", path: "/no/b", value: 1 },
      "add /no/b: /no must be there, got an object of a, list, x/y",
    ],
    [
      { op: "add", path: "/a/b/c", value: 1 },
      "add /a/b/c: /a/b must be an object or a list, got 1",
    ],
    [{ op: "test", path: "/a/b", value: 2 }, "test /a/b: must be 2, got 1"],
    [{ op: "remove", path: "" }, 'remove "": must name a field, got the whole object'],
    [{ op: "add", path: "a", value: 1 }, "add a: must begin with /, got a"],
  ];
  for (const [operation, says] of wrong) {
    test(`${operation.op} ${operation.path} does not apply`, () => {
      expect(apply(value, operation)).toBe(says);
    });
  }
});

const deployment: KubeObject = {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name: "server", labels: { app: "s" } },
  spec: {
    replicas: 3,
    selector: { matchLabels: { app: "s" } },
    template: {
      metadata: { labels: { app: "s" } },
      spec: { containers: [{ name: "c", readinessProbe: { periodSeconds: 2 } }] },
    },
  },
};
const part: PlannedPart = {
  part: "server",
  objects: [deployment],
  selector: "app=s",
  replicas: 3,
  gpusPerPod: 0,
  service: null,
};
const reading = { ...readExperiment("sample", written()), stack: [part] };
const of = (...operations: readonly PatchOperation[]) => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  name: "server",
  operations,
});
const PERIOD = "/spec/template/spec/containers/0/readinessProbe/periodSeconds";
const refused = (patch: object, also: object = patch): string => {
  try {
    patched(reading, [patch as never]);
  } catch (error) {
    return (error as Error).message;
  }
  return `applied: ${JSON.stringify(also)}`;
};

describe("a patch of the stack", () => {
  test("is in the plan with what it changed, and without one nothing is", () => {
    const patch = of({ op: "replace", path: PERIOD, value: 1 });
    const plan = makePlan(patched(reading, [patch]), "s", { always: [], addOns: [] });
    expect(plan.patches).toEqual([patch]);
    expect(JSON.stringify(plan.stack)).toContain('"periodSeconds":1');
    const without = makePlan(reading, "s", { always: [], addOns: [] });
    expect(without).not.toHaveProperty("patches");
    expect(JSON.stringify(without.stack)).toContain('"periodSeconds":2');
    expect(patched(reading, [])).toBe(reading);
  });

  test("that does not apply says op, path, rule and value", () => {
    const path = PERIOD.replace("/0/", "/3/");
    expect(refused(of({ op: "add", path, value: 1 }))).toBe(
      `Deployment/server: add ${path}: /spec/template/spec/containers/3 must be 0 to 0, got a list of 1`,
    );
    expect(refused({ ...of(), name: "other" })).toBe(
      "patch must be of one object of the stack (Deployment/server), got Deployment/other",
    );
    expect(refused({ ...of(), apiVersion: "v1" })).toContain("got Deployment/server of v1");
  });

  test("may not change what the plan was made from", () => {
    const replace = (path: string, value: Json) => refused(of({ op: "replace", path, value }));
    expect(replace("/spec/replicas", 5)).toBe(
      "Deployment/server: spec.replicas must stay as the experiment has it, 3, got 5",
    );
    expect(replace("/metadata/name", "x")).toContain("metadata.name must stay");
    expect(replace("/spec/template/metadata/labels", {})).toContain(
      'spec.template.metadata.labels must stay as the experiment has it, {"app":"s"}, got {}',
    );
    const limits = "/spec/template/spec/containers/0/resources";
    const gpus = { limits: { "nvidia.com/gpu": "1" } };
    expect(refused(of({ op: "add", path: limits, value: gpus }))).toContain("GPUs of a pod");
    expect(refused(of({ op: "add", path: "/metadata/annotations", value: { a: "b" } }))).toContain(
      "applied",
    );
  });
});

describe("patches as they are written", () => {
  const patch = of({ op: "add", path: "/spec/x", value: 1 });

  test("one, several, a piece of advice, or what a plan has", () => {
    const all: readonly unknown[] = [
      patch,
      [patch],
      { lane: "service", patch },
      [{ patch }],
      { schema: 1, experiment: "e", patches: [patch] },
    ];
    for (const one of all) expect(readPatches(one)).toEqual([patch]);
    expect(readPatches([patch, { ...patch, name: "b" }])).toHaveLength(2);
  });

  const wrong: readonly (readonly [unknown, says: string])[] = [
    [null, "patch must be an object with apiVersion, kind, name and operations, got null"],
    [[], "patches must be 1 to 20, got 0"],
    [
      { setting: "x", patch: null },
      "patch must be an object with apiVersion, kind, name and operations, got null",
    ],
    [{ ...patch, kind: "" }, 'patch.kind must be text, got ""'],
    [{ ...patch, operations: [] }, "patch.operations must be 1 to 100, got 0"],
    [
      { ...patch, operations: [{ op: "move", path: "/a", from: "/b" }] },
      'patch.operations[0].op must be add, replace, remove or test, got "move"',
    ],
    [
      { ...patch, operations: [{ op: "add", path: 3, value: 1 }] },
      "patch.operations[0].path must be text, got 3",
    ],
    [{ ...patch, operations: [{ op: "add", path: "/a" }] }, "patch.operations[0].value is missing"],
  ];
  for (const [one, says] of wrong) {
    test(`${JSON.stringify(one).slice(0, 60)} is none`, () => {
      expect(() => readPatches(one)).toThrow(says);
    });
  }
});
