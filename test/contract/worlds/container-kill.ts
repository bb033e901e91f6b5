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

const running = (id: string): object => ({ containerID: id, state: { running: {} } });
const ended = (id: string, exitCode: number): object => ({
  terminated: { containerID: id, exitCode },
});

function world(about: string, containers: readonly object[] | null, uid = "u-1"): World {
  const pod: Json =
    containers === null
      ? null
      : { metadata: { uid }, status: { containerStatuses: containers as unknown as Json } };
  return {
    about,
    object: async (path) => (path === "api/v1/namespaces/shop/pods/server-1" ? pod : null),
    http: async () => ({ answered: false, status: 0, body: "", tookMs: 1 }),
    kubelet: async () => ({ answered: true, status: 200, body: "ok" }),
  };
}
const server = (status: object): object => ({ name: "server", restartCount: 0, ...status });
const proxy = server({ ...running("c-9"), name: "proxy" });

export const cases: readonly FaultCase[] = [
  {
    about: "the only container",
    options: {},
    target,
    before: world("runs", [server(running("c-1"))]),
    during: [
      world("has ended", [server({ containerID: "c-1", state: ended("c-1", 137) })]),
      world("waits to be started again", [
        server({ containerID: "c-1", state: { waiting: {} }, lastState: ended("c-1", 137) }),
      ]),
      world("was started again", [server({ ...running("c-2"), lastState: ended("c-1", 137) })]),
    ],
    after: [],
    otherwise: [
      world("ended by itself", [server({ ...running("c-2"), lastState: ended("c-1", 1) })]),
      world("was told to end", [server({ containerID: "c-1", state: ended("c-1", 143) })]),
      world("ended twice", [server({ ...running("c-3"), lastState: ended("c-2", 137) })]),
      world("its pod is gone", null),
      world("another pod has its name", [server(running("c-1"))], "u-2"),
    ],
  },
  {
    about: "one of two",
    options: { container: "server" },
    target,
    before: world("both run", [proxy, server(running("c-1"))]),
    during: [
      world("was started again", [
        proxy,
        server({ ...running("c-2"), lastState: ended("c-1", 137) }),
      ]),
    ],
    after: [],
    otherwise: [
      world("it was the other one", [
        { ...proxy, ...running("c-8"), lastState: ended("c-9", 137) },
        server(running("c-1")),
      ]),
    ],
  },
];
