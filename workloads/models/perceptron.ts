import type { Perceptron } from "./onnx-file.ts";

/** Uniform in [-1, 1), the same for the same seed on every machine (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 31 - 1;
  };
}

/** Seeded weights, scaled so that the classes of random inputs differ clearly. */
export function seededPerceptron(
  seed: number,
  size: { readonly inputs: number; readonly hidden: number; readonly classes: number },
): Perceptron {
  const draw = seeded(seed);
  const weights = (count: number, scale: number): Float32Array =>
    Float32Array.from({ length: count }, () => draw() * scale);
  const { inputs, hidden, classes } = size;
  return {
    ...size,
    hiddenWeights: weights(inputs * hidden, Math.sqrt(6 / inputs)),
    hiddenBias: weights(hidden, 0.1),
    classWeights: weights(hidden * classes, Math.sqrt(12 / hidden)),
    classBias: weights(classes, 0.1),
  };
}

function layer(
  input: readonly number[],
  weights: Float32Array,
  bias: Float32Array,
): readonly number[] {
  return Array.from(bias, (start, column) =>
    input.reduce(
      (sum, value, row) => sum + value * (weights[row * bias.length + column] ?? 0),
      start,
    ),
  );
}

/** What the model must answer for one input, computed in double precision without any runtime. */
export function forward(of: Perceptron, input: readonly number[]): readonly number[] {
  const hidden = layer(input, of.hiddenWeights, of.hiddenBias).map((sum) => Math.max(0, sum));
  const logits = layer(hidden, of.classWeights, of.classBias);
  const highest = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp(logit - highest));
  const total = powers.reduce((sum, power) => sum + power, 0);
  return powers.map((power) => power / total);
}
