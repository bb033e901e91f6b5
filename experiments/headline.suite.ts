// From 15 minutes to seconds, and what does not help. Every run states its end: those of today's
// habits must fail, so that nobody takes a pass for granted. About 55 minutes, half with --quick.
import { suite } from "ninety";

export default suite({
  about:
    "Health checks that run the model, a mover and anti-affinity turn a quarter of an hour without a replica into seconds.",
  claim: {
    source: "A video platform, after chaos tests",
    text: "Recovery of the model service after a GPU failure took up to 15 minutes; better health checks and pod anti-affinity made it 90 seconds.",
    before: "15m",
    after: "90s",
  },
  runs: {
    "gpu-loss-naive-crash": {
      must: "fail",
      service: ["RECOVERED", "MASKED"],
      capacity: "RECOVERED",
      long: true,
      about:
        "The process dies with its GPU and is started again in place, on the same dead device.",
    },
    "gpu-loss-naive-sticky": {
      must: "fail",
      service: { new: "UNRECOVERED", reused: "UNRECOVERED" },
      about: "Probes on the model's status stay green while every prediction fails.",
    },
    "gpu-loss-shallow-fast": {
      must: "fail",
      service: { new: "UNRECOVERED", reused: "UNRECOVERED" },
      about: "The same question asked more often has the same wrong answer.",
    },
    "gpu-loss": {
      must: "pass",
      capacity: "RECOVERED",
      about: "Probes that run the model, a mover and topology spread.",
    },
    "gpu-hang-naive": {
      must: "fail",
      // A kept connection that hangs is given up; the next one may lead to a replica that works.
      service: { new: "UNRECOVERED", reused: ["RECOVERED", "MASKED"] },
      about: "Calls on the device never return; probes on the status never ask it.",
    },
    "gpu-hang": { must: "pass", about: "The same hang, with probes that run the model." },
    "node-loss-default": {
      must: "fail",
      service: { new: "RECOVERED", reused: ["RECOVERED", "MASKED"] },
      capacity: "RECOVERED",
      long: true,
      about: "Upstream's timers: a dead node keeps its pods for minutes.",
    },
    "node-loss-new-connections": {
      must: "fail",
      service: { new: "UNRECOVERED", reused: ["RECOVERED", "MASKED"] },
      about: "The endpoint is gone, and clients that connect anew are still sent to the dead pod.",
    },
    "node-loss-kept-connections": {
      must: "pass",
      service: { reused: ["RECOVERED", "MASKED"] },
      about: "The same loss, looked at by clients that keep their connections, as advised.",
    },
    "node-loss": { must: "pass", about: "Short timers and short tolerations." },
    "anti-affinity-packed": {
      must: "fail",
      about: "Both replicas on the node that dies: nobody is left to serve.",
    },
    "anti-affinity-spread": { must: "pass", about: "The same two replicas on two nodes." },
  },
  contrasts: [
    {
      title: "A replica loses its GPU: until all replicas are on healthy devices",
      before: "gpu-loss-naive-crash",
      after: "gpu-loss",
      lane: "capacity",
      why: "probes that run the model instead of asking its status, a mover, topology spread",
    },
    {
      title: "A GPU hangs: until clients are well",
      before: "gpu-hang-naive",
      after: "gpu-hang",
      lane: "service",
      why: "probes that run the model instead of asking its status",
    },
    {
      title: "A node dies: until all replicas are there again",
      before: "node-loss-default",
      after: "node-loss",
      lane: "capacity",
      why: "node lease 8 s and grace 15 s instead of upstream's, tolerations of 5 s instead of 300 s",
    },
    {
      title: "A node dies: until clients are well",
      before: "node-loss-default",
      after: "node-loss",
      lane: "service",
      why: "kept connections that are given up after 500 ms, and the timers above",
    },
    {
      title: "A node dies, and stays away: until clients are well",
      before: "node-loss-new-connections",
      after: "node-loss-kept-connections",
      lane: "service",
      why: "connections that are kept instead of one for each request",
    },
    {
      title: "The node of both replicas dies: until clients are well",
      before: "anti-affinity-packed",
      after: "anti-affinity-spread",
      lane: "service",
      why: "two replicas on two nodes instead of one",
    },
  ],
});
