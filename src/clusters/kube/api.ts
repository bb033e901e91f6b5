import { messageOf, NinetyError } from "../../model/error.ts";
import { listAt, textAt, type Json, type KubeObject } from "../../model/json.ts";
import { ApiError, type Api } from "../../ports/api.ts";
import { serverMessage } from "./answer.ts";
import { APPLY_TYPE, Connection, readBody, type RawRequest } from "./connection.ts";
import { openExec } from "./exec.ts";
import { builtIn, discovered, groupPath, objectPath, type Resource } from "./resources.ts";
import { pause, withinMs } from "./time-limit.ts";
import { WatchLoop, type WatchTimes } from "./watch.ts";

export interface KubeApiOptions {
  /** For every request, whatever the caller's signal says. Default 15,000. */
  readonly limitMs?: number;
  readonly watch?: Partial<WatchTimes>;
}

/** How our fields are owned in server-side apply. */
const FIELD_MANAGER = "ninety";
const LIMIT_MS = 15_000;
const PAGE_ITEMS = 500;
const MAX_ITEMS = 20_000;
/** How often "try later" is believed, and how long it is waited for at most. */
const BUSY_TRIES = 4;
const BUSY_MAX_MS = 2_000;

/** The Kubernetes API by way of a kubeconfig; connects with the first call. */
export function kubeApi(
  kubeconfigPath: string,
  context?: string,
  options: KubeApiOptions = {},
): Api {
  const limitMs = options.limitMs ?? LIMIT_MS;
  const connection = new Connection(kubeconfigPath, context);
  const calls = new Calls(connection, limitMs);
  return {
    get: (path, signal) => calls.get(path, signal),
    list: async (path, signal) => (await calls.list(path, signal)).items,
    apply: (object, signal) => calls.apply(object, signal),
    call: async ({ method, path, body, contentType }, signal) => {
      const { status, text } = await calls.answer(
        {
          method,
          path,
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
          contentType: contentType ?? contentTypeOf(method, body),
        },
        signal,
      );
      return { status, body: text };
    },
    watch: (path, on, signal) => {
      const list = (signal: AbortSignal) => calls.list(path, signal);
      return new WatchLoop({
        connection,
        list,
        path,
        on,
        signal,
        times: options.watch ?? {},
      }).run();
    },
    exec: (pod, argv, signal) => openExec(connection, { pod, argv, limitMs, signal }),
  };
}

function contentTypeOf(method: string, body: Json | undefined): string {
  if (method !== "PATCH") return "application/json";
  return Array.isArray(body) ? "application/json-patch+json" : "application/merge-patch+json";
}

interface Answer {
  readonly status: number;
  readonly text: string;
  readonly type: string;
  readonly retryAfterMs: number;
}

/** Plain requests: bounded, and with errors that name what was asked. */
class Calls {
  readonly #connection: Connection;
  readonly #limitMs: number;
  readonly #resources = new Map<string, Resource>();

  constructor(connection: Connection, limitMs: number) {
    this.#connection = connection;
    this.#limitMs = limitMs;
  }

  /** Whatever was answered; throws ApiError with status 0 where nothing was. */
  async answer(request: RawRequest, signal?: AbortSignal): Promise<Answer> {
    const what = `${request.method} ${request.path}`;
    const late = (): Error =>
      new ApiError(`${what}: must be answered within ${this.#limitMs} ms, got no answer`, 0);
    try {
      return await withinMs(this.#limitMs, signal, late, async (signal) => {
        const head = await this.#connection.open(request, signal);
        const seconds = Number(head.headers["retry-after"] ?? 1);
        return {
          status: head.statusCode ?? 0,
          text: await readBody(head),
          type: head.headers["content-type"] ?? "",
          retryAfterMs: Number.isFinite(seconds) ? seconds * 1_000 : 1_000,
        };
      });
    } catch (error) {
      if (error instanceof ApiError || error instanceof NinetyError) throw error;
      if (signal?.aborted === true) throw error;
      throw new ApiError(`${what}: ${messageOf(error)}`, 0, error);
    }
  }

  /** Only for what may be sent twice: a server that says it is busy is asked again. */
  async #patiently(request: RawRequest, signal?: AbortSignal): Promise<Answer> {
    for (let tries = 1; ; tries += 1) {
      const answer = await this.answer(request, signal);
      if (answer.status !== 429 || tries >= BUSY_TRIES) return answer;
      await pause(Math.min(answer.retryAfterMs, BUSY_MAX_MS), signal);
    }
  }

  async get(path: string, signal?: AbortSignal): Promise<Json> {
    const answer = await this.#patiently({ method: "GET", path }, signal);
    if (answer.status === 404) return null;
    if (answer.status !== 200) throw refused("GET", path, answer);
    return answer.type.includes("json") ? parsed("GET", path, answer.text) : answer.text;
  }

  /** Every page, and the version that the whole list stands for. */
  async list(
    path: string,
    signal?: AbortSignal,
  ): Promise<{ readonly items: readonly KubeObject[]; readonly version: string }> {
    const items: KubeObject[] = [];
    let token = "";
    let restarts = 0;
    for (;;) {
      const page = `${path}${path.includes("?") ? "&" : "?"}limit=${PAGE_ITEMS}`;
      const from = token === "" ? "" : `&continue=${encodeURIComponent(token)}`;
      const answer = await this.#patiently({ method: "GET", path: page + from }, signal);
      if (answer.status === 410 && restarts === 0) {
        // The snapshot behind the token is gone: what was read so far belongs to another time.
        restarts += 1;
        items.length = 0;
        token = "";
        continue;
      }
      if (answer.status !== 200) throw refused("GET", path, answer);
      const body = parsed("GET", path, answer.text);
      items.push(...itemsOf(body));
      if (items.length > MAX_ITEMS) {
        throw new ApiError(`GET ${path}: a list must have at most ${MAX_ITEMS} items, got more`, 0);
      }
      token = textAt(body, "metadata", "continue");
      if (token === "") return { items, version: textAt(body, "metadata", "resourceVersion") };
    }
  }

  async apply(object: KubeObject, signal?: AbortSignal): Promise<KubeObject> {
    const path = objectPath(object, await this.#resource(object, signal));
    const answer = await this.#patiently(
      {
        method: "PATCH",
        path: `${path}?fieldManager=${FIELD_MANAGER}&force=true`,
        body: JSON.stringify(object),
        contentType: APPLY_TYPE,
      },
      signal,
    );
    if (answer.status !== 200 && answer.status !== 201) throw refused("PATCH", path, answer);
    return parsed("PATCH", path, answer.text) as unknown as KubeObject;
  }

  async #resource(object: KubeObject, signal?: AbortSignal): Promise<Resource> {
    const { apiVersion, kind } = object;
    const key = `${apiVersion} ${kind}`;
    const known = this.#resources.get(key) ?? builtIn(apiVersion, kind);
    if (known) return known;
    const found = discovered(await this.get(groupPath(apiVersion), signal), kind);
    if (!found) throw new ApiError(`${kind} of ${apiVersion}: the server must serve it`, 404);
    this.#resources.set(key, found);
    return found;
  }
}

/** Items of a list carry neither kind nor apiVersion; the list does. */
function itemsOf(list: Json): KubeObject[] {
  const kind = textAt(list, "kind").replace(/List$/, "");
  const apiVersion = textAt(list, "apiVersion");
  return listAt(list, "items").map(
    (item) => ({ apiVersion, kind, ...(item as object) }) as KubeObject,
  );
}

function parsed(method: string, path: string, text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    throw new ApiError(`${method} ${path}: must answer JSON: ${messageOf(error)}`, 0, error);
  }
}

function refused(method: string, path: string, answer: Answer): ApiError {
  return new ApiError(
    `${method} ${path}: ${answer.status}: ${serverMessage(answer.text)}`,
    answer.status,
  );
}
