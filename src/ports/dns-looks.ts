// Fields and looks that faults on the names of a pod share. Reads only.
import { optional, text, type Read } from "../model/fields.ts";
import type { Ms } from "../model/quantity.ts";
import type { Target } from "../model/target.ts";
import type { Asked, Witness } from "./witness.ts";

const HOST = /^[A-Za-z0-9_]([A-Za-z0-9._-]{0,251}[A-Za-z0-9.])?$/;

export const NAME_FIELDS = {
  name: text({
    about:
      "the name as the pod would look it up, by its search domains, with all names below it; *: " +
      "every name",
    pattern: /^(\*|[A-Za-z0-9_]([A-Za-z0-9._-]{0,251}[A-Za-z0-9.])?)$/,
    rule: "a DNS name or *",
  }),
  lookup: optional(
    text({
      about: "a name that is looked up for the proof and must be known; left out: `name`",
      pattern: HOST,
      rule: "a DNS name",
    }),
  ),
};
type NameParams = Read<typeof NAME_FIELDS>;

export function nameProblems({ name, lookup }: NameParams): readonly string[] {
  return name === "*" && lookup === undefined
    ? ["lookup must be given where name is *, got none"]
    : [];
}

export const lookedUp = ({ name, lookup }: NameParams): string => lookup ?? name;

/** What look-ups of one name gave. */
export type LookUps = {
  readonly asked: number;
  readonly known: number;
  /** The first address of each that had any. */
  readonly addresses: readonly string[];
  /** Of each, whether it gave an address or not. */
  readonly tookMs: readonly Ms[];
  /** Why the last of the others gave none; "": all gave one. */
  readonly why: string;
};
/** As the pod is told, and as its node agent is by the same servers, which no such fault meets. */
export type NamesSeen = { readonly pod: LookUps; readonly others: LookUps };

export async function lookAtName(
  witness: Witness,
  pod: Target<"pod">,
  how: { readonly params: NameParams; readonly count: number; readonly withinMs: Ms },
): Promise<NamesSeen> {
  const ask = { url: `dns://${lookedUp(how.params)}`, count: how.count, withinMs: how.withinMs };
  const [own, others] = await Promise.all(
    [false, true].map((outside) => witness.fromPod(pod, { ...ask, outside })),
  );
  return { pod: lookUpsOf(own), others: lookUpsOf(others) };
}

function lookUpsOf(asks: readonly Asked[] = []): LookUps {
  const known = asks.filter(({ answered }) => answered);
  return {
    asked: asks.length,
    known: known.length,
    addresses: known.map(({ address }) => address),
    tookMs: asks.map(({ tookMs }) => tookMs),
    why: asks.findLast(({ answered }) => !answered)?.why ?? "",
  };
}

export const isKnown = ({ asked, known }: LookUps): boolean => asked > 0 && known === asked;
