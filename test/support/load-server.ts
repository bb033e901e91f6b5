// A server of predictions whose failures are asked for by message: `right`, `wrong`, `cut`,
// `stall`, `error`, `shed`; `counts` asks what it saw.
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { outputOf } from "./load-cases.ts";

export interface Counts {
  readonly requests: number;
  /** TCP connections whose requests asked to close them, and the requests on them. */
  readonly closing: { readonly connections: number; readonly requests: number };
  readonly kept: { readonly connections: number; readonly requests: number };
}

let mode = "right";
const sockets = new Map<Socket, { requests: number; closing: boolean }>();

function counts(): Counts {
  const of = (closing: boolean): Counts["kept"] => {
    const used = [...sockets.values()].filter((one) => one.requests > 0 && one.closing === closing);
    return { connections: used.length, requests: used.reduce((sum, one) => sum + one.requests, 0) };
  };
  const [closing, kept] = [of(true), of(false)];
  return { requests: closing.requests + kept.requests, closing, kept };
}

function answer(request: IncomingMessage, response: ServerResponse, body: string): void {
  const socket = sockets.get(request.socket);
  if (socket) {
    socket.requests++;
    socket.closing = request.headers.connection === "close";
  }
  const { instances } = JSON.parse(body) as { instances: number[][] };
  const predictions = instances.map((input) =>
    outputOf(input).map((value) => (mode === "wrong" ? value + 0.01 : value)),
  );
  const text = JSON.stringify({ predictions });
  response.setHeader("x-backend", "pod-a");
  if (mode === "error") response.writeHead(500).end("{}");
  else if (mode === "shed") response.writeHead(503, { "retry-after": "1" }).end("{}");
  else if (mode === "cut" || mode === "stall") {
    response.writeHead(200, { "content-length": text.length });
    response.write(text.slice(0, 10), () => {
      if (mode === "cut") request.socket.end();
    });
  } else response.end(text);
}

const server = createServer((request, response) => {
  let body = "";
  request.on("data", (data: Buffer) => (body += data.toString()));
  request.on("end", () => answer(request, response, body));
});
server.keepAliveTimeout = 75_000;
server.on("connection", (socket) => sockets.set(socket, { requests: 0, closing: false }));
process.on("message", (asked: string) => {
  if (asked === "counts") process.send?.(counts());
  else {
    mode = asked;
    process.send?.(mode);
  }
});
process.on("disconnect", () => process.exit());
server.listen({ host: "127.0.0.1", port: 0, backlog: Number(process.argv[2] ?? 511) }, () => {
  process.send?.(server.address());
});
