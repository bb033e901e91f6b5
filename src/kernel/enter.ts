import { textAt, type KubeObject } from "../model/json.ts";
import type { Plan } from "../model/plan.ts";
import type { Cluster } from "../ports/cluster.ts";
import type { AnyFault } from "../ports/fault.ts";
import { refuseLeftovers } from "./deploy.ts";
import { findExisting } from "./existing.ts";
import { imageProblems, programsProblems } from "./images.ts";
import { readInventory } from "./inventory.ts";
import { budgetProblems, clusterProblems, refuse } from "./preflight.ts";
import type { Holders } from "./run-system.ts";
import { metricsProblems } from "./scale.ts";
import { labelled } from "./sweep.ts";

/** Throws with exit 4 where a plan cannot run on a cluster that is up. Touches nothing. */
export async function judgeCluster(
  plan: Plan,
  of: {
    readonly cluster: Cluster;
    readonly run: string;
    /** As they will be applied. */
    readonly objects: readonly KubeObject[];
    readonly accepts: Holders["accepts"];
    readonly faults: (name: string) => AnyFault;
    /** Just started as the plan says: its nodes and GPUs are still coming. */
    readonly fresh: boolean;
    /** Clients use another address than the Service's. */
    readonly addressGiven: boolean;
  },
  signal: AbortSignal,
): Promise<void> {
  const { cluster, run, objects, accepts, faults, fresh } = of;
  const { api, kind, guard } = cluster;
  const kubernetes = textAt(await api.get("version", signal), "gitVersion");
  const { nodes } = await readInventory({ stack: plan.stack, run, api }, signal);
  const expected = guard.machines.map((name) => ({
    name,
    ready: false,
    schedulable: true,
    gpus: 0,
  }));
  const facts = { kind, kubernetes, fresh, nodes: nodes.length > 0 ? nodes : expected };
  const { addressGiven } = of;
  const found = await findExisting(plan, { api, addressGiven, signal });
  refuse([
    ...clusterProblems(plan, facts, { faults, accepts }),
    ...(kind === "local"
      ? imageProblems(objects, Object.values(cluster.images))
      : programsProblems(objects, cluster.images)),
    ...(await metricsProblems(plan, { api, signal })),
    ...found.problems,
    ...budgetProblems(
      plan,
      found.stack.filter(({ existing }) => existing),
    ),
  ]);
  if (fresh || objects.length === 0) return;
  refuseLeftovers(await labelled(api, { run: null, planned: objects, signal }));
}
