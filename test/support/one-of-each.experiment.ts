// One fault of each kind of effect: in containers, on their packets and on API objects in lanes,
// each lane on a part of its own; then one by one those that take a node or the control plane away.
import { all, exactly, experiment, inTurn, one } from "ninety";
import { availability } from "ninety/checks/availability";
import { containerHang } from "ninety/faults/container-hang";
import { containerKill } from "ninety/faults/container-kill";
import { corednsDown } from "ninety/faults/coredns-down";
import { cpuStress } from "ninety/faults/cpu-stress";
import { dependencyRefuse } from "ninety/faults/dependency-refuse";
import { descriptorsExhausted } from "ninety/faults/descriptors-exhausted";
import { diskFill } from "ninety/faults/disk-fill";
import { diskSlow } from "ninety/faults/disk-slow";
import { dnsFailure } from "ninety/faults/dns-failure";
import { etcdKill } from "ninety/faults/etcd-kill";
import { gpuPluginDown } from "ninety/faults/gpu-plugin-down";
import { gpuWrongAnswers } from "ninety/faults/gpu-wrong-answers";
import { imageUnavailable } from "ninety/faults/image-unavailable";
import { kubeletStop } from "ninety/faults/kubelet-stop";
import { memoryStress } from "ninety/faults/memory-stress";
import { netLoss } from "ninety/faults/net-loss";
import { newConnectionsRefused } from "ninety/faults/new-connections-refused";
import { nodeDrain } from "ninety/faults/node-drain";
import { nodePowerOff } from "ninety/faults/node-power-off";
import { nodeReboot } from "ninety/faults/node-reboot";
import { nodeTaint } from "ninety/faults/node-taint";
import { podEvict } from "ninety/faults/pod-evict";
import { podKill } from "ninety/faults/pod-kill";
import { processesExhausted } from "ninety/faults/processes-exhausted";
import { schedulerDown } from "ninety/faults/scheduler-down";
import { predict } from "ninety/load/predict";
import { manifests } from "ninety/parts/manifests";
import { modelServer } from "ninety/parts/model-server";
import { relay } from "ninety/parts/relay";

const server = modelServer({
  replicas: 3,
  gpus: 1,
  probes: "deep",
  spread: "topology",
  cpu: "100m",
});
const front = relay({ to: server, replicas: 2, timeout: "500ms" });
const lane = (name: string) => modelServer({ name, replicas: 1, probes: "naive", cpu: "50m" });
const frozen = lane("frozen");
const leaking = lane("leaking");
const busy = lane("busy");
const packets = lane("packets");
const told = lane("told");
const scratch = manifests(new URL("../fixtures/scratch/", import.meta.url), {
  request: { path: "/", expect: { status: 200, contains: "scratch" } },
});
const gap = { gap: "7s" } as const;

export default experiment({
  hypothesis: "One fault of each kind of effect is proved, and proved gone.",
  stack: [server, front, frozen, leaking, busy, packets, told, scratch],
  load: predict({ to: server, rate: "20/s", connections: ["new"] }),
  slo: { within: "250ms", good: "99%", breach: "95%" },
  warmup: "5s",
  steady: "20s",
  faults: [
    ...inTurn(
      [
        containerHang({ on: one(frozen.pods), for: "8s" }),
        dnsFailure({ on: one(frozen.pods), for: "8s", name: "server", code: "NXDOMAIN" }),
        newConnectionsRefused({ on: one(frozen.pods), for: "8s" }),
        descriptorsExhausted({ on: one(frozen.pods), for: "8s" }),
      ],
      gap,
    ),
    memoryStress({ on: one(leaking.pods), for: "10s", limit: "100%" }),
    // The kubelet tells means over 10 s, every 10 s.
    cpuStress({ on: one(busy.pods), for: "30s", workers: 2 }),
    ...inTurn(
      [
        netLoss({ on: one(packets.pods), for: "12s", loss: "30%" }),
        diskSlow({ on: one(packets.pods), for: "12s", speed: "1MiB" }),
        processesExhausted({ on: one(packets.pods), for: "8s" }),
        containerKill({ on: one(packets.pods) }),
      ],
      gap,
    ),
    ...inTurn(
      [
        imageUnavailable({ on: one(told.pods), for: "12s" }),
        podEvict({ on: one(told.pods) }),
        podKill({ on: one(told.pods), at: "20s" }),
      ],
      gap,
    ),
    ...inTurn(
      [
        gpuWrongAnswers({ on: exactly(2, server.gpus), for: "8s" }),
        dependencyRefuse({ on: all(front.pods), for: "8s", host: "server" }),
        gpuPluginDown({ on: one(server.nodes), for: "12s" }),
        diskFill({ on: one(scratch.pods), for: "8s", path: "/small" }),
      ],
      gap,
    ),
    ...inTurn(
      [
        nodeDrain({ on: one(server.nodes), at: "85s", for: "20s" }),
        nodeTaint({ on: one(server.nodes), for: "10s" }),
        corednsDown({ for: "10s" }),
        schedulerDown({ for: "15s" }),
        etcdKill({}),
        kubeletStop({ on: one(server.nodes), at: "8s", for: "10s" }),
        netLoss({ on: one(packets.nodes), for: "12s", loss: "30%" }),
        nodePowerOff({ on: one(server.nodes), for: "10s" }),
        nodeReboot({ on: one(server.nodes), at: "20s" }),
      ],
      gap,
    ),
  ],
  observe: "45s",
  accepts: ["pdb-broken", "no-spare-gpu", "below-minimum", "affects-probes"],
  expect: [availability({ atLeast: "50%" })],
});
