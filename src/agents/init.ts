// The command of a holder's container, `init.ts [<program> <argument>…]`: keeps the node agent or
// the guard running, so that ending it again and again is not a crash loop of the container, and
// the children that carry its effects outlive it. At SIGTERM it releases everything, then both end.
import { spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";

import { SMALL_NODE } from "./carrier.ts";

/** An agent that dies younger than this is started again only after a pause. */
const YOUNG_MS = 1_000;
const PAUSE_MS = 500;

const [program = "node-agent.ts", ...rest] = process.argv.slice(2);
let agent: ChildProcess | null = null;
let ending = false;

function start(): void {
  if (ending) return;
  const startedMs = performance.now();
  const args = [...SMALL_NODE, join(import.meta.dirname, program), ...rest];
  agent = spawn(process.execPath, args, { stdio: ["ignore", "inherit", "inherit"] });
  agent.on("error", (error) => process.stderr.write(`init: ${program}: ${error.message}\n`));
  agent.on("close", (code, signal) => {
    agent = null;
    if (ending) process.exit(code ?? 1);
    process.stderr.write(`init: ${program} ended with ${signal ?? `code ${code}`}\n`);
    setTimeout(start, performance.now() - startedMs < YOUNG_MS ? PAUSE_MS : 0);
  });
}

function end(): void {
  ending = true;
  if (agent === null) process.exit(0);
  agent.kill("SIGTERM");
}

process.on("SIGTERM", end);
process.on("SIGINT", end);
start();
