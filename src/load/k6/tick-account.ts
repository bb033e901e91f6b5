/** Whether each tick of a scenario was told exactly once; holds no more than what came early. */
export class TickAccount {
  readonly #scenarios = new Map<string, { next: number; readonly early: Set<number> }>();
  #count = 0;

  /** All ticks told so far. */
  get count(): number {
    return this.#count;
  }

  /** Throws on a tick that was told before. */
  add(scenario: string, tick: number): void {
    const of = this.#scenarios.get(scenario) ?? { next: 0, early: new Set<number>() };
    this.#scenarios.set(scenario, of);
    if (tick < of.next || of.early.has(tick)) {
      throw new Error(`tick ${tick} of ${scenario} was told twice`);
    }
    of.early.add(tick);
    this.#count++;
    while (of.early.delete(of.next)) of.next++;
  }

  /** First tick of each scenario that was never told although a later one was. */
  missing(): readonly { readonly scenario: string; readonly tick: number }[] {
    return [...this.#scenarios]
      .filter(([, of]) => of.early.size > 0)
      .map(([scenario, of]) => ({ scenario, tick: of.next }));
  }
}
