import type { Accept, Plan, StepId } from "./plan.ts";

/** Harm that a step is sure to do: known before it is done, refused unless it is accepted. */
export interface Damage {
  readonly accept: Accept;
  /** The step that does it, together with what is in effect at its inject. */
  readonly id: StepId;
  /** `disruption budget of server broken`; with `accept` and `id` it names the damage. */
  readonly what: string;
  /** So many, where the rule allows so many. */
  readonly observed: number;
  readonly limit: { readonly max: number } | { readonly min: number };
  /** The rule that is broken and what was got, for people. */
  readonly rule: string;
}

/** What a refusal says of each damage that the experiment does not accept. */
export function refusedDamage(
  { accepts }: Pick<Plan, "accepts">,
  all: readonly Damage[],
): readonly string[] {
  return all
    .filter(({ accept }) => !accepts.includes(accept))
    .map(({ rule, accept }) => `${rule}; accepts: ["${accept}"] if that is what is tested`);
}

/** The damage that the experiment wants. */
export function acceptedDamage(
  { accepts }: Pick<Plan, "accepts">,
  all: readonly Damage[],
): readonly Damage[] {
  return all.filter(({ accept }) => accepts.includes(accept));
}

/** One line for people: what, and how much of it where the rule allows how much. */
export function showDamage({ what, accept, observed, limit }: Damage): string {
  const allowed = "max" in limit ? `at most ${limit.max}` : `at least ${limit.min}`;
  return `predicted, accepted as ${accept}: ${what} (${observed}, the rule is ${allowed})`;
}
