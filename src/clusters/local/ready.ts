import { existsSync } from "node:fs";
import { messageOf } from "../../model/error.ts";
import { at, listAt, numberAt, textAt, type KubeObject } from "../../model/json.ts";
import type { Api } from "../../ports/api.ts";
import { loadHostMissing } from "./load-host.ts";
import type { ClusterFile } from "./state.ts";

export const READY_WITHIN_MS = 120_000;

/**
 * Null: every node is Ready with its GPUs allocatable, the guard listens, and the load host reaches
 * Services.
 */
export async function nodesMissing(
  { layout, guardMachines }: Pick<ClusterFile, "layout" | "guardMachines">,
  api: Api,
  signal: AbortSignal,
): Promise<string | null> {
  const guarded = guardMachines !== null;
  try {
    const nodes = await api.list("api/v1/nodes", signal);
    const { gpusPerNode } = layout.plan;
    const missing = layout.machines
      .filter(({ role }) => role === "node")
      .flatMap(({ name }) => {
        const node = nodes.find((node) => node.metadata.name === name);
        if (node === undefined) return [`node ${name} has not registered`];
        const ready = listAt(node, "status", "conditions").some(
          (condition) => at(condition, "type") === "Ready" && at(condition, "status") === "True",
        );
        if (!ready) return [`node ${name} is not Ready`];
        if (isClosed(node)) return [`node ${name} is tainted`];
        const gpus = numberAt(node, "status", "allocatable", "nvidia.com/gpu") ?? 0;
        return gpus < gpusPerNode ? [`node ${name} has ${gpus} of ${gpusPerNode} GPUs`] : [];
      });
    if (missing.length > 0) return missing.join(", ");
    if (guarded && !existsSync(layout.paths.guardSocket)) return "guard does not listen yet";
    return await loadHostMissing(layout);
  } catch (error) {
    signal.throwIfAborted();
    return messageOf(error);
  }
}

/**
 * The taint goes a moment after the condition comes: until then nothing is scheduled. Its NoExecute
 * twin may stay for 5 s more, and every pod tolerates that for longer.
 */
const isClosed = (node: KubeObject): boolean =>
  listAt(node, "spec", "taints").some(
    (taint) =>
      textAt(taint, "key") === "node.kubernetes.io/not-ready" &&
      textAt(taint, "effect") === "NoSchedule",
  );
