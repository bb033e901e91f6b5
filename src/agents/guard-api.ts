import { readFileSync } from "node:fs";
import { request } from "node:https";

import type { Json } from "../model/json.ts";
import { wordsOf } from "../model/pod-removal.ts";
import { guardConfig } from "./guard-config.ts";

const ANSWER_MAX_MS = 8_000;
const BODY_MAX_CHARS = 16_777_216;

export interface ApiRequest {
  readonly method: "GET" | "POST" | "PATCH" | "DELETE";
  /** `api/v1/nodes/n1`, with a query or without. */
  readonly path: string;
  /** A patch is a merge patch. */
  readonly body?: Json;
  /** Default and at most 8,000. */
  readonly withinMs?: number;
}

export interface ApiAnswer {
  readonly status: number;
  /** Null: it was no JSON. */
  readonly json: Json;
  /** In the server's words, at most 500 characters. */
  readonly message: string;
}

/** Asks the guard's API server once, whatever it answers. Throws what kept it from answering. */
export async function askApi(of: ApiRequest): Promise<ApiAnswer> {
  const { method, path } = of;
  const { api } = guardConfig();
  if (api === null)
    throw new Error(`guard config api must be given for ${method} ${path}, got null`);
  const text = of.body === undefined ? "" : JSON.stringify(of.body);
  const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
  const boundMs = Math.ceil(Math.min(Math.max(1, of.withinMs ?? ANSWER_MAX_MS), ANSWER_MAX_MS));
  return new Promise((resolve, reject) => {
    const fail = (error: Error): void => {
      const isLate = error.name === "AbortError" || error.name === "TimeoutError";
      const why = isLate ? `nothing within ${boundMs} ms` : error.message;
      reject(new Error(`${method} ${path}: must be answered, got ${why}`, { cause: error }));
    };
    const asked = request(
      new URL(path, `${api.server ?? ownServer()}/`),
      {
        method,
        ca: readFileSync(api.caFile),
        ...("certFile" in api
          ? { cert: readFileSync(api.certFile), key: readFileSync(api.keyFile) }
          : {}),
        headers: {
          ...("tokenFile" in api ? { authorization: `Bearer ${tokenIn(api.tokenFile)}` } : {}),
          "content-type": type,
          "content-length": Buffer.byteLength(text),
          "user-agent": "ninety",
        },
        signal: AbortSignal.timeout(boundMs),
        agent: false,
      },
      (answer) => {
        let got = "";
        answer.setEncoding("utf8");
        answer.on("data", (chunk: string) => {
          got += chunk;
          if (got.length > BODY_MAX_CHARS) answer.destroy(new Error("an answer that does not end"));
        });
        answer.on("error", fail);
        answer.on("end", () => {
          resolve({ status: answer.statusCode ?? 0, json: parsed(got), message: wordsOf(got) });
        });
      },
    );
    asked.on("error", fail);
    asked.end(text);
  });
}

const tokenIn = (file: string): string => readFileSync(file, "utf8").trim();

/** By its address, which the kubelet tells every pod: names may not be answered for. */
function ownServer(): string {
  const { KUBERNETES_SERVICE_HOST: host = "", KUBERNETES_SERVICE_PORT: port = "443" } = process.env;
  if (host === "") throw new Error("KUBERNETES_SERVICE_HOST must be set in a pod, got nothing");
  return `https://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** The object at a path; null: there is none. Throws any other answer. */
export async function getObject(path: string, withinMs?: number): Promise<Json> {
  const bound = withinMs === undefined ? {} : { withinMs };
  const { status, json, message } = await askApi({ method: "GET", path, ...bound });
  if (status === 404) return null;
  if (status === 200 && json !== null) return json;
  throw new Error(`GET ${path}: must be answered with an object, got ${status}: ${message}`);
}

function parsed(body: string): Json {
  try {
    return JSON.parse(body) as Json;
  } catch {
    return null;
  }
}
