// What a run would do, and to whom; nothing is touched.
import { EXIT, type ExitCode } from "../../model/error.ts";
import { showDamage } from "../../model/damage.ts";
import { stableText } from "../../model/json.ts";
import type { Plan } from "../../model/plan.ts";
import { showMs } from "../../model/quantity.ts";
import { showPick } from "../../model/target.ts";
import { showNumber, showPatch } from "../../model/show.ts";
import { planSha256 } from "../../store/plan-hash.ts";
import { documentText } from "../../store/run-log.ts";
import { clusterThere } from "../compose.ts";
import { foresee, type Foreseen } from "../foresee.ts";
import type { Output } from "../output.ts";
import { patchesNamed, type PatchOptions } from "../patch-file.ts";
import { byName, loadPlugins } from "../plugins.ts";
import { planned } from "./run.ts";

export interface PlanOptions extends PatchOptions {
  readonly seed: string | undefined;
  readonly instance: string;
  readonly context: string | undefined;
  readonly image: string | undefined;
}

/**
 * Prints the plan with its victims, by name where a cluster is up and they are there, the damage
 * that is foreseen and the hash; with --json the bytes of plan.json. Exit 4: a run of it would be
 * refused as things stand.
 */
export async function plan(
  file: string | undefined,
  options: PlanOptions,
  out: Output,
): Promise<ExitCode> {
  const plugins = await loadPlugins();
  const patches = await patchesNamed(options);
  const { plan: made, reading } = await planned(file, { ...options, plugins, patches });
  const faults = byName("fault", [...reading.definitions.faults, ...plugins.faults]);
  const foreseen = await foresee(made, { cluster: await clusterThere(options), faults });
  out.text(documentText(made));
  out.result([...planLines(made), ...foreseenLines(foreseen), hashLine(made)].join("\n"));
  return foreseen.refused.length > 0 ? EXIT.preflight : EXIT.pass;
}

const hashLine = (made: Plan): string => `  plan ${planSha256(made)}  (run it: --plan-hash)`;

function foreseenLines({ victims, accepted, refused }: Foreseen): readonly string[] {
  return [
    ...victims.map((line) => `  victims of ${line}`),
    ...accepted.map((damage) => `  ${showDamage(damage)}`),
    ...refused.map((problem) => `  would be refused: ${problem}`),
  ];
}

function planLines(made: Plan): readonly string[] {
  const { phasesMs } = made;
  const steps = made.steps.map((step) => {
    const until = step.healMs === null ? "once" : `until ${showMs(step.healMs)}`;
    return `  ${step.id} ${step.fault} on ${showPick(step.on)}, from ${showMs(step.injectMs)} ${until}  ${stableText(step.params)}`;
  });
  return [
    `${made.experiment}  seed ${made.seed}`,
    `  ${made.hypothesis}`,
    ...(made.patches ?? []).flatMap(showPatch).map((line) => `  patched ${line}`),
    `  cluster: ${made.cluster.nodes} nodes with ${made.cluster.gpusPerNode} GPUs each`,
    ...(made.cluster.images ?? []).map((archive) => `  images on every node: ${archive}`),
    ...made.stack.map(
      ({ part, objects }) => `  part ${part}: ${objects.map((o) => o.kind).join(", ")}`,
    ),
    `  load: ${made.load.scenarios.map((s) => `${s.name} ${made.load.rateRps}/s`).join(", ")} to ${made.load.to}`,
    `  warmup ${showMs(phasesMs.warmup)}, steady ${showMs(phasesMs.steady)}, faults ${showMs(phasesMs.faults)}, observe at most ${showMs(phasesMs.observe)}`,
    ...steps,
    ...Object.entries(made.minimumReady ?? {}).map(
      ([part, count]) => `  at least ${count} Ready pods of ${part} at any time`,
    ),
    ...(made.accepts.length > 0 ? [`  accepts ${made.accepts.join(", ")}`] : []),
    ...abortLines(made),
    ...made.checks.map((check) => `  check ${check.name} ${stableText(check.params)}`),
  ];
}

function abortLines({ abortWhen }: Plan): readonly string[] {
  if (!abortWhen) return [];
  const good = `${showNumber(abortWhen.goodRatio * 100)} %`;
  return [`  aborted when less than ${good} is good over ${showMs(abortWhen.overMs)}`];
}
