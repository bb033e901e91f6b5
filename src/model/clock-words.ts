const MEANING: Readonly<Record<string, string>> = {
  req: "inject asked",
  inj: "effect there (the holder's own stamp)",
  imp: "clients first hurt",
  clr: "effect gone",
  rec: "service recovered, for good",
  full: "capacity and redundancy back",
  evicted: "pod told to end",
  created: "its replacement made",
  scheduled: "replacement on a node",
  started: "its container started",
};

/** What a clock of the recovery means, in words: `inj` is "effect there (…)". */
export function clockInWords(clock: string): string {
  const [kind = "", nth = ""] = clock.split(":");
  if (kind === "det") return `noticed by ${nth}`;
  if (kind === "inj" && nth !== "") return `effect of ${nth} there`;
  if (kind === "ended") return nth === "1" ? "its container ended" : `ended again (${nth})`;
  if (kind === "restarted") return `started again in place (${nth})`;
  return MEANING[clock] ?? clock;
}
