import type { Cell } from "./draw.ts";

/** By how many seconds the mean may be off. */
export const askedS = ({ rate, share }: Pick<Cell, "rate" | "share">): number =>
  share >= 0.1 ? 1 / rate : 1 / (rate * share);
