// Lines of a file, spoilt.

export type RandomOf = () => number;

const pick = <T>(list: readonly T[], random: RandomOf): T => {
  const one = list[Math.floor(random() * list.length)];
  if (one === undefined) throw new Error("there is nothing to choose from");
  return one;
};

export type Lines = readonly string[];
export type LineSpoil = (lines: Lines, random: RandomOf) => Lines;

type Line = Record<string, unknown>;
export const read = (line: string): Line => JSON.parse(line) as Line;
export const isEnd = (line: string): boolean => line.startsWith('{"end"');
/** Watches may lose what they like, and nobody can tell; so may what foretells. */
export const counts = (line: string): boolean =>
  ["fault", "phase"].includes(String(read(line)["type"]));
export const anyLine = (line: string): boolean => !isEnd(line);

/** A line that the choice allows; of events each type is as likely as any other. */
export function lineIn(lines: Lines, allows: (line: string) => boolean, random: RandomOf): number {
  const kinds = Map.groupBy(
    lines.flatMap((line, nth) => (allows(line) ? [[line, nth] as const] : [])),
    ([line]) => {
      const { type, edge, object } = read(line) as Record<string, string>;
      return `${type} ${edge} ${object?.split("/")[0]}`;
    },
  );
  return pick(kinds.get(pick([...kinds.keys()], random))!, random)[1];
}

export const oneLine =
  (
    change: (line: string, random: RandomOf) => Lines,
    allows: (line: string) => boolean = anyLine,
  ): LineSpoil =>
  (lines, random) => {
    const nth = lineIn(lines, allows, random);
    return lines.flatMap((line, i) => (i === nth ? change(line, random) : [line]));
  };

export const twice = (line: string): Lines => [line, line];
export const half = (line: string, random: RandomOf): Lines => [
  line.slice(0, 1 + Math.floor(random() * (line.length - 2))),
];
export const gone = (): Lines => [];

/** The values of a field of two lines changed over. */
export const swapped =
  (key: string, allows: (line: string) => boolean, apart: number): LineSpoil =>
  (lines, random) => {
    const own = lines.flatMap((line, nth) => (allows(line) ? [nth] : []));
    const first = Math.floor(random() * (own.length - apart));
    const [one, other] = [own[first]!, own[first + apart]!];
    const [a, b] = [read(lines[one]!), read(lines[other]!)];
    return lines
      .with(one, JSON.stringify({ ...a, [key]: b[key] }))
      .with(other, JSON.stringify({ ...b, [key]: a[key] }));
  };

/** Every time of these lines by another clock. */
export const clocked =
  (change: (us: number) => number, allows: (line: string) => boolean): LineSpoil =>
  (lines) =>
    lines.map((line) => {
      if (!allows(line)) return line;
      const of = read(line);
      const moved = Object.entries(of).map(([key, value]) =>
        key.endsWith("Us") && typeof value === "number" ? [key, change(value)] : [key, value],
      );
      return JSON.stringify(Object.fromEntries(moved));
    });
const HOUR_US = 3_600_000_000;
export const later = (us: number): number => us + HOUR_US;
export const inMs = (us: number): number => Math.round(us / 1_000);
