// What the types of Chaos Mesh's objects accept and refuse: this file only has to compile.
import type {
  NetworkChaosSpec,
  PodChaosSpec,
  StressChaosSpec,
  Victims,
} from "../../src/chaos-mesh/objects.ts";

const victims: Victims = { selector: { pods: { shop: ["web-1"] } }, mode: "all" };
const target = victims;
const delay = { latency: "40ms", jitter: "10ms" } as const;
const loss = { loss: "20" } as const;
const held = { duration: "60s" } as const;
const to = { direction: "to" } as const;

// Right.
export const pods: readonly PodChaosSpec[] = [
  { ...victims, action: "pod-kill", gracePeriod: 0 },
  { ...victims, action: "container-kill", containerNames: ["web"] },
  { ...victims, ...held, action: "pod-failure" },
];
export const networks: readonly NetworkChaosSpec[] = [
  { ...victims, ...held, ...to, action: "delay", delay },
  { ...victims, ...held, ...to, action: "loss", loss, externalTargets: ["10.0.0.1"] },
  { ...victims, ...held, direction: "both", target, action: "partition" },
  { ...victims, ...held, ...to, action: "netem", delay, loss },
  {
    ...victims,
    ...held,
    ...to,
    action: "bandwidth",
    bandwidth: { rate: "1mbit", limit: 20_000, buffer: 10_000 },
  },
];
const cpu = { workers: 2, load: 80 };
export const stresses: readonly StressChaosSpec[] = [
  { ...victims, ...held, containerNames: ["web"], stressors: { cpu } },
  {
    ...victims,
    ...held,
    containerNames: ["web"],
    stressors: { cpu, memory: { workers: 1, size: "268435456B" } },
  },
];

// Wrong: victims.
// @ts-expect-error a draw of Chaos Mesh's own
export const drawn: Victims = { ...victims, mode: "one" };
// @ts-expect-error nobody
export const nobody: Victims = { selector: { pods: { shop: [] } }, mode: "all" };
// @ts-expect-error a selector that would be ignored beside the names
export const labelled: Victims = { mode: "all", selector: { labelSelectors: { app: "web" } } };

export const wrongPods: readonly PodChaosSpec[] = [
  // @ts-expect-error by force unless it is said
  { ...victims, action: "pod-kill" },
  // @ts-expect-error nothing comes back
  { ...victims, ...held, action: "pod-kill", gracePeriod: 0 },
  // @ts-expect-error the first container only
  { ...victims, action: "container-kill" },
  // @ts-expect-error a grace that nobody reads
  { ...victims, action: "container-kill", containerNames: ["web"], gracePeriod: 5 },
  // @ts-expect-error for ever
  { ...victims, action: "pod-failure" },
];
export const wrongNetworks: readonly NetworkChaosSpec[] = [
  // @ts-expect-error for ever
  { ...victims, ...to, action: "delay", delay },
  // @ts-expect-error no block
  { ...victims, ...held, ...to, action: "delay" },
  // @ts-expect-error a block that is done although the action does not say so
  { ...victims, ...held, ...to, action: "delay", delay, loss },
  // @ts-expect-error refused by the webhook: from whom
  { ...victims, ...held, direction: "from", action: "delay", delay },
  // @ts-expect-error refused by the webhook: addresses are for one direction
  { ...victims, ...held, direction: "both", target, externalTargets: ["a"], action: "loss", loss },
  // @ts-expect-error nothing at all
  { ...victims, ...held, ...to, action: "netem" },
  // @ts-expect-error percent is text
  { ...victims, ...held, ...to, action: "loss", loss: { loss: 20 } },
  // @ts-expect-error a duration has a unit
  { ...victims, duration: "60", ...to, action: "loss", loss },
];
export const wrongStresses: readonly StressChaosSpec[] = [
  // @ts-expect-error nothing is stressed
  { ...victims, ...held, containerNames: ["web"], stressors: {} },
  {
    ...victims,
    ...held,
    containerNames: ["web"],
    stressors: { cpu },
    // @ts-expect-error a field that does nothing but leave the others out
    stressngStressors: "--cpu 1",
  },
  // @ts-expect-error the first container only
  { ...victims, ...held, stressors: { cpu } },
];
