// Who only asks servers asks no API server: rules and endpoints are on the nodes already.
import { experiment } from "ninety";
import { availability } from "ninety/checks/availability";
import { recovery } from "ninety/checks/recovery";
import { apiServerPause } from "ninety/faults/api-server-pause";
import { predict } from "ninety/load/predict";
import { modelServer } from "ninety/parts/model-server";

const server = modelServer({ replicas: 3, gpus: 1, probes: "deep", spread: "topology" });

export default experiment({
  hypothesis: "An API server that is silent for 30 s hurts no client.",
  stack: [server],
  load: predict({ to: server, rate: "50/s", connections: ["new", "reused"] }),
  slo: { within: "250ms", good: "99%", breach: "95%" },
  steady: "30s",
  faults: [apiServerPause({ for: "30s" })],
  observe: "60s",
  expect: [recovery({ service: "5s" }), availability({ atLeast: "99%" })],
});
