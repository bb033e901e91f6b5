import { makeRecord, type MadeRecord } from "./measure-record.ts";

/** 15 minutes at 50 requests a second, clients hurt again and again. */
export function longRecord(): MadeRecord {
  const outages = Array.from({ length: 20 }, (_, nth) => ({
    fromS: nth * 15,
    untilS: nth * 15 + 7,
    share: 0.5,
  }));
  const made = { rateRps: 25, steadyS: 300, faultS: 300, observeS: 300, background: 0.01 };
  return makeRecord({ ...made, outages });
}
