/** More than one wrong letter in three is another word. */
const WRONG_RATIO_MAX = 1 / 3;

/** What somebody who typed this meant, or null where nothing known is near. */
export function nearest(typed: string, known: readonly string[]): string | null {
  const near = known
    .map((name) => ({ name, wrong: distance(typed, name) }))
    .filter(({ name, wrong }) => wrong <= Math.max(1, name.length * WRONG_RATIO_MAX))
    .sort((a, b) => a.wrong - b.wrong || (a.name < b.name ? -1 : 1));
  return near[0]?.name ?? null;
}

/** Letters to change, add, leave out or swap with the next one. */
function distance(from: string, to: string): number {
  let [before, last]: [readonly number[], readonly number[]] = [[], []];
  let row: readonly number[] = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let i = 1; i <= from.length; i += 1) {
    [before, last] = [last, row];
    const next = [i];
    for (let j = 1; j <= to.length; j += 1) {
      const isSame = from[i - 1] === to[j - 1];
      const isSwap = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      next.push(
        Math.min(
          last[j]! + 1,
          next[j - 1]! + 1,
          last[j - 1]! + (isSame ? 0 : 1),
          isSwap ? before[j - 2]! + 1 : Infinity,
        ),
      );
    }
    row = next;
  }
  return row[to.length]!;
}
