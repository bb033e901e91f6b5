import type { Ms } from "./quantity.ts";

const FORM = /^(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d(?:\.\d+)?)Z$/;
const DAYS_OF_400_YEARS = 146_097;

/**
 * Since 1 March of year 0, of a stamp in UTC such as `2026-01-31T23:59:59.123456Z`; null where it
 * is none. Good for what lies between two stamps, and for nothing else.
 */
export function stampMs(text: string): Ms | null {
  const hit = FORM.exec(text);
  if (hit === null) return null;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = hit.slice(1).map(Number);
  // A year that begins in March: the day that may be missing is its last one.
  const from = month > 2 ? year : year - 1;
  const months = (month + 9) % 12;
  const years = from % 400;
  const days =
    Math.floor(from / 400) * DAYS_OF_400_YEARS +
    years * 365 +
    Math.floor(years / 4) -
    Math.floor(years / 100) +
    Math.floor((153 * months + 2) / 5) +
    day -
    1;
  return ((days * 24 + hour) * 60 + minute) * 60_000 + Math.round(second * 1_000);
}
