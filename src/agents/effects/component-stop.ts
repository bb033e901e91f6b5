import type { Effect } from "../../model/effect.ts";
import { componentProcess } from "../control-plane.ts";
import type { Until } from "../effect-program.ts";
import { endProgram, holdProgram } from "../program.ts";

type ComponentStop = Extract<Effect, { kind: "component-stop" }>;

export async function apply({ component }: ComponentStop, { id }: Until): Promise<void> {
  const config = { programs: [component], beside: componentProcess(component), afterMs: 0 };
  await holdProgram("hold", { name: component, id, config });
}

/** What is stopped stays stopped: there is nothing to make longer. */
export async function extend(): Promise<void> {}

export async function undo(_effect: ComponentStop, id: string): Promise<void> {
  await endProgram("hold", id);
}
