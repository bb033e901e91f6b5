// Carries one effect: `effect-child.ts <journal entry>`. It ends the effect by itself when the
// lease in its entry runs out, whoever of ours still lives. Imports little: one runs per effect.
import { setTimeout as sleep } from "node:timers/promises";

import type { ChildAnswer, JournalEntry } from "../model/agent-protocol.ts";
import { messageOf } from "../model/error.ts";
import type { Effect } from "../model/effect.ts";
import type { Us } from "../model/quantity.ts";
import { loadProgram, NothingDone, type EffectProgram } from "./effect-program.ts";
import { entryExists, markApplied, readEntry, removeEntry } from "./journal.ts";
import { nowUs } from "./monotonic.ts";

type Why = Extract<ChildAnswer, { did: "released" }>["why"];

const LOOK_MIN_MS = 20;
const LOOK_MAX_MS = 1_000;
const UNDO_TRIES_MAX = 20;

const path = process.argv[2] ?? "";
const released = new AbortController();

function say(answer: ChildAnswer): void {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}

/** To whoever holds it now, and to whoever will. */
function applied(stampUs: Us): void {
  try {
    markApplied(path, stampUs);
  } catch {
    // A full disk does not undo what is there.
  }
  say({ did: "applied", stampUs });
}

/** Half of what is left, so that a renewal in the journal is seen well before the end. */
function nextLookMs(leaseEndsUs: Us): number {
  const leftMs = (leaseEndsUs - nowUs()) / 1_000;
  return Math.min(Math.max(leftMs / 2, LOOK_MIN_MS), LOOK_MAX_MS, Math.max(leftMs, 0));
}

async function hold(program: EffectProgram<Effect>, entry: JournalEntry): Promise<Why> {
  let { leaseEndsUs } = entry;
  for (;;) {
    if (released.signal.aborted || !entryExists(path)) return "asked";
    const later = readEntry(path)?.leaseEndsUs ?? leaseEndsUs;
    if (later > leaseEndsUs) {
      leaseEndsUs = later;
      await program.extend(entry.held.effect, { id: entry.held.id, untilUs: leaseEndsUs });
    }
    if (nowUs() >= leaseEndsUs) return leaseEndsUs >= entry.deadlineUs ? "deadline" : "lapsed";
    await sleep(nextLookMs(leaseEndsUs), undefined, { signal: released.signal }).catch(() => {});
  }
}

/** The holder may be gone: tries for about a minute, then leaves it to the next holder. */
async function undo(program: EffectProgram<Effect>, { held }: JournalEntry): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    try {
      await program.undo(held.effect, held.id);
      return;
    } catch (error) {
      if (tries >= UNDO_TRIES_MAX) throw error;
      await sleep(Math.min(4_000, 100 * 2 ** tries));
    }
  }
}

async function main(): Promise<void> {
  const entry = readEntry(path);
  if (entry === null) throw new Error(`journal entry must be readable, got ${path}`);
  const program = await loadProgram(entry.held.effect.kind);
  let failure: unknown = null;
  let why: Why = "asked";
  try {
    const { held, leaseEndsUs: untilUs } = entry;
    const thereUs = await program.apply(held.effect, { id: held.id, untilUs });
    applied(thereUs ?? nowUs());
    why = await hold(program, entry);
  } catch (error) {
    failure = error;
  }
  if (!(failure instanceof NothingDone)) await undo(program, entry);
  removeEntry(path);
  if (failure === null) say({ did: "released", stampUs: nowUs(), why });
  else say({ did: "failed", message: messageOf(failure), undone: true });
}

process.on("SIGTERM", () => released.abort());
for (const signal of ["SIGHUP", "SIGINT", "SIGPIPE"] as const) process.on(signal, () => {});
// A holder that died has closed the other end: nobody listens, and the effect still has to end.
process.stdout.on("error", () => {});
process.stderr.on("error", () => {});

try {
  await main();
} catch (error) {
  say({ did: "failed", message: messageOf(error), undone: false });
  process.exitCode = 1;
}
