import type { NodeProgram } from "../../model/component.ts";
import type { Effect } from "../../model/effect.ts";
import type { Us } from "../../model/quantity.ts";
import type { Until } from "../effect-program.ts";
import { nowUs } from "../monotonic.ts";
import { endProgram, holdProgram } from "../program.ts";

type ProgramStop = Extract<Effect, { kind: "program-stop" }>;

/** Names that its process may have been started by; where a node calls it otherwise, that name. */
const NAMES: Readonly<Record<NodeProgram, readonly string[]>> = {
  kubelet: [process.env["NINETY_KUBELET"] ?? "kubelet"],
  "container-runtime": [process.env["NINETY_CONTAINER_RUNTIME"] ?? "containerd", "crio"],
};
/** What says that the effect is there leaves the node by way of the very program. */
const LEAD_MS = Number(process.env["NINETY_LEAD_MS"] ?? 1_000);

export async function apply({ node, program }: ProgramStop, { id }: Until): Promise<Us> {
  const name = `${program} of ${node}`;
  // The agent shares the node's pid namespace: what a pod calls by that name is not meant.
  const config = { programs: NAMES[program], beside: process.pid, afterMs: LEAD_MS };
  await holdProgram("hold", { name, id, config });
  return nowUs() + LEAD_MS * 1_000;
}

/** What is stopped stays stopped: there is nothing to make longer. */
export async function extend(): Promise<void> {}

export async function undo(_effect: ProgramStop, id: string): Promise<void> {
  await endProgram("hold", id);
}
