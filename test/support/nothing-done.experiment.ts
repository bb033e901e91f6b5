// Every fault there is, a few at a time, for the run in which nobody carries any of them out. The
// test that runs it knows by the folder that none is missing.
import { all, experiment, inTurn, one } from "ninety";
import { availability } from "ninety/checks/availability";
import { apiServerPause } from "ninety/faults/api-server-pause";
import { connectionReset } from "ninety/faults/connection-reset";
import { containerHang } from "ninety/faults/container-hang";
import { containerKill } from "ninety/faults/container-kill";
import { corednsDown } from "ninety/faults/coredns-down";
import { containerRuntimeStop } from "ninety/faults/container-runtime-stop";
import { controllerManagerDown } from "ninety/faults/controller-manager-down";
import { cpuStress } from "ninety/faults/cpu-stress";
import { crashLoop } from "ninety/faults/crash-loop";
import { dependencyError } from "ninety/faults/dependency-error";
import { dependencyHang } from "ninety/faults/dependency-hang";
import { dependencyRefuse } from "ninety/faults/dependency-refuse";
import { gpuEcc } from "ninety/faults/gpu-ecc";
import { gpuFlapping } from "ninety/faults/gpu-flapping";
import { descriptorsExhausted } from "ninety/faults/descriptors-exhausted";
import { diskFill } from "ninety/faults/disk-fill";
import { diskSlow } from "ninety/faults/disk-slow";
import { etcdKill } from "ninety/faults/etcd-kill";
import { etcdPause } from "ninety/faults/etcd-pause";
import { dependencyReset } from "ninety/faults/dependency-reset";
import { dependencySlow } from "ninety/faults/dependency-slow";
import { dependencyTruncate } from "ninety/faults/dependency-truncate";
import { dnsFailure } from "ninety/faults/dns-failure";
import { dnsSlow } from "ninety/faults/dns-slow";
import { dnsWrong } from "ninety/faults/dns-wrong";
import { gpuHang } from "ninety/faults/gpu-hang";
import { gpuLost } from "ninety/faults/gpu-lost";
import { gpuOutOfMemory } from "ninety/faults/gpu-out-of-memory";
import { gpuPluginDown } from "ninety/faults/gpu-plugin-down";
import { gpuSilentCpuFallback } from "ninety/faults/gpu-silent-cpu-fallback";
import { gpuSlow } from "ninety/faults/gpu-slow";
import { gpuStickyError } from "ninety/faults/gpu-sticky-error";
import { gpuWrongAnswers } from "ninety/faults/gpu-wrong-answers";
import { imageUnavailable } from "ninety/faults/image-unavailable";
import { kubeletStop } from "ninety/faults/kubelet-stop";
import { memoryStress } from "ninety/faults/memory-stress";
import { netBandwidth } from "ninety/faults/net-bandwidth";
import { netCorrupt } from "ninety/faults/net-corrupt";
import { netDelay } from "ninety/faults/net-delay";
import { netDuplicate } from "ninety/faults/net-duplicate";
import { netLoss } from "ninety/faults/net-loss";
import { netPartition } from "ninety/faults/net-partition";
import { netReorder } from "ninety/faults/net-reorder";
import { nodePartition } from "ninety/faults/node-partition";
import { nodeDrain } from "ninety/faults/node-drain";
import { newConnectionsRefused } from "ninety/faults/new-connections-refused";
import { nodePowerOff } from "ninety/faults/node-power-off";
import { nodeTaint } from "ninety/faults/node-taint";
import { podEvict } from "ninety/faults/pod-evict";
import { podKill } from "ninety/faults/pod-kill";
import { processesExhausted } from "ninety/faults/processes-exhausted";
import { podUnready } from "ninety/faults/pod-unready";
import { nodeReboot } from "ninety/faults/node-reboot";
import { schedulerDown } from "ninety/faults/scheduler-down";
import { predict } from "ninety/load/predict";
import { modelServer } from "ninety/parts/model-server";
import { relay } from "ninety/parts/relay";

const server = modelServer({ replicas: 3, gpus: 1, probes: "deep", spread: "topology" });
const front = relay({ to: server, replicas: 2, timeout: "500ms" });
const met = modelServer({ name: "met", replicas: 1, probes: "naive", cpu: "100m" });

const LANES = 5;
type Steps = Parameters<typeof inTurn>[0];

/** So many at a time: each is looked at several times a second. */
function lanes(steps: Steps): Steps {
  const dealt = Array.from({ length: LANES }, (_, lane) =>
    steps.filter((_step, nth) => nth % LANES === lane),
  );
  return dealt.flatMap((of) => inTurn(of as unknown as Steps, { gap: "2s" })) as unknown as Steps;
}

const pod = { on: one(met.pods), for: "8s" } as const;
const gpu = { on: one(server.gpus), for: "8s" } as const;
const node = { on: one(server.nodes), for: "8s" } as const;
const once = { for: "8s" } as const;
const called = { on: all(front.pods), for: "8s", host: "server" } as const;

export default experiment({
  hypothesis: "What is only said to be done is never proved, and hurts nobody.",
  stack: [server, front, met],
  load: predict({ to: server, rate: "20/s", connections: ["new"] }),
  slo: { within: "250ms", good: "99%", breach: "95%" },
  warmup: "5s",
  steady: "20s",
  faults: lanes([
    containerHang(pod),
    gpuHang(gpu),
    nodePowerOff(node),
    dependencyHang(called),
    containerKill({ on: one(met.pods) }),
    gpuLost(gpu),
    gpuPluginDown(node),
    dependencyRefuse(called),
    cpuStress(pod),
    gpuSlow(gpu),
    netDelay({ ...pod, delay: "100ms" }),
    dependencyError(called),
    crashLoop(pod),
    gpuStickyError(gpu),
    netLoss({ ...pod, loss: "50%" }),
    podKill({ on: one(met.pods) }),
    memoryStress({ ...pod, limit: "90%" }),
    gpuWrongAnswers(gpu),
    netPartition(pod),
    gpuOutOfMemory(gpu),
    gpuEcc(gpu),
    gpuSilentCpuFallback(gpu),
    gpuFlapping({ ...gpu, bad: "1s", well: "1s" }),
    processesExhausted(pod),
    descriptorsExhausted(pod),
    diskSlow(pod),
    diskFill({ ...pod, path: "/dev/shm" }),
    nodePartition(node),
    netDuplicate({ ...pod, duplicate: "20%" }),
    netCorrupt({ ...pod, corrupt: "5%" }),
    netReorder({ ...pod, reorder: "25%" }),
    netBandwidth({ ...pod, perSecond: "256KiB", path: "/v1/models/mlp:predict" }),
    podUnready(pod),
    nodeDrain(node),
    imageUnavailable(pod),
    corednsDown({ for: "8s" }),
    podEvict({ on: one(met.pods) }),
    nodeTaint(node),
    kubeletStop(node),
    apiServerPause(once),
    containerRuntimeStop(node),
    schedulerDown(once),
    nodeReboot({ on: one(server.nodes) }),
    etcdPause(once),
    controllerManagerDown(once),
    etcdKill({}),
    dependencySlow({ ...called, delay: "300ms" }),
    connectionReset(pod),
    dnsFailure({ ...pod, name: "server" }),
    dependencyReset(called),
    newConnectionsRefused(pod),
    dnsSlow({ ...pod, name: "server", delay: "300ms" }),
    dependencyTruncate(called),
    dnsWrong({ ...pod, name: "server" }),
  ]),
  observe: "2m",
  accepts: [
    "pdb-broken",
    "below-minimum",
    "no-spare-gpu",
    "control-plane-pod",
    "monitoring-pod",
    "unleased",
    "affects-probes",
  ],
  expect: [availability({ atLeast: "99%" })],
});
