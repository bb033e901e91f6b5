import { describe, expect, test } from "vitest";

import type { Effect } from "../model/effect.ts";
import { happensOnce } from "../model/effect-facts.ts";
import type { Evidence } from "../model/evidence.ts";
import { read } from "../model/fields.ts";
import type { Json } from "../model/json.ts";
import type { Target } from "../model/target.ts";
import type { AnyFault } from "../ports/fault.ts";
import type { Witness } from "../ports/witness.ts";

/** What only a node agent can look at, and what few faults ask. */
type Seldom = "fromPod" | "inContainer" | "counters" | "apiServer";
/** A witness; without what a node agent looks at none is there. */
type Eyes = Omit<Witness, Seldom> & Partial<Pick<Witness, Seldom>>;

/** What a witness could see, in one state of the system. */
export interface World extends Eyes {
  /** For people: what has happened there. */
  readonly about: string;
}

/** One way to use a fault, and the worlds that it must tell apart. */
export interface FaultCase {
  readonly about: string;
  /** As an author writes them, without `on`, `at`, `for`, `follow`. */
  readonly options: object;
  readonly target: Target;
  /** Before anything was done: the proof must call it absent. */
  readonly before: World;
  /** The effect is there: present. */
  readonly during: readonly World[];
  /** The effect was there and is gone: absent. Empty for what happens once. */
  readonly after: readonly World[];
  /** Something else happened, or only a part: never present. */
  readonly otherwise: readonly World[];
  /** Not proved healed, although the effect may be gone. Those of `during` are not in any case. */
  readonly unhealed?: readonly World[];
}

type Params = Readonly<Record<string, unknown>>;
type Want = "present" | "absent";
const PROOF_WITHIN_MAX_MS = 120_000;
const DARK = "the witness could not look";

/**
 * What every fault must do, on worlds that its author draws: a definition that is sound, effects
 * that are pure data, and a proof that is neither fooled nor blind.
 */
export function faultContract(
  fault: AnyFault,
  { fileName, cases }: { readonly fileName: string; readonly cases: readonly FaultCase[] },
): void {
  describe(`fault ${fault.name}`, () => {
    definitionContract(fault, fileName);
    test("has a case", () => expect(cases.length).toBeGreaterThan(0));
    test("gives effects of all the kinds that it names, and of no other", () => {
      const given = cases.flatMap((one) => effectsOf(fault, one).map(({ kind }) => kind));
      expect([...new Set(given)].sort()).toEqual([...fault.kinds].sort());
    });
    describe.each(cases.map((one) => [one.about, one] as const))("%s", (_about, one) => {
      effectsContract(fault, one);
      proofContract(fault, one);
      darkContract(fault, one);
    });
  });
}

function definitionContract(fault: AnyFault, fileName: string): void {
  test("is named like its file", () => expect(fault.name).toBe(fileName));
  test("says what it and each of its fields is about", () => {
    for (const { about } of [fault, ...Object.values(fault.params)])
      expect(about).toMatch(/\w+ \w+/);
  });
  test("says in a sentence what its proof looks at", () => {
    expect(fault.evidence).toMatch(/^[A-Z].* .*\.$/);
  });
  test("names no field like those that every fault has", () => {
    for (const taken of ["on", "at", "for", "follow"])
      expect(fault.params).not.toHaveProperty(taken);
  });
  test("looks for its proof within a bound", () => {
    expect(fault.proofWithinMs ?? 1).toBeGreaterThan(0);
    expect(fault.proofWithinMs ?? 1).toBeLessThanOrEqual(PROOF_WITHIN_MAX_MS);
  });
}

function effectsContract(fault: AnyFault, one: FaultCase): void {
  test("its options are allowed", () => expect(problemsOf(fault, one)).toEqual([]));

  test("the same params give the same effects, as plain data", () => {
    const effects = effectsOf(fault, one);
    expect(effects.length).toBeGreaterThan(0);
    expect(effectsOf(fault, one)).toEqual(effects);
    expect(JSON.parse(JSON.stringify(effects))).toEqual(effects);
  });

  test("its effects last as it says", () => {
    for (const effect of effectsOf(fault, one)) {
      expect(happensOnce(effect)).toBe(fault.lasts === "once");
    }
  });
}

function proofContract(fault: AnyFault, one: FaultCase): void {
  const says = async (now: Eyes, want: Want = "present"): Promise<Evidence> => {
    const seen = {
      before: await look(fault, one, one.before),
      now: await look(fault, one, now),
    };
    return proofOf(fault, one, seen, want);
  };

  test("absent where nothing was done", async () => {
    const evidence = await says(one.before);
    expect(evidence).toMatchObject({ effect: "absent" });
    expect(evidence.by).toMatch(/\w/);
    expect(evidence.needed).toMatch(/\w/);
    expect(JSON.parse(JSON.stringify(evidence))).toEqual(evidence);
  });

  test("absent however often it looks, when the injector only says that it did it", async () => {
    const before = await look(fault, one, one.before);
    let gathered = await look(fault, one, one.before);
    for (let nth = 0; nth < 5; nth += 1) {
      const now = await look(fault, one, one.before);
      gathered = fault.gather?.(frozen(gathered) as never, frozen(now) as never) ?? now;
      expect(proofOf(fault, one, { before, now }).effect).toBe("absent");
      expect(proofOf(fault, one, { before, now: gathered }).effect).toBe("absent");
    }
  });

  test("is told apart in at least one world", () => expect(one.during.length).toBeGreaterThan(0));
  test.each(named(one.during))("present: %s", async (_about, now) => {
    expect(await says(now)).toMatchObject({ effect: "present" });
  });
  test.each(named(one.after))("healed: %s", async (_about, now) => {
    expect(await says(now, "absent")).toMatchObject({ effect: "absent" });
  });
  const unhealed = fault.lasts === "held" ? [...one.during, ...(one.unhealed ?? [])] : [];
  test.each(named(unhealed))("not healed: %s", async (_about, now) => {
    expect((await says(now, "absent")).effect).not.toBe("absent");
  });
  test.each(named(one.otherwise))("not present: %s", async (_about, now) => {
    expect((await says(now)).effect).not.toBe("present");
  });
  if (fault.lasts === "held") {
    test("can be seen to have gone", () => expect(one.after.length).toBeGreaterThan(0));
  }
}

/** A look that fails anywhere must never decide; to throw is to say so. */
function darkContract(fault: AnyFault, one: FaultCase): void {
  test("unclear when the witness cannot look at all", async () => {
    const dark = await lookOrDark(fault, one, darkFrom(one.before, 0, Infinity));
    if (dark === DARK) return;
    const before = await look(fault, one, one.before);
    expect(proofOf(fault, one, { before, now: dark })).toMatchObject({ effect: "unclear" });
  });

  test("a look that fails half-way shows no effect that is not there, and hides none", async () => {
    const before = await look(fault, one, one.before);
    for (const [world, wrong] of [
      [one.before, "present"],
      ...one.during.map((during) => [during, "absent"] as const),
    ] as const) {
      const looks = await looksIn(fault, one, world);
      expect(looks).toBeGreaterThan(0);
      for (let nth = 0; nth < looks; nth += 1) {
        const now = await lookOrDark(fault, one, darkFrom(world, nth, nth + 1));
        if (now === DARK) continue;
        expect(proofOf(fault, one, { before, now }).effect, world.about).not.toBe(wrong);
      }
    }
  });

  test("what was not seen before proves nothing after", async () => {
    const looks = await looksIn(fault, one, one.before);
    for (let nth = 0; nth < looks; nth += 1) {
      const before = await lookOrDark(fault, one, darkFrom(one.before, nth, nth + 1));
      if (before === DARK) continue;
      const now = await look(fault, one, one.before);
      expect(proofOf(fault, one, { before, now }).effect).not.toBe("present");
    }
  });

  test("asks the Kubernetes API by its paths", async () => {
    const paths: string[] = [];
    await look(fault, one, {
      ...one.before,
      object: (path) => {
        paths.push(path);
        return one.before.object(path);
      },
    });
    for (const path of paths) expect(path).toMatch(/^apis?\/[a-z]/);
  });
}

const named = (worlds: readonly World[]): [string, World][] =>
  worlds.map((world) => [world.about, world]);

function paramsOf(fault: AnyFault, { options }: FaultCase): Params {
  return frozen(read(fault.name, fault.params, options, []));
}

function problemsOf(fault: AnyFault, one: FaultCase): readonly string[] {
  const problems: string[] = [];
  const params = read(fault.name, fault.params, one.options, problems);
  return [...problems, ...(fault.problems?.(params as never) ?? [])];
}

function effectsOf(fault: AnyFault, one: FaultCase): readonly Effect[] {
  return fault.effects(paramsOf(fault, one) as never, frozen(one.target) as never);
}

function look(fault: AnyFault, one: FaultCase, eyes: Eyes): Promise<unknown> {
  return fault.observe(eyesOf(eyes), frozen(one.target) as never, paramsOf(fault, one) as never);
}

async function lookOrDark(fault: AnyFault, one: FaultCase, eyes: Eyes): Promise<unknown> {
  return look(fault, one, eyes).catch(() => DARK);
}

async function looksIn(fault: AnyFault, one: FaultCase, world: World): Promise<number> {
  let looks = 0;
  const count = <T>(ask: () => Promise<T>): Promise<T> => {
    looks += 1;
    return ask();
  };
  await look(fault, one, through(world, count));
  return looks;
}

/** The whole witness of a world. */
export function eyesOf(world: Eyes): Witness {
  const none = async (): Promise<never> => Promise.reject(new Error("nobody is to be asked there"));
  const { fromPod = none, inContainer = none, counters = none, apiServer = none } = world;
  return { ...world, fromPod, inContainer, counters, apiServer };
}

/** The same eyes, each look by way of `by`. */
function through(world: World, by: <T>(ask: () => Promise<T>) => Promise<T>): Witness {
  return {
    object: (path): Promise<Json> => by(() => world.object(path)),
    http: (pod, request) => by(() => world.http(pod, request)),
    kubelet: (node, path) => by(() => world.kubelet(node, path)),
    apiServer: (path, withinMs) => by(() => eyesOf(world).apiServer(path, withinMs)),
    fromPod: (pod, ask) => by(() => eyesOf(world).fromPod(pod, ask)),
    inContainer: (pod, look) => by(() => eyesOf(world).inContainer(pod, look)),
    counters: (pod) => by(() => eyesOf(world).counters(pod)),
  };
}

/** The looks from `from` on, up to `to`, throw. */
function darkFrom(world: World, from: number, to: number): Witness {
  let looks = -1;
  const dim = <T>(ask: () => Promise<T>): Promise<T> => {
    looks += 1;
    return looks >= from && looks < to ? Promise.reject(new Error(DARK)) : ask();
  };
  return through(world, dim);
}

function proofOf(
  fault: AnyFault,
  one: FaultCase,
  { before, now }: { readonly before: unknown; readonly now: unknown },
  want: Want = "present",
): Evidence {
  const proof = want === "absent" ? (fault.healProof ?? fault.proof) : fault.proof;
  return proof(
    frozen(before) as never,
    frozen(now) as never,
    paramsOf(fault, one) as never,
    frozen(one.target) as never,
  );
}

/** Whatever tries to change its arguments throws. */
function frozen<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) frozen(inner);
  }
  return value;
}
