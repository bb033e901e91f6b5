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

/** Something real that can be disturbed here; or why only a cluster can, and the test that does. */
export type Bench =
  | { readonly make: () => Promise<EffectBench> }
  | { readonly onCluster: string; readonly test: string };

export const BENCHES: Readonly<Record<EffectKind, Bench>> = {
  "gpu-state": { make: async () => deviceBench() },
  "container-kill": { make: containerKillBench },
  freeze: { make: freezeBench },
  "net-shape": { make: async () => netShapeBench(await netEffects()) },
  "node-net": { make: async () => nodeNetBench(await netEffects()) },
  "container-down": { make: containerDownBench },
  "cpu-stress": { make: cpuStressBench },
  "memory-stress": { make: memoryStressBench },
  "processes-limit": { make: () => roomBenchOf("processes-limit") },
  "files-limit": { make: () => roomBenchOf("files-limit") },
  "disk-fill": { make: () => roomBenchOf("disk-fill") },
  "disk-slow": { make: () => roomBenchOf("disk-slow") },
  dependency: { make: async () => dependencyBench(await netEffects()) },
  connections: { make: async () => connectionsBench(await netEffects()) },
  dns: { make: async () => dnsBench(await netEffects()) },
  delete: { make: async () => removalBench(await apiServer(), "delete") },
  evict: { make: async () => removalBench(await apiServer(), "evict") },
  cordon: { make: async () => objectBench(await apiServer(), "cordon") },
  taint: { make: async () => objectBench(await apiServer(), "taint") },
  image: { make: async () => objectBench(await apiServer(), "image") },
  scale: { make: async () => objectBench(await apiServer(), "scale") },
  drain: { make: async () => drainBench(await apiServer()) },
  power: { make: powerBench },
  reboot: { make: rebootBench },
  "program-stop": { make: async () => programStopBench(await netEffects()) },
  "component-stop": { make: async () => componentStopBench(await netEffects()) },
  "component-kill": { make: async () => componentKillBench(await netEffects()) },
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
