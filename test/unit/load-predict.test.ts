import { expect, test } from "vitest";
import { usersFor } from "../../src/load/k6.ts";
import { predict } from "../../src/load/predict.ts";
import { read } from "../../src/model/fields.ts";
import { requests } from "../../src/load/requests.ts";
import type { LoadPlan, PlannedPart } from "../../src/model/plan.ts";

const { definition } = predict({ to: { part: "server" }, rate: "50/s", connections: ["new"] });
const part: PlannedPart = {
  part: "server",
  objects: [],
  selector: null,
  replicas: null,
  gpusPerPod: 0,
  service: { name: "server", port: 80 },
};

function planned(written: object): { readonly plan: LoadPlan; readonly problems: string[] } {
  const problems: string[] = [];
  const params = read("load", definition.params, written, problems);
  if (problems.length === 0) problems.push(...(definition.problems?.(params, part) ?? []));
  return { plan: definition.plan(params, "server", part), problems };
}

test("one scenario for each kind of connection, each with the whole rate", () => {
  const { plan, problems } = planned({ rate: "50/s", connections: ["new", "reused"] });
  expect(problems).toEqual([]);
  expect(plan).toEqual({
    load: "predict",
    to: "server",
    rateRps: 50,
    timeoutMs: 1_000,
    scenarios: [
      { name: "new", connection: "new" },
      { name: "reused", connection: "reused" },
    ],
    options: {
      path: "/v1/models/mlp:predict",
      files: { expected: "mlp/1/expected.json" },
    },
  });
});

test("clients know the Service by its address unless its name is asked for", () => {
  const by = (written: object): unknown =>
    planned({ rate: "50/s", connections: ["new"], ...written });
  expect(by({})).toEqual(by({ by: "address" }));
  expect(by({})).toMatchObject({ plan: expect.not.objectContaining({ by: expect.anything() }) });
  expect(by({ by: "name" })).toMatchObject({ problems: [], plan: { by: "name" } });
  expect(by({ by: "luck" })).toMatchObject({
    problems: ['load.by must be address | name, got "luck"'],
  });
});

test("no scenario, or more in flight than one machine holds, is refused", () => {
  expect(planned({ rate: "50/s", connections: [] }).problems).toEqual([
    "connections must name one kind at least, got []",
  ]);
  expect(planned({ rate: "1000/s", connections: ["new"], timeout: "5s" }).problems).toEqual([
    "rate times timeout times connections must be at most 2000 requests in flight, got 5000",
  ]);
});

test("users outlast a blackhole, and none idles until a server closes its connection", () => {
  const rates = ["1/s", "7/s", "50/s", "1000/s", "4000/s"];
  const timeouts = ["50ms", "1s", "30s"];
  for (const rate of rates) {
    for (const timeout of timeouts) {
      const { plan, problems } = planned({ rate, connections: ["reused"], timeout });
      if (problems.length > 0) continue;
      const users = usersFor(plan);
      expect(users).toBeGreaterThan((plan.rateRps * plan.timeoutMs) / 1_000);
      expect(users / plan.rateRps).toBeLessThan(40);
    }
  }
});

test("requests carry what their part says, as data, and need a part that says it", () => {
  const request = {
    method: "POST",
    path: "/ask?x=1",
    headers: {},
    body: "hello",
    expect: { status: 200, contains: "hello", json: null },
  } as const;
  const { definition } = requests({ to: part, rate: "50/s", connections: ["new"] });
  const params = read("load", definition.params, { rate: "50/s", connections: ["new"] }, []);
  expect(definition.plan(params, "server", { ...part, request })).toMatchObject({
    load: "requests",
    to: "server",
    options: { path: "/ask?x=1", request },
  });
  expect(definition.problems?.(params, { ...part, request })).toEqual([]);
  expect(definition.problems?.(params, part)).toEqual([
    "to must be a part that says its request, got server, which does not",
  ]);
});
