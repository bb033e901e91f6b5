import { expect, test } from "vitest";
import { routeOf } from "../../workloads/programs/model-server/route.ts";
import { StatusError, errorAnswer } from "../../workloads/programs/model-server/status.ts";

const latest = { model: "mlp", version: null, label: null };

test.each([
  ["GET", "/v1/models/mlp", { to: "status", of: latest }],
  ["GET", "/V1/Models/mlp", { to: "status", of: latest }],
  ["GET", "/v1/models/mlp/versions/3", { to: "status", of: { ...latest, version: 3 } }],
  ["GET", "/v1/models/mlp/labels/stable", { to: "status", of: { ...latest, label: "stable" } }],
  ["GET", "/v1/models/mlp/metadata", { to: "metadata", of: latest }],
  ["GET", "/v1/models/mlp/versions/3/metadata", { to: "metadata", of: { ...latest, version: 3 } }],
  ["POST", "/v1/models/mlp:predict", { to: "predict", of: latest }],
  ["POST", "/v1/models/mlp/versions/3:PREDICT", { to: "predict", of: { ...latest, version: 3 } }],
  ["POST", "/v1/models/mlp:classify", { to: "classify", of: latest }],
  ["POST", "/v1/models/a%20b:regress", { to: "regress", of: { ...latest, model: "a b" } }],
  ["GET", "/health/ready", { to: "ready" }],
  ["GET", "/health/live", { to: "live" }],
  ["GET", "/metrics", { to: "metrics" }],
  ["GET", "/monitoring/prometheus/metrics", { to: "metrics" }],
  ["POST", "/health/ready", { to: "nothing" }],
  ["GET", "/", { to: "nothing" }],
  ["GET", "/v2/health/ready", { to: "nothing" }],
])("%s %s", (method, path, route) => {
  expect(routeOf(method, path)).toEqual(route);
});

test.each([
  ["GET", "/v1/models", "Missing model name in request."],
  ["GET", "/v1/models/mlp:predict", "Malformed request: GET /v1/models/mlp:predict"],
  ["POST", "/v1/models/mlp", "Malformed request: POST /v1/models/mlp"],
  ["POST", "/v1/models/mlp:explain", "Malformed request: POST /v1/models/mlp:explain"],
  ["PUT", "/v1/x", "Malformed request: PUT /v1/x"],
  ["GET", "/v1/models/mlp/versions/one", "Malformed request: GET /v1/models/mlp/versions/one"],
  [
    "GET",
    "/v1/models/mlp/versions/99999999999999999999",
    "Failed to convert version: 99999999999999999999 to numeric.",
  ],
])("%s %s is refused", (method, path, message) => {
  expect(() => routeOf(method, path)).toThrow(message);
});

test("codes, bodies and the header that says when to come back", () => {
  expect(errorAnswer(new StatusError("NOT_FOUND", 'no "m"'))).toEqual({
    status: 404,
    body: '{ "error": "no \\"m\\"" }',
    headers: { "content-type": "application/json" },
  });
  const shed = errorAnswer(new StatusError("UNAVAILABLE", "full"));
  expect([shed.status, shed.headers?.["retry-after"]]).toEqual([503, "1"]);
  expect(errorAnswer(new StatusError("DEADLINE_EXCEEDED", "late")).status).toBe(504);
  expect(errorAnswer(new StatusError("INTERNAL", "CUDA failure 700")).status).toBe(500);
});
