// Who stands for what is disturbed, for each kind of effect. A kind without a bench does not
// compile.
import type { EffectKind } from "../../src/model/effect.ts";
import {
  containerDownBench,
  containerKillBench,
  cpuStressBench,
  freezeBench,
  memoryStressBench,
} from "../support/benches/containers.ts";
import { deviceBench } from "../support/benches/devices.ts";
import { drainBench } from "../support/benches/drains.ts";
import { powerBench, rebootBench } from "../support/benches/machines.ts";
import {
  connectionsBench,
  dependencyBench,
  dnsBench,
  netShapeBench,
  nodeNetBench,
} from "../support/benches/networks.ts";
import { objectBench } from "../support/benches/objects.ts";
import { removalBench } from "../support/benches/pods.ts";
import {
  componentKillBench,
  componentStopBench,
  programStopBench,
} from "../support/benches/programs.ts";
import type { EffectBench } from "../support/effect-bench.ts";
import { binaryFolder, startApiServer, type ApiServer } from "../support/kube-api-server.ts";
import { netEffectsPath } from "../support/net-pair.ts";
import { roomBench, type RoomKind } from "../support/room-bench.ts";

/** Something real that can be disturbed here, without a cluster. */
export const BENCHES: Readonly<Record<EffectKind, () => Promise<EffectBench>>> = {
  "gpu-state": async () => deviceBench(),
  "container-kill": containerKillBench,
  freeze: freezeBench,
  "net-shape": async () => netShapeBench(await netEffects()),
  "node-net": async () => nodeNetBench(await netEffects()),
  "container-down": containerDownBench,
  "cpu-stress": cpuStressBench,
  "memory-stress": memoryStressBench,
  "processes-limit": () => roomBenchOf("processes-limit"),
  "files-limit": () => roomBenchOf("files-limit"),
  "disk-fill": () => roomBenchOf("disk-fill"),
  "disk-slow": () => roomBenchOf("disk-slow"),
  dependency: async () => dependencyBench(await netEffects()),
  connections: async () => connectionsBench(await netEffects()),
  dns: async () => dnsBench(await netEffects()),
  delete: async () => removalBench(await apiServer(), "delete"),
  evict: async () => removalBench(await apiServer(), "evict"),
  cordon: async () => objectBench(await apiServer(), "cordon"),
  taint: async () => objectBench(await apiServer(), "taint"),
  image: async () => objectBench(await apiServer(), "image"),
  scale: async () => objectBench(await apiServer(), "scale"),
  drain: async () => drainBench(await apiServer()),
  power: powerBench,
  reboot: rebootBench,
  "program-stop": async () => programStopBench(await netEffects()),
  "component-stop": async () => componentStopBench(await netEffects()),
  "component-kill": async () => componentKillBench(await netEffects()),
};

let program: Promise<string> | null = null;
const netEffects = (): Promise<string> => (program ??= netEffectsPath());

const roomBenchOf = async (kind: RoomKind): Promise<EffectBench> => ({
  ...(await roomBench(kind)),
  env: { NINETY_NET_EFFECTS: await netEffects() },
});

let server: Promise<ApiServer> | null = null;
const apiServer = (): Promise<ApiServer> =>
  (server ??= binaryFolder(AbortSignal.timeout(600_000)).then(startApiServer));

/** What several benches share ends, once the last of them is closed. */
export async function closeShared(): Promise<void> {
  const ending = server;
  server = null;
  await (await ending)?.stop();
}
