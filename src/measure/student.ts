/** Two-sided quantiles of Student's distribution by degrees of freedom, from one on. */
const QUANTILES = {
  0.95: [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16,
    2.145, 2.131, 2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052,
    2.048, 2.045, 2.042,
  ],
  0.99: [
    63.657, 9.925, 5.841, 4.604, 4.032, 3.707, 3.499, 3.355, 3.25, 3.169, 3.106, 3.055, 3.012,
    2.977, 2.947, 2.921, 2.898, 2.878, 2.861,
  ],
} as const;

/** What a mean lies within, in standard errors; beyond the table that of its last entry. */
export function studentQuantile(freedom: number, confidence: keyof typeof QUANTILES): number {
  const quantiles = QUANTILES[confidence];
  return quantiles[Math.min(freedom, quantiles.length) - 1]!;
}
