import { chmodSync, mkdirSync, rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { dirname } from "node:path";

import type { AgentAnswer } from "../model/agent-protocol.ts";
import { messageOf } from "../model/error.ts";
import { numberAt } from "../model/json.ts";
import { readAsk } from "./ask.ts";
import type { Holder } from "./holder.ts";

const CONNECTIONS_MAX = 32;
const PENDING_MAX = 256;
const LINE_MAX_CHARS = 1_048_576;

/**
 * Speaks the protocol for a holder on a unix socket that only its owner may open. Throws when
 * another holder already listens there; a socket that nobody answers on is replaced.
 */
export async function serveHolder(socketPath: string, holder: Holder): Promise<Server> {
  mkdirSync(dirname(socketPath), { recursive: true });
  rmSync(socketPath, { force: true });
  const server = createServer((socket) => serve(socket, holder));
  server.maxConnections = CONNECTIONS_MAX;
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(socketPath, resolve);
  });
  chmodSync(socketPath, 0o600);
  return server;
}

/** Whether somebody listens there: two holders of one journal would undo each other's effects. */
export function answersAt(socketPath: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(socketPath);
    const end = (answers: boolean): void => {
      socket.destroy();
      resolve(answers);
    };
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
  });
}

function serve(socket: Socket, holder: Holder): void {
  let buffer = "";
  let pending = 0;
  const answer = async (line: string): Promise<void> => {
    pending += 1;
    const told = await answerLine(line, holder);
    pending -= 1;
    if (socket.writable) socket.write(`${JSON.stringify(told)}\n`);
  };
  socket.setEncoding("utf8");
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk: string) => {
    const lines = (buffer + chunk).split("\n");
    buffer = lines.pop() ?? "";
    if (buffer.length > LINE_MAX_CHARS || pending + lines.length > PENDING_MAX) {
      socket.destroy();
      return;
    }
    for (const line of lines) if (line !== "") void answer(line);
  });
}

async function answerLine(line: string, holder: Holder): Promise<AgentAnswer> {
  let value: unknown = null;
  try {
    value = JSON.parse(line);
    return await holder.answer(readAsk(value));
  } catch (error) {
    return { re: numberAt(value, "ask") ?? -1, ok: false, message: messageOf(error) };
  }
}
