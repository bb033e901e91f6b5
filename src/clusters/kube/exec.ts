import type { ClientRequest, IncomingMessage } from "node:http";
import type { KubeConfig } from "@kubernetes/client-node";
import { messageOf, NinetyError } from "../../model/error.ts";
import { listAt, numberAt, textAt } from "../../model/json.ts";
import { ApiError, type ExecSession } from "../../ports/api.ts";
import { serverMessage } from "./answer.ts";
import { readBody, type Connection } from "./connection.ts";
import { LineSplitter, Tail } from "./lines.ts";

interface ExecOptions {
  readonly pod: { readonly namespace: string; readonly name: string; readonly container: string };
  readonly argv: readonly string[];
  readonly limitMs: number;
  readonly signal: AbortSignal | undefined;
}

/** The client library's socket (`ws`), as much of it as is used here; the package has no types. */
interface Socket {
  readonly bufferedAmount: number;
  send(data: Buffer): void;
  ping(): void;
  close(): void;
  terminate(): void;
  on(event: "close", take: (code: number) => void): void;
  on(event: "pong", take: () => void): void;
  on(event: "error", take: (error: Error) => void): void;
  on(
    event: "unexpected-response",
    take: (request: ClientRequest, answer: IncomingMessage) => void,
  ): void;
}

const MAX_LINE_BYTES = 2 ** 20;
const MAX_WAITING_LINES = 10_000;
const MAX_UNSENT_BYTES = 4 * 2 ** 20;
const STDERR_CHARS = 16_384;
/** A session may be silent for minutes: pings tell a quiet peer from a dead one. */
const PING_MS = 5_000;
const DEAD_MS = 20_000;
const CLOSE_MS = 2_000;
const CHANNEL = { stdin: 0, stdout: 1, stderr: 2, status: 3 } as const;

/** Starts a process in a container; throws ApiError with what the server refused it for. */
export async function openExec(connection: Connection, of: ExecOptions): Promise<ExecSession> {
  const { pod, argv, limitMs, signal } = of;
  signal?.throwIfAborted();
  const what = `exec ${pod.namespace}/${pod.name}/${pod.container}`;
  const { config } = await connection.config();
  const { WebSocketHandler } = await import("@kubernetes/client-node/dist/web-socket-handler.js");
  const session = new Session();
  const refusal = Promise.withResolvers<never>();
  const through = intercepted(config, limitMs, (socket) => {
    session.attach(socket);
    socket.on("unexpected-response", (request, answer) => {
      void refusedBy(what, answer).then((error) => {
        refusal.reject(error);
        request.destroy();
      });
    });
  });
  const abort = (): void => {
    refusal.reject(signal?.reason);
    session.close();
  };
  signal?.addEventListener("abort", abort, { once: true });
  void session.ended.then(() => signal?.removeEventListener("abort", abort));
  try {
    const handler = new WebSocketHandler(through, undefined, noStreams());
    const opened = handler.connect(execPath(pod, argv), null, (channel, data) =>
      session.take(channel, data),
    );
    await Promise.race([opened, refusal.promise]);
  } catch (error) {
    session.close();
    if (error instanceof ApiError || error instanceof NinetyError) throw error;
    if (signal?.aborted === true) throw signal.reason;
    throw new ApiError(`${what}: ${messageOfSocket(error)}`, 0, error);
  }
  session.opened();
  return session;
}

function execPath(pod: ExecOptions["pod"], argv: readonly string[]): string {
  const query = new URLSearchParams({
    stdin: "true",
    stdout: "true",
    stderr: "true",
    tty: "false",
  });
  query.append("container", pod.container);
  for (const word of argv) query.append("command", word);
  const { namespace, name } = pod;
  const path = `/api/v1/namespaces/${namespace}/pods/${encodeURIComponent(name)}/exec`;
  return `${path}?${query.toString()}`;
}

/** The same configuration, with a time limit for the handshake and a hand on the socket. */
function intercepted(
  config: KubeConfig,
  limitMs: number,
  take: (socket: Socket) => void,
): KubeConfig {
  return Object.assign(Object.create(config) as KubeConfig, {
    applyToHTTPSOptions: async (options: object): Promise<void> => {
      await config.applyToHTTPSOptions(options);
      Object.assign(options, {
        handshakeTimeout: limitMs,
        finishRequest: (request: ClientRequest, socket: Socket) => {
          take(socket);
          request.end();
        },
      });
    },
  });
}

/** The library would otherwise pause and end this process's own streams. */
function noStreams(): ConstructorParameters<
  typeof import("@kubernetes/client-node/dist/web-socket-handler.js").WebSocketHandler
>[2] {
  const nothing = { pause: () => undefined, end: () => undefined };
  return { stdin: nothing, stdout: nothing, stderr: nothing } as unknown as ReturnType<
    typeof noStreams
  >;
}

async function refusedBy(what: string, answer: IncomingMessage): Promise<ApiError> {
  const status = answer.statusCode ?? 0;
  const body = await readBody(answer).catch(() => "");
  return new ApiError(`${what}: ${status}: ${serverMessage(body)}`, status);
}

/** The socket rejects with an event that holds the error. */
function messageOfSocket(error: unknown): string {
  return error instanceof Error ? messageOf(error) : textAt(error, "message") || "no connection";
}

class Session implements ExecSession {
  readonly ended: Promise<{ readonly code: number | null; readonly stderr: string }>;
  readonly #end = Promise.withResolvers<{ code: number | null; stderr: string }>();
  readonly #lines = new LineSplitter(MAX_LINE_BYTES);
  readonly #stderr = new Tail(STDERR_CHARS);
  readonly #takers: ((line: string) => void)[] = [];
  #waiting: string[] = [];
  #socket: Socket | null = null;
  #code: number | null = null;
  #over = false;
  #heardMs = performance.now();
  #pings: NodeJS.Timeout | undefined;

  constructor() {
    this.ended = this.#end.promise;
  }

  attach(socket: Socket): void {
    this.#socket = socket;
    socket.on("pong", () => (this.#heardMs = performance.now()));
    socket.on("error", (error) => this.#stderr.add(`\n${messageOf(error)}`));
    socket.on("close", (code) => {
      if (this.#code === null) this.#stderr.add(`\nthe connection closed with code ${code}`);
      this.#finish();
    });
  }

  opened(): void {
    this.#heardMs = performance.now();
    if (!this.#over) this.#pings = setInterval(() => this.#beat(), PING_MS);
  }

  /** One message of one channel; false closes the connection. */
  take(channel: number, data: Buffer): boolean {
    this.#heardMs = performance.now();
    if (channel === CHANNEL.stdout) return this.#stdout(data);
    if (channel === CHANNEL.stderr) this.#stderr.add(data.toString("utf8"));
    if (channel !== CHANNEL.status) return true;
    this.#code = exitCode(data.toString("utf8"), this.#stderr);
    this.#finish();
    return false;
  }

  send(line: string): void {
    const socket = this.#socket;
    if (this.#over || socket === null) return;
    if (socket.bufferedAmount > MAX_UNSENT_BYTES) {
      this.#fail(`unsent input must be at most ${MAX_UNSENT_BYTES} bytes, got more`);
      return;
    }
    socket.send(Buffer.concat([Buffer.from([CHANNEL.stdin]), Buffer.from(`${line}\n`, "utf8")]));
  }

  onLine(take: (line: string) => void): void {
    this.#takers.push(take);
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const line of waiting) take(line);
  }

  close(): void {
    const socket = this.#socket;
    if (socket === null) {
      this.#finish();
      return;
    }
    socket.close();
    // A dead peer never answers the close.
    setTimeout(() => socket.terminate(), CLOSE_MS).unref();
  }

  #stdout(data: Buffer): boolean {
    try {
      for (const line of this.#lines.push(data)) this.#give(line);
    } catch (error) {
      this.#fail(messageOf(error));
    }
    return !this.#over;
  }

  #give(line: string): void {
    if (this.#takers.length > 0) for (const take of this.#takers) take(line);
    else if (this.#waiting.length < MAX_WAITING_LINES) this.#waiting.push(line);
    else throw new Error(`lines that nobody took must be at most ${MAX_WAITING_LINES}, got more`);
  }

  #beat(): void {
    if (performance.now() - this.#heardMs > DEAD_MS) this.#fail(`no sign of life in ${DEAD_MS} ms`);
    else this.#socket?.ping();
  }

  #fail(why: string): void {
    this.#stderr.add(`\n${why}`);
    this.#finish();
    this.#socket?.terminate();
  }

  #finish(): void {
    if (this.#over) return;
    this.#over = true;
    clearInterval(this.#pings);
    this.#end.resolve({ code: this.#code, stderr: this.#stderr.text().trim() });
  }
}

/** Exit code from the Status that ends a session; what else it says goes to stderr. */
export function exitCode(status: string, stderr: { add(text: string): void }): number | null {
  try {
    const said: unknown = JSON.parse(status);
    if (textAt(said, "status") === "Success") return 0;
    const cause = listAt(said, "details", "causes").find(
      (one) => textAt(one, "reason") === "ExitCode",
    );
    const code = numberAt(cause, "message");
    if (code !== undefined) return code;
    stderr.add(`\n${textAt(said, "message")}`);
  } catch {
    stderr.add(`\n${status.slice(0, 500)}`);
  }
  return null;
}
