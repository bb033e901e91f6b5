import {
  Agent,
  createServer,
  request as ask,
  type ClientRequest,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from "node:http";
import { messageOf } from "../../../src/model/error.ts";
import type { Log } from "../shared/log.ts";

/** Clients keep connections for a minute and more; ours must not be the first to close. */
const KEEP_ALIVE_MS = 90_000;
const CONNECTIONS_MAX = 4_096;
const DRAIN_LOOK_MS = 20;
/** Of one connection from hop to hop: they are not passed on. */
const OWN_HEADERS = ["connection", "keep-alive", "transfer-encoding", "upgrade", "host"];

export interface RelaySettings {
  readonly upstream: { readonly host: string; readonly port: number };
  /** From a request's arrival to the first byte of the upstream's answer. */
  readonly timeoutMs: number;
  /** Connections to the upstream that are kept and shared. */
  readonly connectionsMax: number;
  readonly podName: string;
}

/**
 * A tier: passes each request on to the upstream over connections that it keeps, and its answer
 * back. No answer in time is 504, no upstream 502; nothing is asked twice. `/health` answers by
 * itself, whatever becomes of the upstream.
 */
export class Relay {
  readonly #settings: RelaySettings;
  readonly #log: Log;
  readonly #agent: Agent;
  readonly #server: Server;
  #open = 0;

  constructor(settings: RelaySettings, log: Log) {
    this.#settings = settings;
    this.#log = log;
    this.#agent = new Agent({ keepAlive: true, maxSockets: settings.connectionsMax });
    this.#server = createServer((request, response) => this.#handle(request, response));
    this.#server.keepAliveTimeout = KEEP_ALIVE_MS;
    this.#server.maxConnections = CONNECTIONS_MAX;
  }

  /** Resolves with the port once it is open. */
  listen(port: number, host: string): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, host, () => {
        const address = this.#server.address();
        resolve(typeof address === "object" && address ? address.port : port);
      });
    });
  }

  /** Takes requests for `quietMs` more, ends open ones for at most `graceMs`, then closes. */
  async drain({ quietMs, graceMs }: { readonly quietMs: number; readonly graceMs: number }) {
    const startMs = performance.now();
    const passedMs = (): number => performance.now() - startMs;
    while (passedMs() < quietMs || (this.#open > 0 && passedMs() < graceMs)) {
      await new Promise((resolve) => setTimeout(resolve, DRAIN_LOOK_MS));
    }
    this.#server.close();
    this.#server.closeAllConnections();
    this.#agent.destroy();
  }

  #handle(request: IncomingMessage, response: ServerResponse): void {
    response.setHeader("x-relay", this.#settings.podName);
    if (request.url === "/health") {
      response.end("ok\n");
      return;
    }
    this.#open += 1;
    response.once("close", () => (this.#open -= 1));
    const { upstream, timeoutMs } = this.#settings;
    const asked = ask({
      ...upstream,
      agent: this.#agent,
      method: request.method,
      path: request.url,
      headers: { ...passedOn(request.headers), host: `${upstream.host}:${upstream.port}` },
    });
    // What is read of the request's body waits for the upstream to take it.
    request.pipe(asked);
    this.#answer(asked, response, timeoutMs);
  }

  #answer(asked: ClientRequest, response: ServerResponse, timeoutMs: number): void {
    let late = false;
    const limit = setTimeout(() => {
      late = true;
      asked.destroy(new Error(`no answer in ${timeoutMs} ms`));
    }, timeoutMs);
    response.once("close", () => {
      clearTimeout(limit);
      asked.destroy();
    });
    asked.once("response", (answer) => {
      clearTimeout(limit);
      response.writeHead(answer.statusCode ?? 502, passedOn(answer.headers));
      answer.pipe(response);
      // An answer that breaks off must not look whole.
      answer.once("error", () => response.destroy());
    });
    asked.once("error", (error) => {
      clearTimeout(limit);
      if (response.destroyed) return;
      this.#log("upstream-failed", { late, message: messageOf(error) });
      if (response.headersSent) response.destroy();
      else response.writeHead(late ? 504 : 502).end(late ? "upstream is late\n" : "no upstream\n");
    });
  }
}

function passedOn(headers: IncomingMessage["headers"]): IncomingMessage["headers"] {
  return Object.fromEntries(
    Object.entries(headers).filter(([name]) => !OWN_HEADERS.includes(name)),
  );
}
