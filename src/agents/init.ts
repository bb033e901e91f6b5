// The command of the agent's container: keeps a node agent running, so that ending the agent again
// and again is not a crash loop of the container. At SIGTERM the agent releases everything, then
// both end.
import { spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";

import { SMALL_NODE } from "./carrier.ts";

/** An agent that dies younger than this is started again only after a pause. */
const YOUNG_MS = 1_000;
const PAUSE_MS = 500;

let agent: ChildProcess | null = null;
let ending = false;

function start(): void {
  if (ending) return;
  const startedMs = performance.now();
  const args = [...SMALL_NODE, join(import.meta.dirname, "node-agent.ts")];
  agent = spawn(process.execPath, args, { stdio: ["ignore", "inherit", "inherit"] });
  agent.on("error", (error) => process.stderr.write(`init: node agent: ${error.message}\n`));
  agent.on("close", (code, signal) => {
    agent = null;
    if (ending) process.exit(code ?? 1);
    process.stderr.write(`init: the node agent ended with ${signal ?? `code ${code}`}\n`);
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
