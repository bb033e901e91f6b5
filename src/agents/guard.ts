// Holds what no agent on a node can end: `guard.ts --config <file>`, the file a GuardConfig.
import { resolve } from "node:path";
import { parseArgs } from "node:util";

import { kindsDoneBy } from "../model/effect-facts.ts";
import { GUARD_CONFIG_ENV, guardConfig } from "./guard-config.ts";
import { runHolder } from "./holder-program.ts";
import { SWITCH_MAX_MS } from "./run-argv.ts";

const { values } = parseArgs({ options: { config: { type: "string" } } });
if (values.config === undefined) throw new Error("guard: --config must name a file, got nothing");
const path = resolve(values.config);
// The children that carry its effects read the same file.
process.env[GUARD_CONFIG_ENV] = path;
const config = guardConfig(path);

await runHolder({
  name: "guard",
  socketPath: config.socketPath,
  journalFolder: config.journalFolder,
  kinds: kindsDoneBy("api", "machine"),
  // A switch that is under way, then the switch back.
  releaseMaxMs: 2 * SWITCH_MAX_MS,
});
