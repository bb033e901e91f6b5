import type { Effect } from "../../model/effect.ts";
import { apiServerAddresses } from "../control-path.ts";
import type { Until } from "../effect-program.ts";
import { endInNetwork, holdInNode } from "../net-program.ts";

type NodeNet = Extract<Effect, { kind: "node-net" }>;

const KUBELET_PORT = 10_250;

/** Whoever asked for a cut must hear that it is there: the answer goes by that very way. */
const HEARD_MS = 2_000;

export async function apply(effect: NodeNet, { id }: Until): Promise<void> {
  const { kind: _kind, node, sparesControlPath, ...shape } = effect;
  const spares = sparesControlPath
    ? { spared: apiServerAddresses(), sparedPorts: [KUBELET_PORT] }
    : shape.lossRatio === 1
      ? { sparedPorts: [KUBELET_PORT], sparedPortsMs: HEARD_MS }
      : {};
  await holdInNode("queue", { node, id, config: { ...shape, peers: null, ...spares } });
}

/** It has no end of its own. */
export async function extend(): Promise<void> {}

export async function undo(_effect: NodeNet, id: string): Promise<void> {
  await endInNetwork("queue", id);
}
