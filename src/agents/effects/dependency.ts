import type { Effect } from "../../model/effect.ts";
import type { Until } from "../effect-program.ts";
import { endInNetwork, holdInNetwork } from "../net-program.ts";

type Dependency = Extract<Effect, { kind: "dependency" }>;

/** By a proxy in the pod's own network namespace: neither the pod nor the service is changed. */
export async function apply({ pod, host, port, does }: Dependency, { id }: Until): Promise<void> {
  await holdInNetwork("proxy", { pod, id, config: { host, port, does } });
}

/** It has no end of its own. */
export async function extend(): Promise<void> {}

export async function undo(_effect: Dependency, id: string): Promise<void> {
  await endInNetwork("proxy", id);
}
