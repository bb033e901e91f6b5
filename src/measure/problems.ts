/** More kinds of problems than these say nothing more. */
const KINDS_MAX = 100;

/** What is wrong with a record, each kind counted: the same whatever the order of its lines. */
export class Problems {
  readonly #counts = new Map<string, number>();

  add(problem: string): void {
    this.#counts.set(problem, (this.#counts.get(problem) ?? 0) + 1);
  }

  /** `requests: endUs before startUs (3 times)`, sorted, a hundred at most. */
  list(): readonly string[] {
    return [...this.#counts]
      .map(([problem, count]) => (count === 1 ? problem : `${problem} (${count} times)`))
      .sort()
      .slice(0, KINDS_MAX);
  }
}
