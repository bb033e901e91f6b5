// An API server's exec, where the agent's pod is a process of this machine.
import { join } from "node:path";

import type { KubeObject } from "../../src/model/json.ts";
import type { Api, ExecSession } from "../../src/ports/api.ts";
import { exited, startProgram } from "./holder-process.ts";

export const AGENTS = join(import.meta.dirname, "../../src/agents");
/** The one node that there is. */
export const NODE = "n1";

const refuse = (): never => {
  throw new Error("the injector must only list pods and exec");
};

/** An Api whose one agent pod is a process of this machine, with connect.ts as its exec. */
export function localApi(env: object): Api {
  const pod: KubeObject = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: "node-agent-1",
      namespace: "ninety-system",
      labels: { "ninety/part": "node-agent" },
    },
    spec: { nodeName: NODE },
    status: { containerStatuses: [{ name: "agent", state: { running: {} } }] },
  };
  return {
    get: refuse,
    apply: refuse,
    call: refuse,
    watch: refuse,
    list: async (path) => (path === "api/v1/namespaces/ninety-system/pods" ? [pod] : refuse()),
    exec: async (_pod, argv, signal) => {
      const program = argv.at(-1)?.replace("/app/src/agents", AGENTS) ?? "";
      return session(startProgram(program, { env }), signal);
    },
  };
}

function session(child: ReturnType<typeof startProgram>, signal?: AbortSignal): ExecSession {
  let buffer = "";
  let stderr = "";
  const takers: ((line: string) => void)[] = [];
  child.stdout?.setEncoding("utf8").on("data", (chunk: string) => {
    const lines = (buffer + chunk).split("\n");
    buffer = lines.pop() ?? "";
    for (const line of lines) for (const take of takers) take(line);
  });
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => (stderr += chunk));
  child.stdin?.on("error", () => {});
  signal?.addEventListener("abort", () => child.kill());
  return {
    send: (line) => void child.stdin?.write(`${line}\n`),
    onLine: (take) => void takers.push(take),
    ended: exited(child).then((code) => ({ code, stderr })),
    close: () => void child.kill(),
  };
}
