import type { Json } from "../../../src/model/json.ts";
import type { Target } from "../../../src/model/target.ts";
import type { FaultCase, World } from "../../../src/testing/fault-contract.ts";

const target: Target<"pod"> = {
  kind: "pod",
  namespace: "shop",
  name: "server-1",
  uid: "u-1",
  node: "n1",
};

interface State {
  /** Status of its answer; a text: nobody spoke, and why. */
  readonly says?: number | string;
  readonly id?: string;
  readonly running?: boolean;
  readonly restarts?: number;
  readonly going?: boolean;
  readonly pod?: "there" | "gone" | "another";
  /** A second container, which runs all the time. */
  readonly proxy?: boolean;
}

const SILENT = "no answer within 2000 ms";
const REFUSED =
  "error trying to reach service: dial tcp 10.0.0.2:8501: connect: connection refused";

function podOf(state: State): Json {
  const { pod = "there", id = "c-1", running = true, restarts = 0, going = false } = state;
  if (pod === "gone") return null;
  const server = {
    name: "server",
    containerID: id,
    restartCount: restarts,
    state: running ? { running: {} } : { terminated: { exitCode: 137 } },
  };
  const proxy = { name: "proxy", containerID: "c-9", restartCount: 0, state: { running: {} } };
  return {
    metadata: {
      uid: pod === "another" ? "u-2" : "u-1",
      ...(going ? { deletionTimestamp: "2026-01-01T00:00:00Z" } : {}),
    },
    status: { containerStatuses: state.proxy === true ? [proxy, server] : [server] },
  };
}

function world(about: string, state: State = {}, asked = "8501/"): World {
  const { says = 404 } = state;
  return {
    about,
    object: async (path) => (path === "api/v1/namespaces/shop/pods/server-1" ? podOf(state) : null),
    http: async (pod, { port, path }) => {
      if (pod.uid !== "u-1" || `${port}${path}` !== asked) {
        throw new Error(`nobody was to be asked for ${pod.name}:${port}${path}`);
      }
      return typeof says === "string"
        ? { answered: false, status: 0, body: says, tookMs: 2_000 }
        : { answered: true, status: says, body: "", tookMs: 3 };
    },
    kubelet: async () => ({ answered: true, status: 200, body: "ok" }),
  };
}

export const cases: readonly FaultCase[] = [
  {
    about: "the only container",
    options: {},
    target,
    before: world("all is well"),
    during: [world("silent", { says: SILENT })],
    after: [
      world("answers again"),
      world("answers that it is not well", { says: 503 }),
      world("was started again, and answers", { id: "c-2", restarts: 1 }),
      world("was started again, and does not listen yet", {
        id: "c-2",
        restarts: 1,
        says: REFUSED,
      }),
      world("was ended by its probes", { running: false, says: REFUSED }),
      world("was replaced", { pod: "gone", says: SILENT }),
      world("another pod has its name", { pod: "another", says: SILENT }),
    ],
    otherwise: [
      world("refuses: its process has ended", { says: REFUSED }),
      world("was killed", { running: false, says: REFUSED }),
      world("was started again, and loads", { id: "c-2", restarts: 1, says: SILENT }),
      world("is going", { going: true, says: SILENT }),
      world("is gone", { pod: "gone", says: SILENT }),
    ],
    unhealed: [world("is told to end, and cannot", { going: true, says: SILENT })],
  },
  {
    about: "one of two",
    options: { container: "server", port: 9000, path: "/ping" },
    target,
    before: world("all is well", { proxy: true }, "9000/ping"),
    during: [world("silent", { proxy: true, says: SILENT }, "9000/ping")],
    after: [world("answers again", { proxy: true }, "9000/ping")],
    otherwise: [world("was started again", { proxy: true, id: "c-2", says: SILENT }, "9000/ping")],
  },
];
