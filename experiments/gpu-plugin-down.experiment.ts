// Pods keep the devices that they have: a dead plugin is a matter for the next pod, not for those
// that serve, and whoever moves pods must not move them for it.
import { experiment, one } from "ninety";
import { availability } from "ninety/checks/availability";
import { recovery } from "ninety/checks/recovery";
import { gpuPluginDown } from "ninety/faults/gpu-plugin-down";
import { predict } from "ninety/load/predict";
import { modelServer } from "ninety/parts/model-server";
import { mover } from "ninety/parts/mover";

const server = modelServer({ replicas: 3, gpus: 1, probes: "deep", spread: "topology" });

export default experiment({
  hypothesis: "A node whose device plugin is dead for 30 s hurts no client and loses no replica.",
  stack: [server, mover({ watches: server, atMost: 1 })],
  load: predict({ to: server, rate: "50/s", connections: ["new", "reused"] }),
  slo: { within: "250ms", good: "99%", breach: "95%" },
  steady: "30s",
  faults: [gpuPluginDown({ on: one(server.nodes), for: "30s" })],
  observe: "60s",
  expect: [recovery({ service: "5s", capacity: "5s" }), availability({ atLeast: "99%" })],
});
