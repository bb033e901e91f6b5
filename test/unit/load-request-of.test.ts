import { expect, test } from "vitest";
import type { RawRequest } from "../../src/load/k6/raw-line.ts";
import { requestOf } from "../../src/load/k6/request-of.ts";
import type { RequestOutcome } from "../../src/model/request.ts";

const START_US = 1_000_000;
const sent: RawRequest = {
  scenario: "new",
  tick: 7,
  state: "done",
  intendedUs: 1_140_000,
  startUs: 1_140_100,
  endUs: 1_145_000,
  attempts: 1,
};
const connected = { ...sent, connection: "new", phase: "request" } as const;
/** A byte of the answer, and not yet its status. */
const beginning = { ...connected, phase: "response", firstByteUs: 1_144_000 } as const;
const answering = { ...connected, phase: "response", firstByteUs: 1_144_000, status: 200 } as const;
const whole = { ...answering, phase: "complete", backend: "pod-a" } as const;

const table: readonly (readonly [RequestOutcome, string, RawRequest])[] = [
  ["ok", "whole and right", { ...whole, content: "ok" }],
  ["bad-content", "whole and wrong", { ...whole, content: "bad" }],
  ["http-4xx", "404", { ...whole, status: 404, code: 1404, content: "bad" }],
  ["http-5xx", "503 that is no shedding", { ...whole, status: 503, code: 1503, content: "bad" }],
  ["shed", "503 with Retry-After", { ...whole, status: 503, code: 1503, shed: true }],
  ["shed", "429", { ...whole, status: 429, code: 1429, shed: true }],
  ["truncated", "closed within the body", { ...answering, code: 1000 }],
  ["stalled", "timed out within the body", { ...answering, code: 1050 }],
  ["reset", "reset within the body", { ...answering, code: 1220 }],
  ["reset", "reset before an answer", { ...connected, code: 1220 }],
  ["reset", "broken pipe", { ...connected, code: 1201 }],
  ["reset", "closed before an answer", { ...connected, code: 1000 }],
  ["timeout", "no answer", { ...connected, code: 1050 }],
  ["timeout", "timed out within the head", { ...beginning, code: 1050 }],
  ["reset", "closed within the head", { ...beginning, code: 1000 }],
  ["connect-timeout", "no connection in time", { ...sent, phase: "connect", code: 1050 }],
  ["connect-timeout", "the dial timed out by itself", { ...sent, phase: "connect", code: 1211 }],
  ["refused", "refused", { ...sent, phase: "connect", code: 1212 }],
  ["refused", "no route to host", { ...sent, phase: "connect", code: 1213 }],
  ["dns", "no such host", { ...sent, phase: "dns", code: 1101 }],
  ["dns", "no answer of the resolver in time", { ...sent, phase: "dns", code: 1050 }],
  ["tls", "a certificate of somebody else", { ...sent, phase: "tls", code: 1311 }],
  ["tls", "no handshake in time", { ...sent, phase: "tls", code: 1050 }],
];

test.each(table)("%s: %s", (outcome, _what, raw) => {
  const request = requestOf(raw, START_US);
  expect(request).toMatchObject({
    outcome,
    id: 7,
    scenario: "new",
    intendedUs: 140_000,
    startUs: 140_100,
    endUs: 145_000,
    attempts: 1,
  });
});

test("what was answered says by whom and when, what was not says nothing of it", () => {
  expect(requestOf({ ...whole, content: "ok" }, START_US)).toEqual({
    id: 7,
    scenario: "new",
    intendedUs: 140_000,
    startUs: 140_100,
    firstByteUs: 144_000,
    endUs: 145_000,
    attempts: 1,
    connection: "new",
    status: 200,
    backend: "pod-a",
    outcome: "ok",
  });
  expect(requestOf({ ...connected, code: 1050 }, START_US)).toMatchObject({ firstByteUs: null });
  const refused = requestOf({ ...sent, phase: "connect", code: 1212 }, START_US);
  expect(Object.keys(refused).sort()).toEqual(
    ["attempts", "endUs", "id", "intendedUs", "outcome", "scenario", "startUs"].sort(),
  );
});

test("a byte that came after the request was given up is no answer to it", () => {
  const late = { ...beginning, code: 1050, firstByteUs: 1_145_001 };
  expect(requestOf(late, START_US)).toMatchObject({ outcome: "timeout", firstByteUs: null });
  expect(requestOf({ ...beginning, code: 1050 }, START_US)).toMatchObject({ firstByteUs: 144_000 });
});

test("a dropped tick was never sent, an open request never ended", () => {
  const { startUs: _start, endUs: _end, ...asked } = sent;
  expect(requestOf({ ...asked, state: "dropped", attempts: 0 }, START_US)).toEqual({
    id: 7,
    scenario: "new",
    intendedUs: 140_000,
    attempts: 0,
    outcome: "dropped",
  });
  const { endUs: _never, ...open } = connected;
  expect(requestOf({ ...open, state: "open" }, START_US)).toEqual({
    id: 7,
    scenario: "new",
    intendedUs: 140_000,
    startUs: 140_100,
    attempts: 1,
    outcome: "open",
  });
});

test("what the generator cannot have seen is refused", () => {
  expect(() => requestOf(whole, START_US)).toThrow("request 7 of new was answered but not judged");
  const { firstByteUs: _first, ...cut } = { ...whole, content: "ok" as const };
  expect(() => requestOf(cut, START_US)).toThrow("request 7 of new (done) has no firstByteUs");
  expect(() => requestOf({ ...sent, code: 1020 }, START_US)).toThrow("cannot read its address");
});
