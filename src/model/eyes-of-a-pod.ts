// What a pod meets where it calls and looks up; others meet none of it.
import type { Ms, Ratio } from "./quantity.ts";

/** How a service fails in the eyes of one caller. */
export type DependencyDoes =
  /** Accepts, and never answers. */
  | { readonly kind: "hang" }
  | { readonly kind: "refuse" }
  /** Answers that share of the requests by HTTP/1 with the status; all else passes. */
  | { readonly kind: "error"; readonly status: number; readonly ratio: Ratio }
  /** Answers by HTTP/1 to that share of the requests come so much later. */
  | { readonly kind: "slow"; readonly delayMs: Ms; readonly ratio: Ratio }
  /** They are reset after so many bytes of the body, before its end at the latest. */
  | { readonly kind: "reset"; readonly afterBytes: number; readonly ratio: Ratio }
  /** They end well, but early. */
  | { readonly kind: "truncate"; readonly ratio: Ratio };

/** How look-ups of a name fail in the eyes of one pod. */
export type DnsDoes =
  /** The server has failed, or there is no such name. */
  | { readonly kind: "fail"; readonly code: DnsCode }
  /** The server is asked so much later. */
  | { readonly kind: "slow"; readonly delayMs: Ms }
  /** The only address of each such name, IPv4: loopback, private or of documentation. */
  | { readonly kind: "wrong"; readonly address: string };
export const DNS_CODES = ["SERVFAIL", "NXDOMAIN"] as const;
export type DnsCode = (typeof DNS_CODES)[number];
