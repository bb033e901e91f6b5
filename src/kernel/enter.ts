import { refusedDamage, type Damage } from "../model/damage.ts";
import { textAt, type KubeObject } from "../model/json.ts";
import type { Plan, PlannedPart } from "../model/plan.ts";
import type { Cluster } from "../ports/cluster.ts";
import type { AnyFault } from "../ports/fault.ts";
import { blastOf, concernsAll, drawAll, stepsOnExisting, type Blast } from "./blast.ts";
import { budgetDamage } from "./budgets.ts";
import { refuseLeftovers } from "./deploy.ts";
import { findExisting } from "./existing.ts";
import { gpusFor } from "./gpus.ts";
import { imageProblems, programsProblems } from "./images.ts";
import { readPlacement, type Placement } from "./inventory.ts";
import { readMarks, refuseMarks } from "./marks.ts";
import { existingNamespaces, notOptedIn, optInCommand, optInProblems } from "./opt-in.ts";
import { clusterProblems, refuse } from "./preflight.ts";
import type { Holders } from "./run-system.ts";
import { metricsProblems } from "./scale.ts";
import { labelled } from "./sweep.ts";

export interface Entering {
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
}

export interface Entered {
  /** The plan's parts, those that were there with their pods counted and their budgets read. */
  readonly stack: readonly PlannedPart[];
  /** What the steps would do here, as far as it can be known by now; all of it is accepted. */
  readonly damage: readonly Damage[];
}

/** Throws with exit 4 where a plan cannot run on a cluster that is up. Touches nothing. */
export async function judgeCluster(
  plan: Plan,
  of: Entering,
  signal: AbortSignal,
): Promise<Entered> {
  const { cluster, run, objects, fresh, addressGiven } = of;
  const { api, kind } = cluster;
  const [version, placement, found] = await Promise.all([
    api.get("version", signal),
    readPlacement({ stack: plan.stack, run, api, whole: !fresh && concernsAll(plan) }, signal),
    findExisting(plan, { api, addressGiven, signal }),
  ]);
  const general = generalProblems(plan, { of, placement, version: textAt(version, "gitVersion") });
  const blast = met(plan, { run, stack: found.stack, placement });
  const damage = [
    ...general.damage,
    ...budgetDamage(
      plan,
      found.stack.filter(({ existing }) => existing),
    ),
    ...blast.damage,
  ];
  const namespaces = [...existingNamespaces(plan), ...blast.namespaces];
  const closed = await notOptedIn(cluster, namespaces, signal);
  refuse(
    [
      ...general.problems,
      ...(kind === "local"
        ? imageProblems(objects, Object.values(cluster.images))
        : programsProblems(objects, cluster.images)),
      ...(await metricsProblems(plan, { api, signal })),
      ...found.problems,
      ...(found.problems.length === 0 ? blast.missing : []),
      ...optInProblems(closed),
      ...new Set(refusedDamage(plan, damage)),
    ],
    closed.length === 0
      ? undefined
      : `whoever owns it grants it: ${closed.map(optInCommand).join("; ")}`,
  );
  if (!fresh && objects.length > 0) {
    refuseLeftovers(await labelled(api, { run: null, planned: objects, signal }));
    refuseMarks(await readMarks(api, signal));
  }
  return { stack: found.stack, damage };
}

function generalProblems(
  plan: Plan,
  {
    of,
    placement,
    version,
  }: { readonly of: Entering; readonly placement: Placement; readonly version: string },
): ReturnType<typeof clusterProblems> {
  const { cluster, fresh, faults, accepts } = of;
  const expected = cluster.guard.machines.map((name) => ({
    name,
    ready: false,
    schedulable: true,
    gpus: 0,
  }));
  const { nodes } = placement.inventory;
  const facts = {
    kind: cluster.kind,
    kubernetes: version,
    fresh,
    nodes: nodes.length > 0 ? nodes : expected,
    ...(cluster.kind === "kube" ? { gpusFree: gpusFor(plan.stack, placement) } : {}),
  };
  return clusterProblems(plan, facts, { faults, accepts });
}

/** What the steps on parts that are there already would do; the others are placed by deploy. */
function met(
  plan: Plan,
  of: {
    readonly run: string;
    readonly stack: readonly PlannedPart[];
    readonly placement: Placement;
  },
): Blast & { readonly missing: readonly string[] } {
  const steps = stepsOnExisting(plan);
  const drawn = drawAll(steps, of.placement.inventory);
  return { ...blastOf(plan, { ...of, steps, met: drawn.met }), missing: drawn.missing };
}
