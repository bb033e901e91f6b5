import type { Json } from "../../../src/model/json.ts";
import type { FaultCase } from "../../../src/testing/fault-contract.ts";
import { node, nodeWorld, podOf } from "../../support/node-objects-world.ts";

const bearing = (...tolerations: readonly Json[]): object => ({ spec: { tolerations } });
const server = podOf("server-1", bearing({ operator: "Exists", effect: "NoSchedule" }));
const going = podOf("server-1", { metadata: { deletionTimestamp: "2026-01-01T00:00:00Z" } });
const tolerant = [
  podOf("agent", bearing({ operator: "Exists" })),
  podOf("sick", bearing({ key: "sick", operator: "Equal", value: "yes", effect: "NoExecute" })),
  podOf("patient", bearing({ key: "sick", operator: "Exists", tolerationSeconds: 300 })),
];
const other = podOf("other", bearing({ key: "sick", value: "no", effect: "NoExecute" }));
const spec = (...effects: readonly string[]): Json => ({
  taints: [
    { key: "theirs", effect: "NoExecute" },
    ...effects.map((effect) => ({ key: "sick", value: "yes", effect })),
  ],
});

export const cases: readonly FaultCase[] = [
  {
    about: "one that throws out",
    options: { key: "sick", value: "yes" },
    target: node,
    before: nodeWorld("no taint of that key", { spec: spec(), pods: [server, other, ...tolerant] }),
    during: [
      nodeWorld("only the tolerant are left", { spec: spec("NoExecute"), pods: tolerant }),
      nodeWorld("the others are going", { spec: spec("NoExecute"), pods: [going, ...tolerant] }),
    ],
    after: [nodeWorld("the taint is gone", { spec: spec(), pods: tolerant })],
    otherwise: [
      nodeWorld("nobody is thrown out", { spec: spec("NoExecute"), pods: [server, ...tolerant] }),
      nodeWorld("another value is borne", { spec: spec("NoExecute"), pods: [other] }),
      nodeWorld("another effect", { spec: spec("NoSchedule"), pods: tolerant }),
      nodeWorld("the node is gone", { spec: spec(), pods: [], gone: true }),
    ],
    unhealed: [nodeWorld("the node is gone", { spec: spec(), pods: [], gone: true })],
  },
  {
    about: "one that keeps away",
    options: { key: "sick", value: "yes", effect: "NoSchedule" },
    target: node,
    before: nodeWorld("no taint of that key", { spec: spec(), pods: [server] }),
    during: [nodeWorld("tainted, and all stay", { spec: spec("NoSchedule"), pods: [server] })],
    after: [nodeWorld("the taint is gone", { spec: spec(), pods: [server] })],
    otherwise: [nodeWorld("another effect", { spec: spec("NoExecute"), pods: [] })],
  },
];
