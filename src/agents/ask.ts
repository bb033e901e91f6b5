import type { AgentAsk } from "../model/agent-protocol.ts";
import type { EffectKind, Held, Lease } from "../model/effect.ts";
import { at, numberAt, textAt } from "../model/json.ts";

const DEADLINE_MAX_MS = 24 * 3_600_000 + 60_000;
const IDS_MAX = 1_000;
/** The journal names a file by it. */
const ID_ENCODED_MAX = 240;

/** Reads one line of the protocol. Throws `rule, got value`. */
export function readAsk(value: unknown): AgentAsk {
  const ask = numberAt(value, "ask");
  if (ask === undefined) throw new Error(`ask must be a number, got ${show(at(value, "ask"))}`);
  const what = textAt(value, "do");
  switch (what) {
    case "hello":
    case "list":
      return { ask, do: what };
    case "renew":
      return { ask, do: what, ids: readIds(at(value, "ids")) };
    case "stop":
      return { ask, do: what, held: readHeld(at(value, "held")) };
    case "start":
      return {
        ask,
        do: what,
        held: readHeld(at(value, "held")),
        lease: readLease(at(value, "lease")),
      };
    default:
      throw new Error(`do must be hello, start, renew, stop or list, got ${show(what)}`);
  }
}

/** Whether the effect is one that a holder knows how to hold. */
export function isOneOf(kinds: readonly EffectKind[], { effect }: Held): boolean {
  return kinds.includes(effect.kind);
}

function readIds(value: unknown): readonly string[] {
  if (!Array.isArray(value) || value.length > IDS_MAX) {
    throw new Error(`ids must be a list of at most ${IDS_MAX}, got ${show(value)}`);
  }
  return value.map(readId);
}

function readId(value: unknown): string {
  const fits = typeof value === "string" && /^[\x21-\x7e]+$/.test(value);
  if (!fits || encodeURIComponent(value).length > ID_ENCODED_MAX) {
    throw new Error(
      `id must be 1 to ${ID_ENCODED_MAX} printable characters once encoded, got ${show(value)}`,
    );
  }
  return value;
}

function readHeld(value: unknown): Held {
  readId(at(value, "id"));
  if (textAt(value, "effect", "kind") === "") {
    throw new Error(`effect must have a kind, got ${show(at(value, "effect"))}`);
  }
  return value as Held;
}

function readLease(value: unknown): Lease {
  const leaseMs = readMs("leaseMs", at(value, "leaseMs"));
  return { leaseMs, deadlineMs: readMs("deadlineMs", at(value, "deadlineMs")) };
}

function readMs(name: string, value: unknown): number {
  if (typeof value === "number" && value > 0 && value <= DEADLINE_MAX_MS) return value;
  throw new Error(`${name} must be over 0 and at most ${DEADLINE_MAX_MS} ms, got ${show(value)}`);
}

const show = (value: unknown): string => (JSON.stringify(value) ?? "nothing").slice(0, 200);
