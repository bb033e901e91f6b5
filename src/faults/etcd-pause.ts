import { defineFault } from "../ports/fault.ts";
import { etcdProof, lookAtApiServer } from "../ports/control-looks.ts";

/** etcd makes no step: the API server lives, and can neither read nor write. */
export const etcdPause = defineFault({
  name: "etcd-pause",
  about: "etcd makes no step: the API server lives, and can neither read nor write its objects.",
  on: "cluster",
  lasts: "held",
  kinds: ["component-stop"],
  evidence: "The API server, which lives and tells that its check of etcd fails.",
  params: {},
  effects: () => [{ kind: "component-stop", component: "etcd" }],
  observe: lookAtApiServer,
  proof: etcdProof,
  healProof: (before, now) => ({
    ...etcdProof(before, now),
    ...(now.ready ? {} : { effect: "unclear" }),
    needed: "GET readyz with all its checks ok, that of etcd among them",
  }),
  proofWithinMs: 60_000,
});
