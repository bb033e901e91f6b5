import { messageOf } from "./error.ts";
import {
  bytes,
  ms,
  ratio,
  rps,
  type Bytes,
  type Duration,
  type Ms,
  type Rate,
  type Ratio,
  type Rps,
  type Share,
} from "./quantity.ts";

/**
 * One parameter: its author's type, its value's type, its range, its sentence. Validation, `list`,
 * `plan` and the documentation read the same object.
 */
export interface Field<In, Out, U extends string, Optional extends boolean> {
  /** What is written, for people; without it the rule says it all. */
  readonly type?: FieldType;
  /** Joined to the name where the value is held: `delay` is read as `delayMs`. */
  readonly unit: U;
  readonly about: string;
  /** What is allowed, for people: `1ms to 60s`. */
  readonly rule: string;
  readonly optional: Optional;
  readonly default?: In | undefined;
  /** Throws `rule, got value`. */
  readonly read: (written: unknown) => Out;
}
type FieldType =
  | "duration"
  | "share"
  | "rate"
  | "size"
  | "count"
  | "word"
  | "words"
  | "flag"
  | "text";
type AnyOut = Field<unknown, unknown, string, boolean>;
export type Fields = Readonly<Record<string, AnyOut>>;

interface Spec<In, Out, U extends string> {
  readonly type: FieldType;
  readonly unit: U;
  readonly rule: string;
  readonly parse: (written: unknown) => Out;
  readonly options: { readonly about: string; readonly default?: In };
}

function field<In, Out, U extends string, Optional extends boolean>(
  spec: Spec<In, Out, U>,
): Field<In, Out, U, Optional> {
  const { type, unit, rule, parse, options } = spec;
  return {
    type,
    unit,
    rule,
    about: options.about,
    optional: (options.default !== undefined) as Optional,
    default: options.default,
    read: (written) => parse(written === undefined ? options.default : written),
  };
}

type Range<In> = { readonly about: string; readonly min?: In; readonly max?: In };
type HasDefault<O> = O extends { readonly default: infer D }
  ? undefined extends D
    ? false
    : true
  : false;

function ranged<In>(
  parse: (written: unknown) => number,
  low: In,
  high: In,
): (written: unknown) => number {
  return (written) => {
    const read = parse(written);
    if (read < parse(low) || read > parse(high)) {
      throw new Error(`must be ${String(low)} to ${String(high)}, got ${String(written)}`);
    }
    return read;
  };
}

/** `"20s"`; 0ms to 24h unless said. */
export function duration<const O extends Range<Duration> & { readonly default?: Duration }>(
  options: O,
): Field<Duration, Ms, "Ms", HasDefault<O>> {
  const { min = "0ms", max = "24h" } = options;
  return field({
    type: "duration",
    unit: "Ms",
    rule: `${min} to ${max}`,
    parse: ranged(ms, min, max),
    options,
  });
}

/** `"99.5%"`; 0% to 100% unless said. */
export function share<const O extends Range<Share> & { readonly default?: Share }>(
  options: O,
): Field<Share, Ratio, "Ratio", HasDefault<O>> {
  const { min = "0%", max = "100%" } = options;
  return field({
    type: "share",
    unit: "Ratio",
    rule: `${min} to ${max}`,
    parse: ranged(ratio, min, max),
    options,
  });
}

/** `"50/s"`; 0.1/s to 4000/s unless said. */
export function rate<const O extends Range<Rate> & { readonly default?: Rate }>(
  options: O,
): Field<Rate, Rps, "Rps", HasDefault<O>> {
  const { min = "0.1/s", max = "4000/s" } = options;
  return field({
    type: "rate",
    unit: "Rps",
    rule: `${min} to ${max}`,
    parse: ranged(rps, min, max),
    options,
  });
}

/** `"64MiB"`. */
export function size<const O extends Range<Bytes> & { readonly default?: Bytes }>(
  options: O,
): Field<Bytes, number, "Bytes", HasDefault<O>> {
  const { min = "0KiB", max = "1024GiB" } = options;
  return field({
    type: "size",
    unit: "Bytes",
    rule: `${min} to ${max}`,
    parse: ranged(bytes, min, max),
    options,
  });
}

/** A whole number; 0 to 1,000,000 unless said. */
export function count<const O extends Range<number> & { readonly default?: number }>(
  options: O,
): Field<number, number, "", HasDefault<O>> {
  const { min = 0, max = 1_000_000 } = options;
  const rule = `a whole number, ${min} to ${max}`;
  const parse = (written: unknown): number => {
    if (
      typeof written === "number" &&
      Number.isInteger(written) &&
      written >= min &&
      written <= max
    ) {
      return written;
    }
    throw new Error(`must be ${rule}, got ${JSON.stringify(written)}`);
  };
  return field({ type: "count", unit: "", rule, parse, options });
}

/** One of a few words. */
export function choice<
  const T extends string,
  const O extends { readonly about: string; readonly default?: NoInfer<T> },
>(values: readonly T[], options: O): Field<T, T, "", HasDefault<O>> {
  const rule = values.join(" | ");
  const parse = (written: unknown): T => {
    const hit = values.find((known) => known === written);
    if (hit === undefined) throw new Error(`must be ${rule}, got ${JSON.stringify(written)}`);
    return hit;
  };
  return field({ type: "word", unit: "", rule, parse, options });
}

/** Several of a few words, each at most once. */
export function choices<
  const T extends string,
  const O extends { readonly about: string; readonly default?: readonly NoInfer<T>[] },
>(values: readonly T[], options: O): Field<readonly T[], readonly T[], "", HasDefault<O>> {
  const rule = `a list of ${values.join(" | ")}, each at most once`;
  const parse = (written: unknown): readonly T[] => {
    const listed: readonly unknown[] = Array.isArray(written) ? written : [undefined];
    const known = listed.filter((item): item is T => values.includes(item as T));
    if (known.length !== listed.length || new Set(known).size !== known.length) {
      throw new Error(`must be ${rule}, got ${JSON.stringify(written)}`);
    }
    return known;
  };
  return field({ type: "words", unit: "", rule, parse, options });
}

/** true or false. */
export function flag<const O extends { readonly about: string; readonly default?: boolean }>(
  options: O,
): Field<boolean, boolean, "", HasDefault<O>> {
  const parse = (written: unknown): boolean => {
    if (typeof written !== "boolean") {
      throw new Error(`must be true | false, got ${JSON.stringify(written)}`);
    }
    return written;
  };
  return field({ type: "flag", unit: "", rule: "true | false", parse, options });
}

/** Text that is not empty, or that a pattern allows. */
export function text<
  const O extends {
    readonly about: string;
    readonly default?: string;
    readonly pattern?: RegExp;
    readonly rule?: string;
  },
>(options: O): Field<string, string, "", HasDefault<O>> {
  const { pattern = /\S/, rule = "text that is not empty" } = options;
  const parse = (written: unknown): string => {
    if (typeof written !== "string" || !pattern.test(written)) {
      throw new Error(`must be ${rule}, got ${JSON.stringify(written)}`);
    }
    return written;
  };
  return field({ type: "text", unit: "", rule, parse, options });
}

/** A field that may be left out without a default: it is then undefined. */
export function optional<In, Out, U extends string>(
  inner: Field<In, Out, U, boolean>,
): Field<In, Out | undefined, U, true> {
  return {
    ...inner,
    optional: true,
    read: (written) => (written === undefined ? undefined : inner.read(written)),
  };
}

type Show<T> = { readonly [K in keyof T]: T[K] } & {};
type InOf<F> = F extends Field<infer I, unknown, string, boolean> ? I : never;
type OutOf<F> = F extends { readonly read: (written: unknown) => infer O } ? O : never;
type Required<F extends Fields> = {
  [K in keyof F]: F[K]["optional"] extends true ? never : K;
}[keyof F];

/** The author's side: `{ delay: "200ms" }`. */
export type Written<F extends Fields> = Show<
  { readonly [K in Required<F>]: InOf<F[K]> } & {
    readonly [K in Exclude<keyof F, Required<F>>]?: InOf<F[K]>;
  }
>;

/** The plan's and the code's side: `{ delayMs: 200 }`; the unit joins the name. */
export type Read<F extends Fields> = Show<{
  readonly [K in keyof F as K extends string ? `${K}${F[K]["unit"]}` : never]: OutOf<F[K]>;
}>;

/**
 * Reads what an author wrote. Every problem goes into `problems`, unknown fields too, each as
 * `path.field rule, got value`; the result is whole only if none was added.
 */
export function read<F extends Fields>(
  path: string,
  fields: F,
  written: unknown,
  problems: string[],
): Read<F> {
  const out: Record<string, unknown> = {};
  if (typeof written !== "object" || written === null || Array.isArray(written)) {
    problems.push(`${path} must be an object, got ${JSON.stringify(written)}`);
    return out as Read<F>;
  }
  const known = Object.keys(fields);
  for (const key of Object.keys(written)) {
    if (!known.includes(key))
      problems.push(`${path}.${key} is not a field; known: ${known.join(", ")}`);
  }
  for (const [key, one] of Object.entries(fields)) {
    const value = (written as Record<string, unknown>)[key];
    if (value === undefined && !one.optional) {
      problems.push(`${path}.${key} is missing: ${one.about} (${one.rule})`);
      continue;
    }
    try {
      out[key + one.unit] = one.read(value);
    } catch (error) {
      problems.push(`${path}.${key} ${messageOf(error)}`);
    }
  }
  return out as Read<F>;
}
