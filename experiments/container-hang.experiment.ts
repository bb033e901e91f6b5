// A frozen container refuses nothing: clients wait until they give up, and only probes end it.
import { experiment, one } from "ninety";
import { availability } from "ninety/checks/availability";
import { recovery } from "ninety/checks/recovery";
import { containerHang } from "ninety/faults/container-hang";
import { predict } from "ninety/load/predict";
import { modelServer } from "ninety/parts/model-server";

const server = modelServer({ replicas: 3, gpus: 1, probes: "deep", spread: "topology" });

export default experiment({
  hypothesis: "A server that freezes hurts clients for at most 20 s; its capacity is back in 60 s.",
  stack: [server],
  load: predict({ to: server, rate: "50/s", connections: ["new", "reused"] }),
  slo: { within: "250ms", good: "99%", breach: "95%" },
  steady: "30s",
  faults: [containerHang({ on: one(server.pods), for: "30s" })],
  observe: "90s",
  expect: [
    recovery({ service: "20s", capacity: "60s" }),
    availability({ atLeast: "80%", during: "observe" }),
  ],
});
