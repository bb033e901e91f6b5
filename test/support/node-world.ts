// What a witness could see of a node from outside.
import type { Json } from "../../src/model/json.ts";
import type { Target } from "../../src/model/target.ts";
import type { Answer } from "../../src/ports/witness.ts";
import type { World } from "../../src/testing/fault-contract.ts";

export const nodeTarget: Target<"node"> = { kind: "node", node: "n1" };

/** What is heard: an answer, the node's own refusal, or nothing. */
type Heard = "answers" | "refuses" | "silent" | "unreachable";

interface State {
  readonly kubelet?: Heard;
  /** What it says where it must ask its container runtime. */
  readonly runtime?: Heard;
  readonly pods?: Heard;
  readonly ready?: "True" | "False" | "Unknown";
  /** When Ready was told last. */
  readonly toldAt?: string;
  readonly bootId?: string;
  /** The API server's list of the node's pods. */
  readonly listed?: readonly object[];
}

function answerOf(heard: Heard): Answer {
  const body = {
    answers: "ok",
    refuses: "error trying to reach service: dial tcp 10.0.0.1:1: connect: connection refused",
    silent: "no answer within 2000 ms",
    unreachable: "error trying to reach service: dial tcp 10.0.0.1:1: connect: no route to host",
  }[heard];
  const status = { answers: 200, refuses: 503, silent: 0, unreachable: 503 }[heard];
  return { answered: heard === "answers", status, body, tookMs: 1 };
}

const probe = (port: number | string): object => ({ httpGet: { path: "/healthz", port } });
const podOf = (name: string, container: object, phase = "Running"): object => ({
  metadata: { name, namespace: "shop", uid: `u-${name}`, creationTimestamp: `2026-01-0${name}` },
  spec: { nodeName: "n1", containers: [container] },
  status: { phase },
});
export const PODS: readonly object[] = [
  podOf("9", { ports: [{ containerPort: 9 }] }),
  podOf("1", { readinessProbe: probe(8_501) }),
  podOf("2", {
    livenessProbe: probe("web"),
    ports: [
      { name: "dns", protocol: "UDP", containerPort: 53 },
      { name: "web", containerPort: 80 },
    ],
  }),
  podOf("3", { ports: [{ containerPort: 9_400 }] }),
  podOf("4", { readinessProbe: { httpGet: { path: "/", port: 443, scheme: "HTTPS" } } }),
  podOf("5", { readinessProbe: probe(1) }, "Succeeded"),
  podOf("6", {}),
];
/** Of the first three that may be asked, by age, one never answered. */
const DOORS: Readonly<Record<string, string>> = { "u-1": "8501/healthz", "u-2": "80/healthz" };

export function nodeWorld(about: string, state: State): World {
  const {
    kubelet = "answers",
    runtime = kubelet,
    pods = "answers",
    ready = "True",
    listed = PODS,
  } = state;
  const conditions: Json = [
    { type: "MemoryPressure", status: "False" },
    { type: "Ready", status: ready, lastHeartbeatTime: state.toldAt ?? "2026-01-01T00:00:00Z" },
  ];
  const objects: Readonly<Record<string, Json>> = {
    "api/v1/nodes/n1": {
      status: { conditions, nodeInfo: { bootID: state.bootId ?? "b-1" } },
    },
    "api/v1/pods?fieldSelector=spec.nodeName%3Dn1": { items: listed as unknown as Json },
  };
  return {
    about,
    object: async (path) => objects[path] ?? null,
    http: async (pod, { port, path }) => {
      if (pod.uid === "u-3" && port === 9_400 && path === "/") return answerOf("refuses");
      if (DOORS[pod.uid] !== `${port}${path}`) {
        throw new Error(`nobody was to be asked for ${pod.uid}:${port}${path}`);
      }
      return answerOf(pods);
    },
    kubelet: async (node, path) => {
      if (node !== "n1") throw new Error(`nobody was to be asked for ${node}`);
      return answerOf(path === "runningpods/" ? runtime : kubelet);
    },
  };
}
