// Programs of a node and of a control plane: processes with their names.
import { setTimeout as sleep } from "node:timers/promises";

import type { ControlComponent, NodeProgram } from "../../../src/model/component.ts";
import type { Effect } from "../../../src/model/effect.ts";
import { COMPONENTS, controlPlane, type ControlPlane } from "../control-plane.ts";
import type { EffectBench } from "../effect-bench.ts";
import { nodeProgram, type NodeProgramProcess } from "../node-program.ts";

/** A look takes a moment, as one at a real program would. */
const LOOK_MS = 100;
const PROGRAMS = ["kubelet", "container-runtime"] as const;
let made = 0;

export type NodePrograms = Readonly<Record<NodeProgram, NodeProgramProcess>>;

const programOf = (effect: Effect): NodeProgram =>
  effect.kind === "program-stop" ? effect.program : "kubelet";

/** Two programs of one node; `helper`: path of net-effects. */
export async function programStopBench(
  helper: string,
): Promise<EffectBench & { readonly programs: NodePrograms }> {
  made += 1;
  const programs: NodePrograms = {
    kubelet: await nodeProgram(`kubelet-${process.pid}-${made}`),
    "container-runtime": await nodeProgram(`runtime-${process.pid}-${made}`),
  };
  return {
    programs,
    effect: (nth) => ({ kind: "program-stop", node: "n1", program: PROGRAMS[nth] }),
    mark: (effect) => `"program":"${programOf(effect)}"`,
    isThere: async (effect) => {
      await sleep(LOOK_MS);
      return programs[programOf(effect)].isStopped();
    },
    env: {
      NINETY_NET_EFFECTS: helper,
      NINETY_KUBELET: programs.kubelet.name,
      NINETY_CONTAINER_RUNTIME: programs["container-runtime"].name,
      NINETY_LEAD_MS: "50",
    },
    close: async () => {
      for (const one of Object.values(programs)) await one.close();
    },
  };
}

const componentOf = (effect: Effect): ControlComponent =>
  "component" in effect ? effect.component : "etcd";

type ControlBench = EffectBench & { readonly plane: ControlPlane };

async function controlBench(
  kind: "component-stop" | "component-kill",
  helper: string,
): Promise<Omit<ControlBench, "isThere">> {
  const plane = await controlPlane();
  return {
    plane,
    effect: (nth) => ({ kind, component: COMPONENTS[nth] }),
    mark: (effect) => `"component":"${componentOf(effect)}"`,
    env: { NINETY_NET_EFFECTS: helper },
    guard: {
      api: null,
      machines: {},
      controlPlane: { cgroup: plane.folder, components: COMPONENTS },
    },
    close: () => plane.close(),
  };
}

export async function componentStopBench(helper: string): Promise<ControlBench> {
  const bench = await controlBench("component-stop", helper);
  return {
    ...bench,
    isThere: async (effect) => {
      await sleep(LOOK_MS);
      return bench.plane.isStopped(componentOf(effect));
    },
  };
}

export async function componentKillBench(helper: string): Promise<ControlBench> {
  const bench = await controlBench("component-kill", helper);
  return {
    ...bench,
    isThere: (effect) => bench.plane.pidOf(componentOf(effect)) === 0,
    times: (effect) => bench.plane.restarts(componentOf(effect)),
  };
}
