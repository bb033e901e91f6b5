import { defineFault } from "../ports/fault.ts";
import { etcdProof, lookAtApiServer } from "../ports/control-looks.ts";

/** etcd ends without a word: what was written is there, and nobody can read it for some seconds. */
export const etcdKill = defineFault({
  name: "etcd-kill",
  about: "etcd is killed, and started again on its data after 3 s.",
  on: "cluster",
  lasts: "once",
  kinds: ["component-kill"],
  evidence: "The API server, which lives and tells that its check of etcd fails, for a moment.",
  params: {},
  effects: () => [{ kind: "component-kill", component: "etcd" }],
  observe: lookAtApiServer,
  gather: (seen, now) => (seen.etcd === "failed" ? seen : now),
  proof: etcdProof,
});
