import type { GuardConfig } from "../../src/model/agent-protocol.ts";
import type { Effect } from "../../src/model/effect.ts";

/** Two effects of one kind that can be had on this machine, apart from each other. */
export interface EffectBench {
  readonly effect: (nth: 0 | 1) => Effect;
  /** Text of its journal entry that no other effect's has. */
  readonly mark: (effect: Effect) => string;
  /** Whether it is there now, or its harm, by another way than its holder's. */
  readonly isThere: (effect: Effect) => boolean | Promise<boolean>;
  /** Of a kind that happens once: how often it has happened. */
  readonly times?: (effect: Effect) => number;
  /** What its node agent finds in its environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** What its guard is told. */
  readonly guard?: Pick<GuardConfig, "api" | "machines"> &
    Partial<Pick<GuardConfig, "controlPlane">>;
  readonly close: () => Promise<void>;
}
