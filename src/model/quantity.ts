/** What an author writes: one spelling each, no blanks, no compounds. */
export type Duration = `${number}${"ms" | "s" | "m" | "h"}`;
export type Share = `${number}%`;
export type Rate = `${number}/s`;
export type Bytes = `${number}${"KiB" | "MiB" | "GiB"}`;

/** What plan, record and code hold; the name of a value ends in its unit. */
export type Ms = number;
/** Whole microseconds since the start of the run, on one monotonic clock. */
export type Us = number;
/** 0 to 1. */
export type Ratio = number;
/** Per second. */
export type Rps = number;

const MS_PER = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 } as const;
const BYTES_PER = { KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 } as const;

function match(text: unknown, pattern: RegExp, rule: string): RegExpExecArray {
  const hit = typeof text === "string" ? pattern.exec(text) : null;
  if (!hit) throw new Error(`must be ${rule}, got ${JSON.stringify(text)}`);
  return hit;
}

/** `"1.5s"` is 1500. Throws `rule, got value`. */
export function ms(text: unknown): Ms {
  const hit = match(text, /^(\d+(?:\.\d+)?)(ms|s|m|h)$/, 'a duration such as "20s"');
  return Number(hit[1]) * MS_PER[hit[2] as keyof typeof MS_PER];
}

/** `"99.5%"` is 0.995. Throws `rule, got value`. */
export function ratio(text: unknown): Ratio {
  const hit = match(text, /^(\d+(?:\.\d+)?)%$/, '"0%" to "100%"');
  if (Number(hit[1]) > 100) throw new Error(`must be "0%" to "100%", got ${JSON.stringify(text)}`);
  return Number(hit[1]) / 100;
}

/** `"50/s"` is 50. Throws `rule, got value`. */
export function rps(text: unknown): Rps {
  return Number(match(text, /^(\d+(?:\.\d+)?)\/s$/, 'a rate such as "50/s"')[1]);
}

/** `"64MiB"` is 67108864. Throws `rule, got value`. */
export function bytes(text: unknown): number {
  const hit = match(text, /^(\d+(?:\.\d+)?)(KiB|MiB|GiB)$/, 'a size such as "64MiB"');
  return Number(hit[1]) * BYTES_PER[hit[2] as keyof typeof BYTES_PER];
}

/** 1500 is `1.5 s`: for people, not for parsing. */
export function showMs(value: Ms): string {
  if (value === 0) return "0 s";
  if (value < 1_000) return `${Number(value.toPrecision(3))} ms`;
  if (value < 120_000) return `${Number((value / 1_000).toFixed(value < 10_000 ? 2 : 1))} s`;
  return `${Number((value / 60_000).toFixed(1))} min`;
}
