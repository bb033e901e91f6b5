// The steps of an experiment as Chaos Mesh's objects, for a cluster where it is installed.
import { stringify } from "yaml";
import { carryOut, refusals, type CarriedStep, type ResolvedStep } from "../../chaos-mesh/carry.ts";
import { namespaceOf } from "../../kernel/bind.ts";
import { readInventory } from "../../kernel/inventory.ts";
import { resolve } from "../../kernel/resolver.ts";
import { effectsOf, standIn } from "../../kernel/stand-in.ts";
import { EXIT, InvalidExperiment, messageOf, NinetyError } from "../../model/error.ts";
import type { ExitCode } from "../../model/error.ts";
import { listAt, textAt } from "../../model/json.ts";
import type { Plan, PlannedStep } from "../../model/plan.ts";
import { showMs } from "../../model/quantity.ts";
import type { Target } from "../../model/target.ts";
import type { Api } from "../../ports/api.ts";
import type { AnyFault } from "../../ports/fault.ts";
import { clusterThere } from "../compose.ts";
import type { Output } from "../output.ts";
import { byName, loadPlugins } from "../plugins.ts";
import { planned } from "./run.ts";

const LOOK_WITHIN_MS = 30_000;

export interface ChaosMeshOptions {
  readonly seed: string | undefined;
  readonly instance: string;
  readonly context: string | undefined;
}

/**
 * Prints the objects with the victims that the seed draws of the pods that are there now. All or
 * nothing: what Chaos Mesh cannot carry out is an error that names the step.
 */
export async function planAsChaosMesh(
  file: string | undefined,
  options: ChaosMeshOptions,
  out: Output,
): Promise<ExitCode> {
  const { seed, context } = options;
  const plugins = await loadPlugins();
  const { plan, reading } = await planned(file, { seed, context, image: undefined, plugins });
  const faults = byName("fault", [...reading.definitions.faults, ...plugins.faults]);
  const steps = plan.steps.toSorted((a, b) => a.injectMs - b.injectMs);
  // What no victim could change is told without a cluster.
  const never = steps.flatMap((step) =>
    refusals(resolved(step, faults(step.fault), [standIn(step.on.kind, "any")])),
  );
  if (never.length > 0) throw new InvalidExperiment(never);
  const cluster = await clusterThere(options);
  if (cluster === null) {
    throw new NinetyError(
      `victims are pods by name, so they must be there: local cluster ${options.instance} is not up`,
      { exit: EXIT.preflight, hint: "--context <name>, or: ninety cluster up" },
    );
  }
  const met = await victimsOf(plan, cluster.api);
  const { experiment } = plan;
  const { steps: carried, problems } = carryOut(
    steps.map((step) => resolved(step, faults(step.fault), met.targets.get(step.id) ?? [])),
    { experiment, seed: plan.seed, scene: { containers: met.containers } },
  );
  if (problems.length > 0) throw new InvalidExperiment(problems);
  out.result(yamlOf(plan, steps, carried).trimEnd());
  out.object({ experiment, seed: plan.seed, steps: carried });
  return EXIT.pass;
}

function resolved(step: PlannedStep, fault: AnyFault, targets: readonly Target[]): ResolvedStep {
  const { id, follow, injectMs, healMs } = step;
  const effects = targets.flatMap((target) => effectsOf(step, fault, target));
  return {
    id,
    fault: step.fault,
    follow,
    forMs: healMs === null ? null : healMs - injectMs,
    effects,
  };
}

interface Victims {
  readonly targets: ReadonlyMap<string, readonly Target[]>;
  /** Names of containers by the uid of their pod. */
  readonly containers: Readonly<Record<string, readonly string[]>>;
}

/** Drawn as a run draws them; what a run itself would deploy is looked for in its namespace. */
async function victimsOf(plan: Plan, api: Api): Promise<Victims> {
  const signal = AbortSignal.timeout(LOOK_WITHIN_MS);
  const parts = new Set(plan.steps.flatMap(({ on }) => partsOf(on)));
  const stack = plan.stack
    .filter(({ part }) => parts.has(part))
    .map((part) => ({ ...part, existing: part.existing ?? { namespace: namespaceOf(plan) } }));
  const inventory = await readInventory({ stack, run: "none", api }, signal);
  const problems: string[] = [];
  const targets = new Map<string, readonly Target[]>();
  for (const step of plan.steps) {
    try {
      targets.set(step.id, resolve(step, inventory));
    } catch (error) {
      problems.push(messageOf(error));
    }
  }
  if (problems.length > 0) throw new NinetyError(problems.join("\n"), { exit: EXIT.preflight });
  const pods = Object.values(inventory.pods).flatMap((all) => all.map(({ target }) => target));
  const containers = await Promise.all(
    pods.map(async ({ namespace, name, uid }) => {
      const pod = await api.get(`api/v1/namespaces/${namespace}/pods/${name}`, signal);
      return [uid, listAt(pod, "spec", "containers").map((one) => textAt(one, "name"))] as const;
    }),
  );
  return { targets, containers: Object.fromEntries(containers) };
}

function partsOf(on: PlannedStep["on"]): readonly string[] {
  if (on.kind === "cluster") return [];
  return on.kind === "link" ? [on.from.part, on.to.part] : [on.part];
}

function yamlOf(
  { experiment, seed }: Plan,
  steps: readonly PlannedStep[],
  carried: readonly CarriedStep[],
): string {
  const head = [
    `# ${experiment}  seed ${seed}: victims as the seed draws them of the pods that are Ready now.`,
    "# A fault begins when its object is created: create each at its time, by kubectl create.",
  ];
  const documents = steps.flatMap((step) => {
    const { objects = [] } = carried.find(({ id }) => id === step.id) ?? {};
    const until = step.healMs === null ? "once" : `for ${showMs(step.healMs - step.injectMs)}`;
    const title = `# ${step.id} ${step.fault}, ${showMs(step.injectMs)} into the faults, ${until}`;
    return objects.map((object) => `---\n${title}\n${stringify(object, { lineWidth: 0 })}`);
  });
  return `${head.join("\n")}\n${documents.join("")}`;
}
