import * as fc from "fast-check";
import { expect, test } from "vitest";

import { stampMs } from "../../src/model/timestamp.ts";

const dates = fc.date({
  min: new Date("0001-01-01T00:00:00Z"),
  max: new Date("9999-12-31T23:59:59Z"),
  noInvalidDate: true,
});

test("between two stamps lies what lies between their times", () => {
  fc.assert(
    fc.property(dates, dates, (a, b) => {
      const between = (stampMs(b.toISOString()) ?? NaN) - (stampMs(a.toISOString()) ?? NaN);
      expect(between).toBe(b.getTime() - a.getTime());
    }),
  );
});

test("microseconds are rounded, and whole seconds are read", () => {
  const fromMs = stampMs("2026-02-28T23:59:59Z") ?? NaN;
  expect((stampMs("2026-03-01T00:00:00.499600Z") ?? NaN) - fromMs).toBe(1_500);
});

test.each(["", "2026-01-01", "2026-01-01T00:00:00+01:00", "yesterday"])("none is %j", (text) => {
  expect(stampMs(text)).toBeNull();
});
