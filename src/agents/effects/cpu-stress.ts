import type { Effect } from "../../model/effect.ts";
import type { Until } from "../effect-program.ts";
import { endWorkers, Stress } from "../stress.ts";

type CpuStress = Extract<Effect, { kind: "cpu-stress" }>;

let stress: Stress | null = null;

/** Workers in the container's cgroups, each busy for a share of one CPU. */
export async function apply(effect: CpuStress, until: Until): Promise<void> {
  const { pod, container, workers, loadRatio } = effect;
  const argsOf = (): readonly string[] => [`load=${loadRatio}`];
  stress = new Stress({ pod, container, program: "stress-cpu.ts", workers, argsOf }, until);
  await stress.start();
}

export async function extend(_effect: CpuStress, { untilUs }: Until): Promise<void> {
  stress?.extend(untilUs);
}

export async function undo(_effect: CpuStress, id: string): Promise<void> {
  stress?.stop();
  await endWorkers(id);
}
