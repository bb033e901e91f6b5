import type { Effect } from "../../model/effect.ts";
import type { Until } from "../effect-program.ts";
import { endInNetwork, holdInNetwork } from "../net-program.ts";

type Dns = Extract<Effect, { kind: "dns" }>;

/** By a resolver in the pod's own network namespace: pod and name servers are not changed. */
export async function apply({ pod, name, does }: Dns, { id }: Until): Promise<void> {
  await holdInNetwork("dns", { pod, id, config: { name, does } });
}

/** It has no end of its own. */
export async function extend(): Promise<void> {}

export async function undo(_effect: Dns, id: string): Promise<void> {
  await endInNetwork("dns", id);
}
