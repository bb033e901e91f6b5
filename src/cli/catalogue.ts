// What ships with ninety, as data: the lists of the command line and docs/FAULTS.md are made of it.
import type { EffectKind } from "../model/effect.ts";
import { EFFECT_FACTS } from "../model/effect-facts.ts";
import type { Fields } from "../model/fields.ts";
import type { TargetKind } from "../model/target.ts";
import type { AnyCheck } from "../ports/check.ts";
import { targetKinds, type AnyFault } from "../ports/fault.ts";

export interface ParamEntry {
  readonly field: string;
  /** Null: the rule says it all. */
  readonly type: string | null;
  /** What is allowed: `1ms to 60s`. */
  readonly rule: string;
  readonly optional: boolean;
  /** Null: there is none. */
  readonly default: unknown;
  readonly about: string;
}

export interface CheckEntry {
  readonly name: string;
  readonly about: string;
  readonly always: boolean;
  readonly params: readonly ParamEntry[];
}

export interface FaultEntry {
  readonly name: string;
  readonly about: string;
  readonly on: readonly TargetKind[];
  readonly lasts: "held" | "once";
  /** Who and what must be there, for people. */
  readonly needs: readonly string[];
  /** How it is done, a sentence a kind of effect. */
  readonly means: readonly string[];
  /** What the witness looks at for the proof. */
  readonly evidence: string;
  readonly params: readonly ParamEntry[];
}

interface Need {
  readonly what: string;
  /** Where it is to be had, for people. */
  readonly where: string;
}

const OURS = "local cluster; with `--context` where `--image` names ninety's programs";

const HOLDERS: Readonly<Record<(typeof EFFECT_FACTS)[EffectKind]["doneBy"], Need>> = {
  api: { what: "API server", where: "everywhere: a kubeconfig is enough" },
  node: { what: "node agent", where: OURS },
  machine: { what: "guard of a local cluster", where: "local cluster only" },
};
/** For what has to be held at the API server. */
const GUARD: Need = { what: "guard", where: OURS };
const THINGS: Readonly<Partial<Record<TargetKind, Need>>> = {
  gpu: { what: "virtual GPUs", where: OURS },
};
/** All that a fault may need. */
export const NEEDS: readonly Need[] = [...Object.values(HOLDERS), GUARD, ...Object.values(THINGS)];

function holderOf(kind: EffectKind): Need {
  const { doneBy, once } = EFFECT_FACTS[kind];
  return doneBy === "api" && !once ? GUARD : HOLDERS[doneBy];
}

export function faultEntry(fault: AnyFault): FaultEntry {
  const { name, about, lasts, kinds, evidence, params } = fault;
  const on = targetKinds(fault);
  const needed = [...kinds.map(holderOf), ...on.map((kind) => THINGS[kind])];
  return {
    name,
    about,
    on,
    lasts,
    needs: [...new Set(needed.flatMap((need) => need?.what ?? []))],
    means: [...new Set(kinds.map((kind) => EFFECT_FACTS[kind].means))],
    evidence,
    params: paramEntries(params),
  };
}

export function checkEntry({ name, about, always, params }: AnyCheck): CheckEntry {
  return { name, about, always: always === true, params: paramEntries(params) };
}

function paramEntries(fields: Fields): readonly ParamEntry[] {
  return Object.entries(fields).map(([field, one]) => ({
    field,
    type: one.type ?? null,
    rule: one.rule,
    optional: one.optional,
    default: one.default ?? null,
    about: one.about,
  }));
}

/** Their rules say what they are. */
const SAID: ReadonlySet<string> = new Set(["word", "words", "flag", "count"]);

/** `1ms to 60s, default 0ms`: what may be written, in words. */
export function allowed(entry: ParamEntry): string {
  const { type, rule, optional, default: preset } = entry;
  const kind = type === null || SAID.has(type) ? "" : `${type}, `;
  const rest =
    preset === null ? (optional ? "may be left out" : "required") : `default ${shown(preset)}`;
  return `${kind}${rule}, ${rest}`;
}

const shown = (preset: unknown): string =>
  preset === "" ? "empty" : typeof preset === "string" ? preset : JSON.stringify(preset);

/** `held for a time`, `happens once`. */
export function lasting({ lasts }: Pick<FaultEntry, "lasts">): string {
  return lasts === "once" ? "happens once" : "held for a time";
}
