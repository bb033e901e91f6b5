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
const OWN = "shop:1";
const OTHER = "registry.invalid/not-there:none";

function world(about: string, pod: Json): World {
  return {
    about,
    object: async (path) => (path === "api/v1/namespaces/shop/pods/server-1" ? pod : null),
    http: async () => ({ answered: false, status: 0, body: "", tookMs: 1 }),
    kubelet: async () => ({ answered: true, status: 200, body: "ok" }),
  };
}
const running: Json = { running: { startedAt: "2026-01-01T00:00:00Z" } };
const waiting = (reason: string): Json => ({ waiting: { reason } });
const pod = (image: string, state: Json, uid = "u-1"): Json => ({
  metadata: { name: "server-1", uid },
  spec: { containers: [{ name: "server", image }] },
  status: { containerStatuses: [{ name: "server", state }] },
});
/** Beside a container that is well. */
const two = (image: string, state: Json): Json => ({
  metadata: { name: "server-1", uid: "u-1" },
  spec: {
    containers: [
      { name: "proxy", image: OWN },
      { name: "server", image },
    ],
  },
  status: {
    containerStatuses: [
      { name: "proxy", state: running },
      { name: "server", state },
    ],
  },
});

export const cases: readonly FaultCase[] = [
  {
    about: "the pod's only container",
    options: {},
    target,
    before: world("it runs", pod(OWN, running)),
    during: [
      world("the first pull failed", pod(OTHER, waiting("ErrImagePull"))),
      world("it is tried again", pod(OTHER, waiting("ImagePullBackOff"))),
      world("none may be pulled", pod(OTHER, waiting("ErrImageNeverPull"))),
    ],
    after: [
      world("it runs with its own image", pod(OWN, running)),
      world("the pod is gone", null),
      world("another pod has its name", pod(OWN, running, "u-2")),
    ],
    otherwise: [
      world("only its spec was changed", pod(OTHER, running)),
      world("it crashes", pod(OWN, waiting("CrashLoopBackOff"))),
      world("it is made", pod(OTHER, waiting("ContainerCreating"))),
      world("the pod is gone", null),
      world("another pod waits for its image", pod(OTHER, waiting("ErrImagePull"), "u-2")),
    ],
    unhealed: [
      world("it runs with the other image", pod(OTHER, running)),
      world("it is not up yet", pod(OWN, waiting("ContainerCreating"))),
    ],
  },
  {
    about: "one container of two",
    options: { container: "server" },
    target,
    before: world("both run", two(OWN, running)),
    during: [world("one waits", two(OTHER, waiting("ImagePullBackOff")))],
    after: [world("both run again", two(OWN, running))],
    otherwise: [],
  },
];
