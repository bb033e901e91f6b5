import { connectionCases, connectionWorld } from "../../support/connection-worlds.ts";

export const cases = connectionCases({
  others: "resets",
  never: [
    connectionWorld("only resets", { others: "only resets" }),
    connectionWorld("another fault", { others: "refused" }),
  ],
});
