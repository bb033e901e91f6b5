/** The "model" of the load's tests. */
export function outputOf(input: readonly number[]): readonly number[] {
  return input.slice(0, 4).map((value, at) => value * 2 + (input[at + 4] ?? 0));
}

/** As expected.json of a model. */
export function expectedCases(): {
  readonly tolerance: number;
  readonly cases: readonly { readonly input: number[]; readonly output: readonly number[] }[];
} {
  const cases = Array.from({ length: 32 }, (_, row) => {
    const input = Array.from({ length: 16 }, (__, column) => Math.sin(row * 16 + column));
    return { input, output: outputOf(input) };
  });
  return { tolerance: 1e-4, cases };
}
