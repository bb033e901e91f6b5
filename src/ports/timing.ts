// When steps begin, as functions from steps to steps: what they say stands in the plan.
import { ms, type Duration, type Ms } from "../model/quantity.ts";
import type { Step } from "./fault.ts";

type Steps = readonly [Step, ...(readonly Step[])];

const TIMES_MAX = 100;

/**
 * One after the other, in the order written: each begins `gap` after what is before it has healed.
 * A step's own `at` counts from its turn. `faults: inTurn([gpuLost({ … }), podKill({ … })])`.
 * Throws `what: rule, got value` where a time is none.
 */
export function inTurn(steps: Steps, options: { readonly gap?: Duration } = {}): Steps {
  const gapMs = durationOf("inTurn.gap", options.gap ?? "0s");
  let fromMs = 0;
  return steps.map((step) => {
    const later = shifted(step, fromMs);
    fromMs = endMs(later) + gapMs;
    return later;
  }) as readonly Step[] as Steps;
}

/**
 * The same steps again and again, `every` from one begin to the next; every time targets are drawn
 * anew. `times` 1 to 100. Throws where a turn would begin before the one before it has healed:
 * a thing that is held already cannot be held again.
 */
export function repeat(
  steps: Step | Steps,
  options: { readonly times: number; readonly every: Duration },
): Steps {
  const { times } = options;
  if (!Number.isInteger(times) || times < 1 || times > TIMES_MAX) {
    throw new Error(`repeat.times must be 1 to ${TIMES_MAX}, got ${JSON.stringify(times)}`);
  }
  const everyMs = durationOf("repeat.every", options.every);
  const turn = "definition" in steps ? [steps] : steps;
  const beginMs = Math.min(...turn.map(atMs));
  const lastsMs = Math.max(...turn.map(endMs)) - beginMs;
  if (times > 1 && everyMs <= lastsMs) {
    throw new Error(`repeat.every must be more than ${lastsMs}ms, a turn, got ${options.every}`);
  }
  const turns = Array.from({ length: times }, (_, nth) =>
    turn.map((step) => shifted(step, nth * everyMs)),
  );
  return turns.flat() as readonly Step[] as Steps;
}

function shifted(step: Step, byMs: Ms): Step {
  if (byMs === 0) return step;
  return { ...step, options: { ...step.options, at: `${atMs(step) + byMs}ms` } };
}

const written = (step: Step, field: "at" | "for"): unknown =>
  (step.options as Readonly<Record<string, unknown>>)[field];

const atMs = (step: Step): Ms => durationOf(`${step.fault}.at`, written(step, "at") ?? "0s");

/** When it has healed; what happens once is over when it begins. */
function endMs(step: Step): Ms {
  const forMs = step.definition.lasts === "once" ? 0 : written(step, "for");
  return atMs(step) + (forMs === 0 ? 0 : durationOf(`${step.fault}.for`, forMs));
}

function durationOf(what: string, text: unknown): Ms {
  try {
    return ms(text);
  } catch (error) {
    throw new Error(`${what} ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  }
}
