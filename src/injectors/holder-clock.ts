import type { Us } from "../model/quantity.ts";

/** One exchange with a holder: asked and answered on our clock, stamped on its own. */
export interface Exchange {
  readonly askedUs: Us;
  readonly stampUs: Us;
  readonly answeredUs: Us;
}

/**
 * How far a holder's clock is ahead of ours, from the quickest of some exchanges: wrong by at most
 * half of its round trip. A holder whose stamp lies within the exchange has our own clock (it runs
 * on this machine, as on the local cluster): exactly 0.
 */
export function clockAheadUs(exchanges: readonly Exchange[]): Us {
  const [quickest] = exchanges.toSorted(
    (a, b) => a.answeredUs - a.askedUs - (b.answeredUs - b.askedUs),
  );
  if (quickest === undefined) return 0;
  const { askedUs, stampUs, answeredUs } = quickest;
  if (stampUs >= askedUs && stampUs <= answeredUs) return 0;
  return Math.round(stampUs - (askedUs + answeredUs) / 2);
}
