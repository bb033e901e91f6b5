import { acceptedDamage, type Damage } from "../model/damage.ts";
import type { Plan } from "../model/plan.ts";
import { note } from "./heal.ts";
import type { Healing } from "./run-system.ts";

/** Accepted damage goes on the record before it is done: once, and again where more is known. */
export class Foretold {
  readonly #on: Pick<Healing, "clock" | "log">;
  readonly #told = new Set<string>();

  constructor(on: Pick<Healing, "clock" | "log">) {
    this.#on = on;
  }

  async tell(plan: Plan, all: readonly Damage[]): Promise<void> {
    for (const damage of acceptedDamage(plan, all)) {
      const key = JSON.stringify(damage);
      if (this.#told.has(key)) continue;
      this.#told.add(key);
      await note(this.#on, { type: "damage", ...damage });
    }
  }
}
