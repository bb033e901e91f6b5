// Heals what a record leaves open, from its events alone, as `ninety heal <run>` does.
import { monotonicUs, realClock } from "../../src/cli/clock.ts";
import { healRun } from "../../src/kernel/heal.ts";
import { createHolders } from "../../src/kernel/holders.ts";
import { EXIT } from "../../src/model/error.ts";
import { readDone } from "../../src/store/read-record.ts";
import { reopenRunLog } from "../../src/store/run-log.ts";
import { injectorAt, readStep } from "./step.ts";

const { folder, holder } = readStep();
const { events } = await readDone(folder);
const startUs = monotonicUs();
const clock = realClock(startUs);
const log = await reopenRunLog(folder, clock, events);
const injector = injectorAt(holder, startUs);
const unhealed = await healRun(events, { clock, log, holders: createHolders([injector]) });
await log.close(false);
injector.close();
process.exit(unhealed.length === 0 ? EXIT.pass : EXIT.healFailed);
