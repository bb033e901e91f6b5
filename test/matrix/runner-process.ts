// A runner that can be killed: the kernel's loop with one step over a real holder. It says where it
// is, one JSON object a line, and stays at one place until a line on its standard input.
import { createInterface } from "node:readline";
import { once } from "node:events";

import { monotonicUs, realClock } from "../../src/cli/clock.ts";
import { createCrew } from "../../src/kernel/crew.ts";
import { createHolders } from "../../src/kernel/holders.ts";
import { cutsControlPath, leaseOf } from "../../src/kernel/lease.ts";
import type { System } from "../../src/kernel/run-system.ts";
import { run } from "../../src/kernel/runner.ts";
import { happensOnce } from "../../src/model/effect-facts.ts";
import { EXIT, messageOf } from "../../src/model/error.ts";
import type { Plan, PlannedStep } from "../../src/model/plan.ts";
import type { Injector } from "../../src/ports/injector.ts";
import { openRunLog } from "../../src/store/run-log.ts";
import type { Moment } from "./cells.ts";
import { injectorAt, readStep, type Step } from "./step.ts";

const step = readStep();
const ID = "f01";
const told = createInterface({ input: process.stdin });
// Nobody is left to tell it to go on.
told.once("close", () => process.exit(EXIT.internal));

async function at(moment: Moment): Promise<void> {
  const goes = moment === step.waitsAt ? once(told, "line") : null;
  process.stdout.write(`${JSON.stringify({ at: moment })}\n`);
  await goes;
}

/** The injector, and where the step is. */
function watched(real: Injector): Injector {
  let isAfter = false;
  return {
    name: real.name,
    accepts: (effect) => real.accepts(effect),
    list: (signal) => real.list(signal),
    async start(held, lease, signal) {
      await at("before inject");
      const asked = real.start(held, lease, signal);
      asked.catch(() => {});
      await at("during inject");
      return asked;
    },
    async renew(ids, signal) {
      const held = await real.renew(ids, signal);
      if (held.length > 0 && !isAfter) {
        isAfter = true;
        await at("after");
      }
      return held;
    },
    async stop(held, signal) {
      const asked = real.stop(held, signal);
      asked.catch(() => {});
      await at("during heal");
      return asked;
    },
  };
}

function planOf({ effect, holdMs }: Step): Plan {
  const one: PlannedStep = {
    id: ID,
    fault: effect.kind,
    params: {},
    on: { kind: "node", part: "any", count: 1 },
    slots: [0],
    injectMs: 0,
    healMs: holdMs,
    follow: false,
  };
  return {
    schema: 1,
    experiment: "kills",
    hypothesis: "Whoever is killed, what was begun ends.",
    seed: step.run,
    phasesMs: { warmup: 0, steady: 0, faults: holdMs ?? 0, observe: 1_000 },
    steps: [one],
    stack: [],
    checks: [],
    accepts: [],
  } as unknown as Plan;
}

const startUs = monotonicUs();
const clock = realClock(startUs);
const log = await openRunLog(step.folder, clock);
const real = injectorAt(step.holder, startUs);
const plan = planOf(step);
const { effect, leasing } = step;
const nothing = async (): Promise<void> => {};

const system: System = {
  clock,
  log,
  leasing,
  holders: createHolders([watched(real)]),
  preflight: async (_plan, signal) => void (await real.list(signal)),
  deploy: nothing,
  watch: nothing,
  resolve: async () => ({ targets: [], effects: [{ id: `${step.run}/${ID}.0`, effect }] }),
  lease: (one, forMs) => {
    const cutting = new Set(cutsControlPath(effect) ? [one.id] : []);
    return leaseOf(one, forMs, { plan, cutting, leasing });
  },
  replaced: async (untilMs, signal) => {
    await clock.until(untilMs, signal);
    return undefined;
  },
  prove: nothing,
  // What happens once is over; whoever held something stays until it is healed.
  settled: async () => (happensOnce(effect) ? at("after") : undefined),
  remove: nothing,
};

const { unhealed, failure } = await run(
  plan,
  system,
  createCrew(clock, new AbortController().signal),
);
await log.close(false);
real.close();
if (failure !== null) process.stderr.write(`${failure.phase}: ${messageOf(failure.error)}\n`);
process.exit(unhealed.length === 0 ? EXIT.pass : EXIT.healFailed);
