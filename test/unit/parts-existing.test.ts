import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Json } from "../../src/model/json.ts";
import { existing, type ExistingOptions } from "../../workloads/parts/existing.ts";
import { readRequest, type RequestOptions } from "../../workloads/parts/request.ts";

const right: ExistingOptions = {
  namespace: "shop",
  selector: "app=web,tier=front",
  service: "web",
  port: 8080,
  request: { path: "/health", expect: { contains: "ok" } },
};

test("plans no object: only where its pods are, how they are asked, and what is right", () => {
  const part = existing(right);
  expect(part.problems).toEqual([]);
  expect(part.planned).toEqual({
    part: "web",
    objects: [],
    selector: "app=web,tier=front",
    replicas: null,
    gpusPerPod: 0,
    service: { name: "web", port: 8080 },
    existing: { namespace: "shop" },
    request: {
      method: "GET",
      path: "/health",
      headers: {},
      body: null,
      expect: { status: 200, contains: "ok" },
    },
  });
  expect([part.pods, part.nodes]).toEqual([
    { part: "web", kind: "pod" },
    { part: "web", kind: "node" },
  ]);
  expect("gpus" in part).toBe(false);
  const more = existing({ ...right, name: "front", replicas: 3, gpus: 2 });
  expect(more.planned).toMatchObject({ part: "front", replicas: 3, gpusPerPod: 2 });
  expect(more.gpus).toEqual({ part: "front", kind: "gpu" });
});

test("every problem at once, with field, rule and value", () => {
  const wrong = {
    namespace: "Shop",
    selector: "app in (web)",
    port: 0,
    colour: "red",
    request: { path: "health", method: "PUT", expect: { status: 404, contains: "" } },
  };
  const { problems, planned, pods } = existing(wrong as never);
  expect(problems).toEqual([
    expect.stringMatching(/^existing\.colour is not a field; known: namespace, /),
    'existing.namespace must be 1 to 63 of a-z, 0-9 and -, got "Shop"',
    'existing.selector must be key=value,key=value, got "app in (web)"',
    "existing.service is missing: name of its Service (1 to 63 of a-z, 0-9 and -)",
    "existing.port must be a whole number, 1 to 65535, got 0",
    'existing.request.method must be GET | POST, got "PUT"',
    'existing.request.path must be a path that begins with / and has no blanks, got "health"',
    "existing.request.expect.status must be a whole number, 200 to 399, got 404",
    'existing.request.expect.contains must be text that is not empty, got ""',
  ]);
  expect(planned.selector).toBeNull();
  expect(pods.part).toBe("existing");
  expect(existing({} as never).problems).toHaveLength(5);
});

test.each(["app=web", "a.b/c=d", "app=", "app=web,x-y.z/k_e=v.1"])("selects by %s", (selector) => {
  expect(existing({ ...right, selector }).problems).toEqual([]);
});
test.each(["", "app", "=web", "app=web,", "app==web", "app!=web", "-a=b", "a=-b"])(
  "does not select by %j",
  (selector) => {
    expect(existing({ ...right, selector }).problems).toHaveLength(1);
  },
);

describe("a request", () => {
  const problemsOf = (request: object): readonly string[] => {
    const problems: string[] = [];
    readRequest("r", request, problems);
    return problems;
  };
  const expectations = { expect: {} };

  test("is sent as JSON where its body is no text", () => {
    const plan = (request: Partial<RequestOptions>): unknown =>
      readRequest("r", { method: "POST", path: "/", ...expectations, ...request }, []);
    expect(plan({ body: { a: [1] } })).toMatchObject({
      body: '{"a":[1]}',
      headers: { "content-type": "application/json" },
    });
    expect(plan({ body: [1], headers: { "Content-Type": "text/plain" } })).toMatchObject({
      headers: { "content-type": "text/plain" },
    });
    expect(plan({ body: "a" })).toMatchObject({ body: "a", headers: {} });
  });

  test.each([
    [{ path: "/a b" }, /^r\.path must be/],
    [{ path: "/", body: "x" }, /^r\.body must be left out with GET/],
    [{ path: "/", headers: { "a b": "c" } }, /^r\.headers must be named as HTTP has it, got a b/],
    [{ path: "/", headers: { a: "b\r\nc" } }, /^r\.headers a must be text of one line/],
    [{ path: "/", headers: { Connection: "close" } }, /^r\.headers must leave connection/],
    [{ path: "/", headers: [] }, /^r\.headers must be an object of texts, got \[\]/],
    [{ path: "/", expect: { json: new Date() } }, /^r\.expect\.json must be data/],
    [{ path: "/", expect: { json: NaN } }, /^r\.expect\.json must be data/],
    [{ path: "/", method: "POST", body: "x".repeat(2 ** 20 + 1) }, /^r\.body must be at most/],
    [{ path: "/", expect: [] }, /^r\.expect must be an object/],
  ])("that is wrong is told: %j", (request, problem) => {
    expect(problemsOf({ ...expectations, ...request })).toEqual([expect.stringMatching(problem)]);
  });

  test("any data that JSON holds stands in the plan as it was written", () => {
    fc.assert(
      fc.property(fc.jsonValue({ noUnicodeString: false }), (json) => {
        const problems: string[] = [];
        const read = readRequest("r", { path: "/", expect: { json: json as Json } }, problems);
        expect(problems).toEqual([]);
        expect(read?.expect.json).toEqual(json);
      }),
    );
  });
});
