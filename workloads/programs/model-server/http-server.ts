import { type IncomingMessage, type Server, type ServerResponse, createServer } from "node:http";
import { messageOf } from "../../../src/model/error.ts";
import { type Log, monotonicUs } from "../shared/log.ts";
import type { Config } from "./config.ts";
import type { Health } from "./health.ts";
import type { Metrics, Outcome } from "./metrics.ts";
import type { Rest } from "./rest.ts";
import { type Route, type Wanted, routeOf } from "./route.ts";
import { type Answer, StatusError, VERSION_HEADER, errorAnswer } from "./status.ts";

/** Clients keep connections for a minute and more; ours must not be the first to close. */
const KEEP_ALIVE_MS = 90_000;
const HEADERS_MS = 100_000;
const REQUEST_MS = 120_000;
const CONNECTIONS_MAX = 4_096;

export interface HttpServerParts {
  readonly config: Config;
  readonly rest: Rest;
  readonly health: Health;
  readonly metrics: Metrics;
  readonly log: Log;
}

/** node:http in front of the answers: limits, headers, probes in the log, drain. */
export class HttpServer {
  readonly #of: HttpServerParts;
  readonly #server: Server;
  #draining = false;
  #open = 0;
  #lastRequestMs = 0;

  constructor(of: HttpServerParts) {
    this.#of = of;
    this.#server = createServer((request, response) => void this.#handle(request, response));
    this.#server.keepAliveTimeout = KEEP_ALIVE_MS;
    this.#server.headersTimeout = HEADERS_MS;
    this.#server.requestTimeout = REQUEST_MS;
    this.#server.maxConnections = CONNECTIONS_MAX;
  }

  /** Resolves with the port once it is open. */
  listen(): Promise<number> {
    const { host, port } = this.#of.config;
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, host, () => {
        const address = this.#server.address();
        resolve(typeof address === "object" && address ? address.port : port);
      });
    });
  }

  /**
   * Goes on serving, each answer with `Connection: close`, until no request came for
   * `drainQuietMs` and none is open, or the grace is over. Resolves with what was still open.
   */
  async drain(): Promise<number> {
    const { drainGraceMs, drainQuietMs } = this.#of.config;
    const startMs = performance.now();
    this.#draining = true;
    this.#lastRequestMs = startMs;
    const done = (): boolean => {
      const nowMs = performance.now();
      const quiet = this.#open === 0 && nowMs - this.#lastRequestMs >= drainQuietMs;
      return quiet || nowMs - startMs >= drainGraceMs;
    };
    while (!done()) await new Promise((resolve) => setTimeout(resolve, 20));
    const left = this.#open;
    this.#server.close();
    this.#server.closeAllConnections();
    return left;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const atUs = monotonicUs();
    const path = (request.url ?? "/").split("?", 1)[0] ?? "/";
    response.setHeader("x-backend", this.#of.config.podName);
    const isPredict = path.toLowerCase().endsWith(":predict");
    if (isPredict) this.#begin();
    const answer = await this.#answer(request, response, path, isPredict);
    if (isPredict) this.#open -= 1;
    if (this.#draining) response.setHeader("connection", "close");
    this.#probe(request, path, answer.status, atUs);
    for (const [name, value] of Object.entries(answer.headers ?? {})) {
      response.setHeader(name, value);
    }
    response.statusCode = answer.status;
    response.end(answer.body);
  }

  #begin(): void {
    this.#open += 1;
    this.#lastRequestMs = performance.now();
  }

  async #answer(
    request: IncomingMessage,
    response: ServerResponse,
    path: string,
    isPredict: boolean,
  ): Promise<Answer> {
    const startMs = performance.now();
    let code = "OK";
    let answer: Answer;
    try {
      answer = await this.#dispatch(routeOf(request.method ?? "", path), request, response);
    } catch (error) {
      const told =
        error instanceof StatusError ? error : new StatusError("INTERNAL", messageOf(error));
      code = told.code;
      answer = code === "CANCELLED" ? { ...errorAnswer(told), body: "" } : errorAnswer(told);
    }
    if (isPredict) {
      const seconds = (performance.now() - startMs) / 1_000;
      this.#of.metrics.request(outcomeOf(code), code, seconds, answer.headers?.[VERSION_HEADER]);
    }
    return answer;
  }

  #dispatch(
    route: Route,
    request: IncomingMessage,
    response: ServerResponse,
  ): Answer | Promise<Answer> {
    const { rest, health } = this.#of;
    switch (route.to) {
      case "nothing":
        break;
      case "ready":
        return health.ready();
      case "live":
        return health.live();
      case "metrics":
        return this.#metrics();
      case "status":
        return rest.status(route.of);
      case "metadata":
        return rest.metadata(route.of);
      case "predict":
        return this.#predict(route.of, request, response);
      case "classify":
      case "regress":
        return this.#otherMethod(route.to, route.of, request);
    }
    return { status: 404, body: "" };
  }

  async #metrics(): Promise<Answer> {
    const { metrics } = this.#of;
    const body = await metrics.text();
    return { status: 200, body, headers: { "content-type": metrics.contentType } };
  }

  async #predict(of: Wanted, request: IncomingMessage, response: ServerResponse): Promise<Answer> {
    const gone = new AbortController();
    response.once("close", () => gone.abort());
    const text = await readBody(request, this.#of.config.bodyMaxBytes);
    return this.#of.rest.predict(of, text, gone.signal);
  }

  async #otherMethod(
    method: "classify" | "regress",
    of: Wanted,
    request: IncomingMessage,
  ): Promise<Answer> {
    const text = await readBody(request, this.#of.config.bodyMaxBytes);
    return this.#of.rest.otherMethod(method, of, text);
  }

  /** The kubelet's probes, and whoever else asks after our health. */
  #probe(request: IncomingMessage, path: string, status: number, atUs: number): void {
    const userAgent = request.headers["user-agent"] ?? "";
    if (!userAgent.startsWith("kube-probe") && !path.startsWith("/health/")) return;
    this.#of.log("probe", { path, status, userAgent, atUs, tookUs: monotonicUs() - atUs });
  }
}

/** Rejects with INVALID_ARGUMENT when it is larger than that, CANCELLED when it ends early. */
async function readBody(request: IncomingMessage, maxBytes: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      bytes += chunk.length;
      if (bytes > maxBytes) {
        throw new StatusError("INVALID_ARGUMENT", `The body must be at most ${maxBytes} bytes`);
      }
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof StatusError) throw error;
    throw new StatusError("CANCELLED", messageOf(error));
  }
  return Buffer.concat(chunks).toString("utf8");
}

function outcomeOf(code: string): Outcome {
  switch (code) {
    case "OK":
      return "ok";
    case "UNAVAILABLE":
      return "shed";
    case "DEADLINE_EXCEEDED":
      return "deadline";
    case "CANCELLED":
      return "gone";
    case "INVALID_ARGUMENT":
    case "NOT_FOUND":
      return "refused";
    default:
      return "error";
  }
}
