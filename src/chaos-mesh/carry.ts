// Effects to the Chaos Mesh objects that bring them about. Pure.
import type { Effect, EffectKind } from "../model/effect.ts";
import { stableText } from "../model/json.ts";
import type { StepId } from "../model/plan.ts";
import type { Ms } from "../model/quantity.ts";
import type { Target } from "../model/target.ts";
import type {
  ChaosObject,
  GoDuration,
  NetworkChaosSpec,
  NonEmpty,
  PodChaosSpec,
  StressChaosSpec,
  Victims,
} from "./objects.ts";

/** What must be known of the pods that effects are on. */
export interface Scene {
  /** Names of a pod's containers, by its uid. */
  readonly containers: Readonly<Record<string, readonly string[]>>;
}

/** A step with what it would hold, on pods that are there. */
export interface ResolvedStep {
  readonly id: StepId;
  readonly fault: string;
  /** Null: happens once. */
  readonly forMs: Ms | null;
  readonly follow: boolean;
  readonly effects: readonly Effect[];
}

type Unbound<Spec> = Spec extends unknown ? Omit<Spec, keyof Victims> : never;
/** An object without its victims. */
type Piece =
  | { readonly kind: "PodChaos"; readonly spec: Unbound<PodChaosSpec> }
  | { readonly kind: "NetworkChaos"; readonly spec: Unbound<NetworkChaosSpec> }
  | { readonly kind: "StressChaos"; readonly spec: Unbound<StressChaosSpec> };

interface Circumstances {
  readonly scene: Scene;
  /** Null: happens once. */
  readonly duration: GoDuration | null;
}
interface Carried {
  readonly pods: readonly Target<"pod">[];
  readonly piece: Piece;
}
type Carry<E extends Effect> = (effect: E, of: Circumstances) => Carried | Refused;

/** What Chaos Mesh can do of what we do: a line a kind of effect. */
const CARRY: { readonly [K in EffectKind]?: Carry<Extract<Effect, { kind: K }>> } = {
  delete: ({ pod, graceMs }) => ({
    pods: [pod],
    piece: { kind: "PodChaos", spec: { action: "pod-kill", gracePeriod: graceMs / 1_000 } },
  }),
  "container-kill": (effect, { scene }) => {
    const named = containerOf(effect, scene);
    if (named.refused !== undefined) return named;
    return {
      pods: [effect.pod],
      piece: {
        kind: "PodChaos",
        spec: { action: "container-kill", containerNames: [named.container] },
      },
    };
  },
  "cpu-stress": (effect, { scene, duration }) => {
    const { workers, loadRatio } = effect;
    const load = Number((loadRatio * 100).toPrecision(6));
    return stress(effect, { scene, duration }, () =>
      Number.isInteger(load)
        ? { cpu: { workers, load } }
        : { refused: `load must be a whole percentage, got ${load}%` },
    );
  },
  "memory-stress": (effect, of) => {
    const { to } = effect;
    return stress(effect, of, () =>
      "bytes" in to
        ? { memory: { workers: 1, size: `${to.bytes}B` } }
        : {
            refused:
              "must be of a size: a share is one of all memory to Chaos Mesh, not of the limit",
          },
    );
  },
  "net-shape": (effect, { duration }) => {
    const refused = unshaped(effect);
    if (refused !== null || duration === null) return { refused: refused ?? "must be held" };
    return {
      pods: [effect.pod],
      piece: { kind: "NetworkChaos", spec: shapeOf(effect, duration) },
    };
  },
};

/** The kinds of effect that may be carried out. */
export const CARRIED = Object.keys(CARRY) as readonly EffectKind[];

type Refused = { readonly refused: string };
type InContainer = { readonly pod: Target<"pod">; readonly container: string };

/** The container that is meant, by its name: without one Chaos Mesh takes the first. */
function containerOf(
  { pod, container }: InContainer,
  { containers }: Scene,
): { readonly container: string; readonly refused?: never } | Refused {
  const known = containers[pod.uid] ?? [];
  const [name, ...others] = container === "" ? known : known.filter((one) => one === container);
  if (name !== undefined && others.length === 0) return { container: name };
  const wanted = container === "" ? "one container" : `a container ${container}`;
  return { refused: `${pod.name} must have ${wanted}, got ${known.join(", ") || "none"}` };
}

function stress(
  effect: InContainer,
  { scene, duration }: Circumstances,
  stressors: () => StressChaosSpec["stressors"] | Refused,
): Carried | Refused {
  const named = containerOf(effect, scene);
  if (named.refused !== undefined) return named;
  const asked = stressors();
  if ("refused" in asked) return asked;
  if (duration === null) return { refused: "must be held" };
  const spec = { duration, containerNames: [named.container], stressors: asked } as const;
  return { pods: [effect.pod], piece: { kind: "StressChaos", spec } };
}

type NetShape = Extract<Effect, { kind: "net-shape" }>;

/** What of it Chaos Mesh's rules in the pod cannot say, or null. */
function unshaped(effect: NetShape): string | null {
  const { direction, ports, peers, affectsProbes } = effect;
  const more = (["duplicateRatio", "corruptRatio", "reorderRatio", "bandwidth"] as const).filter(
    (field) => effect[field] !== undefined,
  );
  if (more.length > 0) return `must be a delay, a loss or a partition, got ${more.join(", ")}`;
  if (direction !== "out") {
    return `direction must be out: Chaos Mesh shapes what its victims send, got ${direction}`;
  }
  if (ports.length > 0) {
    return `ports must be none: Chaos Mesh shapes all of them, got ${ports.join(", ")}`;
  }
  if (peers === null && !affectsProbes) {
    return "affectsProbes must be true: Chaos Mesh shapes all that a pod sends, got false";
  }
  if (peers === "node") return "peers must be addresses: Chaos Mesh knows none of the node's own";
  return peers?.length === 0 ? "peers must be at least one address, got none" : null;
}

function shapeOf(effect: NetShape, duration: GoDuration): Unbound<NetworkChaosSpec> {
  const { peers, delayMs, jitterMs, lossRatio } = effect;
  const [first, ...others] = peers === "node" ? [] : (peers ?? []);
  const reach = {
    duration,
    direction: "to" as const,
    ...(first === undefined ? {} : { externalTargets: [first, ...others] as const }),
  };
  if (lossRatio === 1) return { ...reach, action: "partition" };
  const jitter = jitterMs > 0 ? { jitter: goDuration(jitterMs) } : {};
  const delay = { latency: goDuration(delayMs), ...jitter };
  const loss = { loss: `${Number((lossRatio * 100).toPrecision(6))}` } as const;
  if (lossRatio === 0) return { ...reach, action: "delay", delay };
  return delayMs === 0
    ? { ...reach, action: "loss", loss }
    : { ...reach, action: "netem", delay, loss };
}

/** Why Chaos Mesh cannot carry out a step, whatever its victims are; none: it may be able to. */
export function refusals({ id, fault, follow, effects }: ResolvedStep): readonly string[] {
  const kinds = [...new Set(effects.map(({ kind }) => kind))].filter((kind) => !(kind in CARRY));
  return [
    ...kinds.map((kind) => `${id} ${fault}: Chaos Mesh has nothing that does ${kind}`),
    ...(follow
      ? [`${id} ${fault}.follow must be false: Chaos Mesh chooses its victims once, got true`]
      : []),
  ];
}

export interface CarriedStep {
  readonly id: StepId;
  /** One for all victims that are met alike. */
  readonly objects: readonly ChaosObject[];
}

/** Steps in the order of their times, as Chaos Mesh's objects; or all that is wrong with them. */
export function carryOut(
  steps: readonly ResolvedStep[],
  of: { readonly experiment: string; readonly seed: string; readonly scene: Scene },
): { readonly steps: readonly CarriedStep[]; readonly problems: readonly string[] } {
  const problems: string[] = [];
  const deleted = new Map<string, StepId>();
  const carried = steps.map((step): CarriedStep => {
    problems.push(...refusals(step), ...lost(step, deleted));
    const pieces = piecesOf(step, of.scene, problems);
    for (const effect of step.effects)
      if (effect.kind === "delete") deleted.set(effect.pod.uid, step.id);
    const objects = pieces.map((one, nth) => objectOf(one, { ...of, step: step.id, nth }));
    return { id: step.id, objects };
  });
  return problems.length > 0 ? { steps: [], problems } : { steps: carried, problems };
}

/** Victims that are gone by then: what replaces them has another name, which nobody knows yet. */
function lost(
  { id, fault, effects }: ResolvedStep,
  deleted: ReadonlyMap<string, StepId>,
): readonly string[] {
  const pods = effects.flatMap((effect) => ("pod" in effect ? effect.pod : []));
  return pods.flatMap(({ uid, namespace, name }) => {
    const by = deleted.get(uid);
    if (by === undefined) return [];
    return `${id} ${fault}: its victim ${namespace}/${name} must be there by then, got deleted by ${by}`;
  });
}

interface Met {
  readonly piece: Piece;
  readonly pods: readonly Target<"pod">[];
}

function piecesOf(step: ResolvedStep, scene: Scene, problems: string[]): readonly Met[] {
  const duration = step.forMs === null ? null : goDuration(step.forMs);
  const met = step.effects.flatMap((effect): readonly Met[] => {
    const carry = CARRY[effect.kind] as Carry<Effect> | undefined;
    const carried = carry?.(effect, { scene, duration });
    if (carried && !("refused" in carried)) return [carried];
    if (carried) problems.push(`${step.id} ${step.fault}: ${carried.refused}`);
    return [];
  });
  const alike = Map.groupBy(met, ({ piece }) => stableText(piece));
  return [...alike.values()].flatMap(([first, ...others]) =>
    first ? { ...first, pods: [first, ...others].flatMap(({ pods }) => pods) } : [],
  );
}

function objectOf(
  { piece, pods }: Met,
  of: {
    readonly experiment: string;
    readonly seed: string;
    readonly step: StepId;
    readonly nth: number;
  },
): ChaosObject {
  const { experiment, seed, step, nth } = of;
  // The parts of the union are put together as they were taken apart.
  return {
    apiVersion: "chaos-mesh.org/v1alpha1",
    kind: piece.kind,
    metadata: {
      name: `${experiment}-${step}${nth === 0 ? "" : `-${nth + 1}`}`,
      namespace: pods[0]?.namespace ?? "default",
      labels: { "ninety/step": step },
      annotations: {
        "ninety/experiment": experiment,
        "ninety/seed": seed,
        "ninety/uids": pods.map(({ uid }) => uid).join(","),
      },
    },
    spec: { ...victims(pods), ...piece.spec },
  } as ChaosObject;
}

function victims(pods: readonly Target<"pod">[]): Victims {
  const names = Map.groupBy(pods, ({ namespace }) => namespace);
  const byName = [...names].map(([namespace, there]) => [
    namespace,
    there.map(({ name }) => name) as unknown as NonEmpty<string>,
  ]);
  return {
    selector: { pods: Object.fromEntries(byName) as Victims["selector"]["pods"] },
    mode: "all",
  };
}

/** 60000 is `60s`, 0.5 is `0.5ms`. */
function goDuration(ms: Ms): GoDuration {
  return ms >= 1_000 && ms % 1_000 === 0 ? `${ms / 1_000}s` : `${ms}ms`;
}
