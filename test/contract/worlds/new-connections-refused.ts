import { connectionCases, connectionWorld } from "../../support/connection-worlds.ts";

export const cases = connectionCases({
  others: "refused",
  never: [
    connectionWorld("some refused", { others: "some refused" }),
    connectionWorld("another fault", { others: "resets" }),
  ],
});
