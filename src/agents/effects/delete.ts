import { readFileSync } from "node:fs";
import { request } from "node:https";

import type { Effect } from "../../model/effect.ts";
import { guardConfig } from "../guard-config.ts";

type Delete = Extract<Effect, { kind: "delete" }>;

const ANSWER_MAX_MS = 8_000;
const BODY_MAX_BYTES = 65_536;

/** DELETE by the API server, of the pod with that uid and no other. */
export async function apply({ pod, graceMs }: Delete): Promise<void> {
  const { status, body } = await send(
    `/api/v1/namespaces/${encodeURIComponent(pod.namespace)}/pods/${encodeURIComponent(pod.name)}`,
    {
      apiVersion: "v1",
      kind: "DeleteOptions",
      gracePeriodSeconds: Math.ceil(graceMs / 1_000),
      preconditions: { uid: pod.uid },
    },
  );
  if (status === 404 || status === 409) {
    throw new Error(`pod ${pod.namespace}/${pod.name} must have uid ${pod.uid}, got gone`);
  }
  if (status >= 300) {
    throw new Error(
      `delete of pod ${pod.namespace}/${pod.name}: must be accepted, got ${status}: ${body}`,
    );
  }
}

/** It happens once: nothing is held. */
export async function extend(): Promise<void> {}
export async function undo(): Promise<void> {}

function send(
  path: string,
  body: object,
): Promise<{ readonly status: number; readonly body: string }> {
  const { api } = guardConfig();
  if (api === null) throw new Error("guard config api must be given to delete pods, got null");
  const text = JSON.stringify(body);
  return new Promise((resolve, reject) => {
    const asked = request(
      new URL(path, api.server),
      {
        method: "DELETE",
        ca: readFileSync(api.caFile),
        cert: readFileSync(api.certFile),
        key: readFileSync(api.keyFile),
        headers: { "content-type": "application/json", "content-length": Buffer.byteLength(text) },
        signal: AbortSignal.timeout(ANSWER_MAX_MS),
        agent: false,
      },
      (answer) => {
        let got = "";
        answer.setEncoding("utf8");
        answer.on("data", (chunk: string) => {
          if (got.length < BODY_MAX_BYTES) got += chunk;
        });
        answer.on("error", reject);
        answer.on("end", () => resolve({ status: answer.statusCode ?? 0, body: messageIn(got) }));
      },
    );
    asked.on("error", reject);
    asked.end(text);
  });
}

function messageIn(body: string): string {
  try {
    const { message } = JSON.parse(body) as { readonly message?: string };
    return message ?? body.slice(0, 500);
  } catch {
    return body.slice(0, 500);
  }
}
