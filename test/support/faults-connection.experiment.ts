// Faults on answers, connections and names: those that clients see in turn on two relays, the
// others meanwhile on a part of its own that takes no traffic.
import { all, experiment, one } from "ninety";
import { availability } from "ninety/checks/availability";
import { connectionReset } from "ninety/faults/connection-reset";
import { dependencyReset } from "ninety/faults/dependency-reset";
import { dependencySlow } from "ninety/faults/dependency-slow";
import { dependencyTruncate } from "ninety/faults/dependency-truncate";
import { dnsFailure } from "ninety/faults/dns-failure";
import { dnsSlow } from "ninety/faults/dns-slow";
import { dnsWrong } from "ninety/faults/dns-wrong";
import { newConnectionsRefused } from "ninety/faults/new-connections-refused";
import { predict } from "ninety/load/predict";
import { modelServer } from "ninety/parts/model-server";
import { relay } from "ninety/parts/relay";

const server = modelServer({ replicas: 1, probes: "shallow-fast" });
const front = relay({ to: server, replicas: 2, timeout: "500ms" });
const met = modelServer({ name: "met", replicas: 1, probes: "naive", cpu: "100m" });
const [on, host, name] = [all(front.pods), "server", "server"];

export default experiment({
  hypothesis: "Eight faults on answers, connections and names are each proved, and proved gone.",
  cluster: { nodes: 2, gpusPerNode: 0 },
  stack: [server, front, met],
  load: predict({ to: front, rate: "20/s", connections: ["new", "reused"] }),
  slo: { within: "250ms", good: "99%", breach: "95%" },
  warmup: "5s",
  steady: "20s",
  faults: [
    dependencySlow({ on, for: "13s", host, delay: "1s" }),
    dependencyReset({ on, at: "22s", for: "13s", host, afterBytes: 5 }),
    dependencyTruncate({ on, at: "44s", for: "13s", host, path: "/v1/models/mlp", rate: "50%" }),
    newConnectionsRefused({ on, at: "66s", for: "13s", port: 8_080 }),
    connectionReset({ on: one(met.pods), at: "1s", for: "60s", every: "1s" }),
    dnsFailure({ on: one(met.pods), at: "2s", for: "18s", name, code: "NXDOMAIN" }),
    dnsSlow({ on: one(met.pods), at: "24s", for: "18s", name, delay: "500ms" }),
    dnsWrong({ on: one(met.pods), at: "46s", for: "18s", name: "*", lookup: name }),
  ],
  observe: "30s",
  expect: [availability({ atLeast: "90%", during: "observe" })],
  // All relays at once is what is asked here.
  accepts: ["pdb-broken"],
});
