import http, { type IncomingMessage, type RequestOptions } from "node:http";
import https from "node:https";
import type { Cluster, KubeConfig } from "@kubernetes/client-node";
import { EXIT, messageOf, NinetyError } from "../../model/error.ts";

/** One request as it goes out; `path` without the server, with or without a leading slash. */
export interface RawRequest {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  readonly path: string;
  readonly body?: string;
  readonly contentType?: string;
}

const MAX_BODY_BYTES = 64 * 2 ** 20;

/**
 * The way to one API server: kubeconfig, credentials, kept-alive sockets. The client library is
 * loaded with the first request: it costs a quarter of a second that `--help` should not pay.
 */
export class Connection {
  readonly #kubeconfigPath: string;
  readonly #context: string | undefined;
  readonly #secure = new https.Agent({ keepAlive: true });
  readonly #plain = new http.Agent({ keepAlive: true });
  #config: Promise<{ readonly config: KubeConfig; readonly cluster: Cluster }> | null = null;

  constructor(kubeconfigPath: string, context?: string) {
    this.#kubeconfigPath = kubeconfigPath;
    this.#context = context;
  }

  /** Throws NinetyError with exit 4 where the kubeconfig is missing, broken or without it. */
  async config(): Promise<{ readonly config: KubeConfig; readonly cluster: Cluster }> {
    this.#config ??= loadConfig(this.#kubeconfigPath, this.#context);
    try {
      return await this.#config;
    } catch (error) {
      this.#config = null;
      throw error;
    }
  }

  /** Resolves with the head of the answer; the signal also ends a body that is still coming. */
  async open(request: RawRequest, signal: AbortSignal): Promise<IncomingMessage> {
    const { config, cluster } = await this.config();
    const headers: Record<string, string | number> = { accept: "application/json" };
    const options: https.RequestOptions = { headers };
    // Each time anew: tokens expire and certificates rotate while a run goes on.
    await config.applyToHTTPSOptions(options);
    const url = new URL(
      `${cluster.server.replace(/\/+$/, "")}/${request.path.replace(/^\/+/, "")}`,
    );
    const secure = url.protocol === "https:";
    if (cluster.proxyUrl === undefined) options.agent = secure ? this.#secure : this.#plain;
    options.method = request.method;
    signal.throwIfAborted();
    if (request.body !== undefined) {
      headers["content-type"] = request.contentType ?? "application/json";
      headers["content-length"] = Buffer.byteLength(request.body);
    }
    return send(secure ? https.request : http.request, url, options, request, signal);
  }
}

type Requester = (url: URL, options: RequestOptions) => http.ClientRequest;

/**
 * A kept-alive socket that the server closed while it lay idle fails with a reset before anything
 * was answered; only what may be done twice is sent a second time.
 */
async function send(
  requester: Requester,
  url: URL,
  options: RequestOptions,
  request: RawRequest,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const once = (): Promise<IncomingMessage> =>
    new Promise((resolve, reject) => {
      const sent = requester(url, options);
      // Not the `signal` option: it destroys with an error, and on a socket that is just going back
      // to its agent nobody listens for one.
      const abort = (): void => void sent.destroy();
      signal.addEventListener("abort", abort, { once: true });
      sent.once("close", () => signal.removeEventListener("abort", abort));
      sent.once("response", (answer) => {
        // Who reads the body meets its errors; one that comes after the reading is nobody's.
        answer.on("error", () => undefined);
        resolve(answer);
      });
      sent.on("error", (error) => {
        reject(Object.assign(error, { onReusedSocket: sent.reusedSocket }));
      });
      sent.end(request.body);
    });
  const repeatable = request.method === "GET" || request.contentType === APPLY_TYPE;
  for (let left = 2; ; left -= 1) {
    try {
      return await once();
    } catch (error) {
      const stale = (error as { onReusedSocket?: boolean }).onReusedSocket === true;
      if (!stale || !repeatable || left === 0 || signal.aborted) throw error;
    }
  }
}

/** Server-side apply: the same bytes twice are the same object. */
export const APPLY_TYPE = "application/apply-patch+yaml";

/** The whole body as text; at most 64 MiB, more is an error. */
export async function readBody(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer) {
    bytes += (chunk as Buffer).length;
    if (bytes > MAX_BODY_BYTES) {
      answer.destroy();
      throw new Error(`an answer must be at most ${MAX_BODY_BYTES} bytes, got more`);
    }
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks).toString("utf8");
}

async function loadConfig(
  path: string,
  context: string | undefined,
): Promise<{ readonly config: KubeConfig; readonly cluster: Cluster }> {
  const { KubeConfig } = await import("@kubernetes/client-node");
  const config = new KubeConfig();
  try {
    config.loadFromFile(path);
  } catch (error) {
    throw new NinetyError(`kubeconfig ${path}: must be readable: ${messageOf(error)}`, {
      exit: EXIT.preflight,
      hint: "name another file with --kubeconfig or KUBECONFIG",
      cause: error,
    });
  }
  if (context !== undefined) config.setCurrentContext(context);
  const cluster = config.getCurrentCluster();
  if (!cluster) {
    const known = config.getContexts().map(({ name }) => name);
    throw new NinetyError(
      `kubeconfig ${path}: context must be one of [${known.join(", ")}], ` +
        `got ${JSON.stringify(config.getCurrentContext() ?? null)}`,
      { exit: EXIT.preflight, hint: "name one with --context" },
    );
  }
  return { config, cluster };
}
