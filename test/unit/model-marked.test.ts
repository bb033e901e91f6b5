import { describe, expect, test } from "vitest";
import type { Json, JsonObject } from "../../src/model/json.ts";
import {
  HELD_LABEL,
  holdPatch,
  markedName,
  markedPath,
  marksOn,
  releasePatch,
  type MarkedEffect,
} from "../../src/model/marked.ts";

const pod = { kind: "pod", namespace: "shop", name: "web-1", uid: "u-1", node: "n1" } as const;
const node: Json = {
  metadata: { name: "n1", resourceVersion: "7", labels: { zone: "a" } },
  spec: { podCIDR: "10.244.1.0/24", taints: [{ key: "theirs", effect: "NoSchedule" }] },
};
const web: Json = {
  metadata: { name: "web-1", uid: "u-1", resourceVersion: "7" },
  spec: {
    containers: [
      { name: "proxy", image: "proxy:1" },
      { name: "web", image: "web:1", args: ["-v"] },
    ],
  },
};
const shop: Json = { metadata: { name: "web", resourceVersion: "7" }, spec: { replicas: 3 } };

const CASES: readonly (readonly [MarkedEffect, Json])[] = [
  [{ kind: "cordon", node: "n1" }, node],
  [{ kind: "taint", node: "n1", key: "k", value: "v", effect: "NoExecute" }, node],
  [{ kind: "image", pod, container: "web", image: "none:1" }, web],
  [{ kind: "scale", namespace: "shop", deployment: "web", replicas: 0 }, shop],
];

/** As the API server merges: null takes away, lists are whole; empty maps go. */
function merged(object: Json, patch: JsonObject): Json {
  const result: Record<string, Json> = { ...(object as JsonObject) };
  for (const [key, value] of Object.entries(patch)) {
    const isMap = typeof value === "object" && value !== null && !Array.isArray(value);
    if (value === null) delete result[key];
    else if (isMap) result[key] = merged(result[key] ?? {}, value as JsonObject);
    else result[key] = value;
    if (isMap && Object.keys(result[key] as object).length === 0) delete result[key];
  }
  return result;
}

function held(object: Json, effect: MarkedEffect, id = "r/f01.0"): Json {
  const hold = holdPatch(object, { id, effect });
  if (hold === "done" || "refused" in hold) throw new Error(JSON.stringify(hold));
  return merged(object, hold.patch);
}
function released(object: Json, { kind }: MarkedEffect, id = "r/f01.0"): Json {
  const patch = releasePatch(object, { id, kind });
  return patch === null ? object : merged(object, patch);
}

describe.each(CASES)("$kind", (effect, object) => {
  test("is as before once it is undone", () => {
    const during = held(object, effect);
    expect(during).not.toEqual(object);
    expect(marksOn(during)).toMatchObject([{ id: "r/f01.0", effect }]);
    expect(released(during, effect)).toEqual(object);
  });

  test("holds only for the object as it was read", () => {
    const hold = holdPatch(object, { id: "r/f01.0", effect });
    expect(hold).toMatchObject({ patch: { metadata: { resourceVersion: "7" } } });
    const undo = releasePatch(held(object, effect), { id: "r/f01.0", kind: effect.kind });
    expect(undo).toMatchObject({ metadata: { resourceVersion: "7" } });
  });

  test("is done once, and by one effect only", () => {
    const during = held(object, effect);
    expect(holdPatch(during, { id: "r/f01.0", effect })).toBe("done");
    expect(holdPatch(during, { id: "r/f02.0", effect })).toEqual({
      refused: "must be free, got held by r/f01.0",
    });
    expect(releasePatch(during, { id: "r/f02.0", kind: effect.kind })).toBeNull();
    expect(releasePatch(object, { id: "r/f01.0", kind: effect.kind })).toBeNull();
  });

  test("refuses what is so already", () => {
    const { spec = {} } = held(object, effect) as JsonObject;
    const theirs = { metadata: { resourceVersion: "8", uid: "u-2" }, spec };
    expect(holdPatch(theirs, { id: "r/f02.0", effect })).toHaveProperty("refused");
  });

  test("leaves what somebody has changed since", () => {
    const during = held(object, effect);
    const spec = (object as JsonObject)["spec"] as JsonObject;
    const gone = Object.fromEntries(Object.keys(spec).map((key) => [key, null]));
    const theirs = merged(merged(during, { spec: { unschedulable: null, ...gone } }), {
      spec: { ...spec, ...(effect.kind === "scale" ? { replicas: 2 } : {}) },
    });
    const patch = releasePatch(theirs, { id: "r/f01.0", kind: effect.kind });
    expect(patch).not.toBeNull();
    expect(patch).not.toHaveProperty("spec");
  });

  test("says where it is", () => {
    expect(markedPath(effect)).toMatch(/^apis?\//);
    expect(markedName(effect)).toMatch(/^(node n1|pod shop\/web-1|deployment shop\/web)$/);
  });
});

test("the label goes with the last mark", () => {
  const [[cordon], [taint]] = CASES as unknown as [[MarkedEffect], [MarkedEffect]];
  const both = held(held(node, cordon), taint, "r/f02.0");
  const one = released(both, cordon);
  expect(one).toHaveProperty(["metadata", "labels", HELD_LABEL]);
  expect(released(one, taint, "r/f02.0")).toEqual(node);
});

test("a container that is not named must be the only one", () => {
  const effect: MarkedEffect = { kind: "image", pod, container: "", image: "none:1" };
  expect(holdPatch(web, { id: "r/f01.0", effect })).toEqual({
    refused: "must have its container named, got proxy, web",
  });
});
