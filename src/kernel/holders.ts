import type { Effect, Held } from "../model/effect.ts";
import { EXIT, NinetyError } from "../model/error.ts";
import type { Injector } from "../ports/injector.ts";
import type { Holders } from "./run-system.ts";

/**
 * All injectors as one: the first that accepts an effect holds it, one with a lease before one
 * without, in every process the same.
 */
export function createHolders(injectors: readonly Injector[]): Holders {
  const chosen = (effect: Effect): Injector | undefined => {
    const able = injectors.filter((one) => "means" in one.accepts(effect));
    return able.find((one) => !("unleased" in one.accepts(effect))) ?? able[0];
  };
  const holderOf = (effect: Effect): Injector => {
    const holder = chosen(effect);
    if (holder) return holder;
    throw new NinetyError(`nobody can hold ${effect.kind}: ${refusals(injectors, effect)}`, {
      exit: EXIT.preflight,
    });
  };
  return {
    accepts(effect) {
      return chosen(effect)?.accepts(effect) ?? { refused: refusals(injectors, effect) };
    },
    start: async (held, lease, signal) => holderOf(held.effect).start(held, lease, signal),
    stop: async (held, signal) => holderOf(held.effect).stop(held, signal),
    async renew(all, signal) {
      const shares = Map.groupBy(all, ({ effect }) => holderOf(effect));
      const asked = await Promise.allSettled(
        [...shares].map(async ([holder, share]) => renewAt(holder, share, signal)),
      );
      const answers = asked.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
      return {
        held: answers.flatMap(({ held }) => held),
        lost: answers.flatMap(({ lost }) => lost),
      };
    },
    async list(signal) {
      const lists = await Promise.all(injectors.map(async (one) => one.list(signal)));
      return lists.flat();
    },
  };
}

async function renewAt(
  holder: Injector,
  share: readonly Held[],
  signal: AbortSignal,
): Promise<{ readonly held: readonly string[]; readonly lost: readonly string[] }> {
  const ids = share.map(({ id }) => id);
  const held = await holder.renew(ids, signal);
  return { held, lost: ids.filter((id) => !held.includes(id)) };
}

function refusals(injectors: readonly Injector[], effect: Effect): string {
  const told = injectors.map((one) => {
    const answer = one.accepts(effect);
    return `${one.name}: ${"refused" in answer ? answer.refused : "accepts"}`;
  });
  return told.join("; ") || "there is no injector";
}
