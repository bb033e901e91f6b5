import { value } from "../model/measured.ts";
import { defineCheck } from "../ports/check.ts";

const NAME = "predicted-damage";

/** Told, and never judged: the experiment accepts it. */
export const predictedDamage = defineCheck({
  name: NAME,
  about: "Damage that was foreseen before its step and that `accepts` lists; decides nothing.",
  params: {},
  always: true,
  judge: ({ damage = [] }) =>
    damage.map(({ accept, id, what, observed, limit, rule }) => ({
      check: NAME,
      outcome: "predicted",
      what: `${what}, accepted as ${accept}`,
      observed: value("count", { value: observed, n: 1 }),
      limit,
      about: [id],
      hint: rule,
    })),
});
