import { describe, expect, test } from "vitest";

import { readAsk } from "../../src/agents/ask.ts";

const held = { id: "r/f1.0", effect: { kind: "power", node: "n1" } };
const lease = { leaseMs: 10_000, deadlineMs: 90_000 };

describe("readAsk", () => {
  test("reads what the protocol allows", () => {
    expect(readAsk({ ask: 1, do: "start", held, lease })).toEqual({
      ask: 1,
      do: "start",
      held,
      lease,
    });
    expect(readAsk({ ask: 2, do: "renew", ids: ["a"] })).toEqual({
      ask: 2,
      do: "renew",
      ids: ["a"],
    });
    expect(readAsk({ ask: 3, do: "list" })).toEqual({ ask: 3, do: "list" });
  });

  test.each([
    [null, "ask must be a number"],
    [{ ask: 1, do: "reset" }, "do must be hello, start"],
    [{ ask: 1, do: "stop", held: { ...held, id: "" } }, "id must be 1 to 240"],
    [{ ask: 1, do: "stop", held: { ...held, id: "/".repeat(81) } }, "id must be 1 to 240"],
    [{ ask: 1, do: "stop", held: { id: "a" } }, "effect must have a kind"],
    [{ ask: 1, do: "start", held }, "leaseMs must be over 0"],
    [
      { ask: 1, do: "start", held, lease: { ...lease, deadlineMs: 0 } },
      "deadlineMs must be over 0",
    ],
    [{ ask: 1, do: "start", held, lease: { ...lease, leaseMs: 1e12 } }, "leaseMs must be over 0"],
    [{ ask: 1, do: "renew", ids: "a" }, "ids must be a list"],
    [{ ask: 1, do: "renew", ids: [1] }, "id must be"],
  ])("refuses %j", (value, message) => {
    expect(() => readAsk(value)).toThrow(message);
  });
});
