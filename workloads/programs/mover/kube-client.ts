import { readFileSync } from "node:fs";
import { request } from "node:https";
import type { IncomingMessage } from "node:http";
import { join } from "node:path";

/** Where the API is and who we are there; the kubelet renews the token, so it is read each time. */
export interface KubeAccess {
  readonly host: string;
  readonly port: number;
  readonly folder: string;
}

const ANSWER_WITHIN_MS = 10_000;
/** Far more than all pods of one part have to say. */
const BODY_BYTES = 32 * 1024 * 1024;

export interface Answer {
  readonly status: number;
  readonly body: string;
}

function open(
  access: KubeAccess,
  of: {
    readonly method: "GET" | "POST";
    readonly path: string;
    readonly body?: unknown;
    readonly signal: AbortSignal;
  },
): Promise<IncomingMessage> {
  const text = of.body === undefined ? "" : JSON.stringify(of.body);
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        host: access.host,
        port: access.port,
        path: of.path,
        method: of.method,
        ca: readFileSync(join(access.folder, "ca.crt")),
        headers: {
          authorization: `Bearer ${readFileSync(join(access.folder, "token"), "utf8").trim()}`,
          accept: "application/json",
          ...(text === ""
            ? {}
            : { "content-type": "application/json", "content-length": Buffer.byteLength(text) }),
        },
        // A connection of its own: one that died in silence is never met again.
        agent: false,
        signal: of.signal,
      },
      resolve,
    );
    outgoing.on("error", reject);
    outgoing.end(text);
  });
}

/** One request and its whole answer, whatever the status. Rejects without an answer in 10 s. */
export async function call(
  access: KubeAccess,
  of: { readonly method: "GET" | "POST"; readonly path: string; readonly body?: unknown },
  signal: AbortSignal,
): Promise<Answer> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]);
  const answer = await open(access, { ...of, signal: limit });
  return { status: answer.statusCode ?? 0, body: await wholeBody(answer) };
}

/**
 * The lines of an answer that goes on, as they come; ends when the server ends it. Rejects when it
 * was silent for `silenceMs`, on a status that is not 200, and on a line that is too long.
 */
export async function* lines(
  access: KubeAccess,
  path: string,
  silenceMs: number,
  signal: AbortSignal,
): AsyncGenerator<string> {
  const silent = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  // Runs from before the connection: Node's own socket timeout does not see a handshake that hangs.
  const heard = (): void => {
    clearTimeout(timer);
    timer = setTimeout(
      () => silent.abort(new Error(`GET ${path}: silent for ${silenceMs} ms`)),
      silenceMs,
    );
  };
  heard();
  try {
    const either = AbortSignal.any([signal, silent.signal]);
    const answer = await open(access, { method: "GET", path, signal: either });
    if (answer.statusCode !== 200) {
      const said = (await wholeBody(answer)).slice(0, 300);
      throw new Error(`GET ${path}: ${answer.statusCode}: ${said}`);
    }
    let rest = "";
    for await (const chunk of answer.setEncoding("utf8")) {
      heard();
      const parts = (rest + String(chunk)).split("\n");
      rest = parts.pop() ?? "";
      if (rest.length > BODY_BYTES) throw new Error(`GET ${path}: a line is too long`);
      for (const line of parts) if (line !== "") yield line;
    }
  } catch (error) {
    throw silent.signal.aborted ? silent.signal.reason : error;
  } finally {
    clearTimeout(timer);
  }
}

async function wholeBody(answer: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of answer) {
    chunks.push(chunk as Buffer);
    bytes += (chunk as Buffer).length;
    if (bytes > BODY_BYTES) throw new Error("an answer is too long");
  }
  return Buffer.concat(chunks).toString("utf8");
}
