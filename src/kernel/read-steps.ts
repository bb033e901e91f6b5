import { count, duration, flag, read, type Field, type Fields } from "../model/fields.ts";
import type { JsonObject } from "../model/json.ts";
import type { ClusterPlan, PlannedPart } from "../model/plan.ts";
import type { Ms } from "../model/quantity.ts";
import type { CountedKind, Pick, TargetKind } from "../model/target.ts";
import type { Part } from "../ports/author.ts";
import { targetKinds, type AnyFault } from "../ports/fault.ts";
import { podBounds } from "./scale.ts";
import { asJson, isObject, listOf, rulesBroken, show } from "./shape.ts";

/** One fault of an experiment, read; its targets are not drawn yet. */
export interface ReadStep {
  readonly fault: string;
  readonly params: JsonObject;
  readonly on: Pick;
  readonly atMs: Ms;
  /** Null: happens once. */
  readonly forMs: Ms | null;
  readonly follow: boolean;
}

/** What is there to be met. */
export interface Scene {
  readonly stack: readonly Part[];
  readonly cluster: ClusterPlan;
}

/** Read apart, and named here so that an unknown field is told with all that are known. */
const met: Field<unknown, unknown, "", true> = {
  unit: "",
  about: "what it meets",
  rule: "such as one(server.pods)",
  optional: true,
  read: (written) => written,
};
const at = duration({ about: "from the start of the faults phase", max: "1h", default: "0s" });
const lasts = duration({ about: "how long it is held", min: "1s", max: "1h" });
const follow = flag({ about: "meets the replacements of its targets too", default: false });

/** The steps that are whole, with every problem of the others told. */
export function readSteps(
  written: unknown,
  scene: Scene,
  problems: string[],
): { readonly steps: readonly ReadStep[]; readonly definitions: readonly AnyFault[] } {
  const steps: ReadStep[] = [];
  const definitions: AnyFault[] = [];
  for (const [index, step] of listOf("faults", written, problems).entries()) {
    const path = `faults[${index}]`;
    const definition = isObject(step) ? step["definition"] : null;
    if (!isObject(step) || !isFault(definition) || !isObject(step["options"])) {
      problems.push(`${path} must be a fault such as podKill({ … }), got ${show(step)}`);
      continue;
    }
    const read = readStep(path, { definition, options: step["options"], scene }, problems);
    if (read) steps.push(read);
    definitions.push(definition);
  }
  return { steps, definitions };
}

function readStep(
  path: string,
  of: { definition: AnyFault; options: Readonly<Record<string, unknown>>; scene: Scene },
  problems: string[],
): ReadStep | null {
  const { definition, options, scene } = of;
  const before = problems.length;
  const kinds = targetKinds(definition);
  const follows = definition.lasts === "held" && kinds.some(isReplaced);
  const common: Fields = {
    ...(kinds.includes("cluster") ? {} : { on: met }),
    at,
    ...(definition.lasts === "held" ? { for: lasts } : {}),
    ...(follows ? { follow } : {}),
  };
  const {
    on,
    atMs,
    forMs,
    follow: isFollowed,
    ...params
  } = read(path, { ...common, ...definition.params }, options, problems) as Readonly<
    Record<string, unknown>
  >;
  const picked = kinds.includes("cluster")
    ? ({ kind: "cluster" } as const)
    : readPick(`${path}.on`, on, { kinds, scene }, problems);
  if (picked && isFollowed === true && !isReplaced(picked.kind)) {
    problems.push(`${path}.follow must be left out: a ${picked.kind} has no replacement, got true`);
  }
  if (problems.length > before || !picked) return null;
  problems.push(...rulesBroken(path, () => definition.problems?.(params as never)));
  return {
    fault: definition.name,
    params: asJson(params),
    on: picked,
    atMs: atMs as Ms,
    forMs: (forMs as Ms | undefined) ?? null,
    follow: isFollowed === true,
  };
}

const isReplaced = (kind: TargetKind): boolean => kind === "pod" || kind === "gpu";

/** A pick of one of those kinds, of parts that are there and have that many; else null. */
function readPick(
  path: string,
  written: unknown,
  of: { readonly kinds: readonly TargetKind[]; readonly scene: Scene },
  problems: string[],
): Pick | null {
  const { kinds, scene } = of;
  const example = kinds.map(exampleOf).join(" or ");
  if (!isObject(written)) {
    problems.push(`${path} must be a pick such as ${example}, got ${show(written)}`);
    return null;
  }
  const kind = kinds.find((one) => one === written["kind"]);
  if (kind === undefined || kind === "cluster") {
    const wanted = kinds.map((one) => `${one}s`).join(" or ");
    problems.push(`${path} must pick ${wanted}, such as ${example}, got ${show(written["kind"])}`);
    return null;
  }
  if (kind === "link") {
    const from = readPick(`${path}.from`, written["from"], { kinds: ["pod"], scene }, problems);
    const to = readPick(`${path}.to`, written["to"], { kinds: ["pod"], scene }, problems);
    return from?.kind === "pod" && to?.kind === "pod" ? { kind, from, to } : null;
  }
  const wrong = pickProblem(kind, written, scene);
  if (wrong === null) {
    return { kind, part: written["part"], count: written["count"] } as unknown as Pick;
  }
  problems.push(`${path} ${wrong}`);
  return null;
}

const exampleOf = (kind: TargetKind): string =>
  kind === "link" ? "between(all(a.pods), all(b.pods))" : `one(server.${kind}s)`;

/** `[exactly(2, server.pods)]` as `{ server: 2 }`: of parts that are there, each at most once. */
export function readMinimum(
  written: unknown,
  scene: Scene,
  problems: string[],
): Readonly<Record<string, number>> {
  const least: Record<string, number> = {};
  if (written === undefined) return least;
  for (const [index, one] of listOf("minimumReady", written, problems).entries()) {
    const path = `minimumReady[${index}]`;
    if (!isObject(one) || one["kind"] !== "pod" || one["count"] === "all") {
      problems.push(`${path} must be such as exactly(2, server.pods), got ${show(one)}`);
      continue;
    }
    const wrong = pickProblem("pod", one, scene);
    const part = String(one["part"]);
    if (wrong !== null) problems.push(`${path} ${wrong}`);
    else if (part in least) problems.push(`${path} must be of another part, got ${part} again`);
    else least[part] = one["count"] as number;
  }
  return least;
}

const PICKED_MAX = 1_000;
const counted = count({ about: "how many", min: 1, max: PICKED_MAX });

/** What is wrong with a pick of single things, or null. */
function pickProblem(
  kind: CountedKind,
  written: Readonly<Record<string, unknown>>,
  scene: Scene,
): string | null {
  const name = written["part"];
  const part = scene.stack.find((one) => one.part === name)?.planned;
  if (!part) {
    const known = scene.stack.map((one) => one.part).join(", ");
    return `must be of a part in the stack (${known}), got ${show(name)}`;
  }
  const most = mostOf(kind, part, scene.cluster);
  if (most === 0) return `must be of a part that has ${kind}s, got ${part.part}, which has none`;
  if (written["count"] === "all") return null;
  try {
    const asked = counted.read(written["count"]);
    if (asked <= most) return null;
    return `must be at most ${most}: ${part.part} has no more ${kind}s, got ${asked}`;
  } catch {
    return `must be of 1 to ${PICKED_MAX} or all, got ${show(written["count"])}`;
  }
}

/** How many of them a part can have at most, as far as a plan can know. */
export function mostOf(kind: CountedKind, part: PlannedPart, cluster: ClusterPlan): number {
  if (part.selector === null) return 0;
  const pods = podBounds(part)?.most ?? PICKED_MAX;
  return { pod: pods, gpu: pods * part.gpusPerPod, node: Math.min(pods, cluster.nodes) }[kind];
}

function isFault(value: unknown): value is AnyFault {
  return (
    isObject(value) &&
    typeof value["name"] === "string" &&
    isTargetKinds(value["on"]) &&
    ["held", "once"].includes(value["lasts"] as string) &&
    isObject(value["params"]) &&
    ["effects", "observe", "proof"].every((key) => typeof value[key] === "function")
  );
}

const KINDS: readonly unknown[] = ["node", "pod", "gpu", "link", "cluster"];

function isTargetKinds(on: unknown): boolean {
  if (!Array.isArray(on)) return KINDS.includes(on);
  return on.length > 0 && on.every((kind) => KINDS.includes(kind) && kind !== "cluster");
}
