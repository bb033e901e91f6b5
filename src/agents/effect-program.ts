import type { Effect, EffectKind } from "../model/effect.ts";
import type { Us } from "../model/quantity.ts";

/** Under which id an effect is held, and until when it may be there if nobody says more. */
export interface Until {
  readonly id: string;
  readonly untilUs: Us;
}

/** Nothing was touched: there is nothing of this effect to undo, and another's must stay. */
export class NothingDone extends Error {}

/** What one file in effects/ exports. */
export interface EffectProgram<E extends Effect> {
  /**
   * Resolves once the effect is there, or with the stamp at which it will be: one that would hold
   * back its own answer comes after it. Throws why it cannot be, and what was begun is undone.
   */
  apply(effect: E, until: Until): Promise<void | Us>;
  /** The lease became longer. */
  extend(effect: E, until: Until): Promise<void>;
  /** Idempotent, and from the effect's data alone. */
  undo(effect: E, id: string): Promise<void>;
}

const PROGRAMS: {
  readonly [K in EffectKind]: () => Promise<EffectProgram<Extract<Effect, { kind: K }>>>;
} = {
  "gpu-state": () => import("./effects/gpu-state.ts"),
  "container-kill": () => import("./effects/container-kill.ts"),
  freeze: () => import("./effects/freeze.ts"),
  dependency: () => import("./effects/dependency.ts"),
  connections: () => import("./effects/connections.ts"),
  dns: () => import("./effects/dns.ts"),
  "net-shape": () => import("./effects/net-shape.ts"),
  "node-net": () => import("./effects/node-net.ts"),
  "container-down": () => import("./effects/container-down.ts"),
  "cpu-stress": () => import("./effects/cpu-stress.ts"),
  "memory-stress": () => import("./effects/memory-stress.ts"),
  "processes-limit": () => import("./effects/processes-limit.ts"),
  "files-limit": () => import("./effects/files-limit.ts"),
  "disk-fill": () => import("./effects/disk-fill.ts"),
  "disk-slow": () => import("./effects/disk-slow.ts"),
  delete: () => import("./effects/delete.ts"),
  evict: () => import("./effects/evict.ts"),
  cordon: () => import("./effects/cordon.ts"),
  drain: () => import("./effects/drain.ts"),
  taint: () => import("./effects/taint.ts"),
  image: () => import("./effects/image.ts"),
  scale: () => import("./effects/scale.ts"),
  power: () => import("./effects/power.ts"),
  reboot: () => import("./effects/reboot.ts"),
  "program-stop": () => import("./effects/program-stop.ts"),
  "component-stop": () => import("./effects/component-stop.ts"),
  "component-kill": () => import("./effects/component-kill.ts"),
};

/** The program for a kind of effect: loaded only where one is carried; give it no other kind. */
export async function loadProgram(kind: EffectKind): Promise<EffectProgram<Effect>> {
  return PROGRAMS[kind]();
}
