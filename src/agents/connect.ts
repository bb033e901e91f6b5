// Bridges its standard streams to the agent's socket: what the engine's one long exec runs. Waits
// for an agent that is just being started again; ends when either side ends.
import { connect, type Socket } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

import { messageOf } from "../model/error.ts";
import { agentSocketPath } from "./agent-socket.ts";

const WAIT_MAX_MS = 10_000;
const RETRY_MS = 50;

function open(path: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(path);
    socket.once("error", reject);
    socket.once("connect", () => {
      socket.off("error", reject);
      resolve(socket);
    });
  });
}

async function openWithin(path: string, atMostMs: number): Promise<Socket> {
  const untilMs = performance.now() + atMostMs;
  for (;;) {
    try {
      return await open(path);
    } catch (error) {
      if (performance.now() >= untilMs) {
        throw new Error(
          `agent at ${path}: must answer within ${atMostMs} ms, got ${messageOf(error)}`,
          { cause: error },
        );
      }
    }
    await sleep(RETRY_MS);
  }
}

function end(code: number, message = ""): void {
  if (message !== "") process.stderr.write(`connect: ${message}\n`);
  process.exit(code);
}

try {
  const socket = await openWithin(agentSocketPath(), WAIT_MAX_MS);
  socket.on("error", (error) => end(1, error.message));
  socket.on("close", () => end(1, "the agent ended"));
  process.stdin.on("end", () => end(0));
  process.stdin.on("error", () => end(0));
  process.stdout.on("error", () => end(0));
  process.stdin.pipe(socket);
  socket.pipe(process.stdout);
} catch (error) {
  end(1, messageOf(error));
}
