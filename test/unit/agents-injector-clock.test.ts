import * as fc from "fast-check";
import { describe, expect, test } from "vitest";

import { clockAheadUs } from "../../src/injectors/holder-clock.ts";

describe("how far a holder's clock is ahead", () => {
  test("is exactly 0 on the same clock", () => {
    const times = fc.tuple(fc.nat(1e9), fc.nat(1e5), fc.nat(1e5));
    fc.assert(
      fc.property(fc.array(times, { minLength: 1, maxLength: 5 }), (all) => {
        const exchanges = all.map(([askedUs, there, back]) => ({
          askedUs,
          stampUs: askedUs + there,
          answeredUs: askedUs + there + back,
        }));
        expect(clockAheadUs(exchanges)).toBe(0);
      }),
    );
  });

  test("is right to half of the quickest round trip on another clock", () => {
    const times = fc.tuple(fc.nat(1e9), fc.nat(1e5), fc.nat(1e5));
    const ahead = fc.integer({ min: -1e12, max: 1e12 });
    fc.assert(
      fc.property(fc.array(times, { minLength: 1, maxLength: 5 }), ahead, (all, aheadUs) => {
        const exchanges = all.map(([askedUs, there, back]) => ({
          askedUs,
          stampUs: askedUs + there + aheadUs,
          answeredUs: askedUs + there + back,
        }));
        const quickestUs = Math.min(...all.map(([, there, back]) => there + back));
        const error = Math.abs(clockAheadUs(exchanges) - aheadUs);
        expect(error).toBeLessThanOrEqual(quickestUs + 1);
        // Where no clock could be mistaken for ours, the bound is half of the round trip.
        if (Math.abs(aheadUs) > 2e5) expect(error).toBeLessThanOrEqual(quickestUs / 2 + 1);
      }),
    );
  });
});
