import type { Us } from "../model/quantity.ts";

/** CLOCK_MONOTONIC of this machine in whole microseconds: the same for every process on it. */
export const nowUs = (): Us => Number(process.hrtime.bigint() / 1_000n);
