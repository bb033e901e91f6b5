// What all loads share: scenarios out of the plan, and one request for each tick.
import { begin, end } from "k6/x/record";

/**
 * @typedef {object} Config
 * @property {string} url
 * @property {number} rateRps of each scenario
 * @property {number} timeoutMs
 * @property {number} atMostMs
 * @property {number} users virtual users of each scenario
 * @property {string} seed
 * @property {readonly { name: string, connection: "new" | "reused" }[]} scenarios
 * @property {Readonly<Record<string, any>>} options as the load planned them
 * @property {Readonly<Record<string, string>>} files paths by the names that the load gave them
 */

/** @type {Config} */
export const config = JSON.parse(open(__ENV["NINETY_LOAD_CONFIG"] ?? ""));

// A rate in thousandths over a thousand seconds: k6 takes whole numbers only.
const arrivals = { rate: Math.round(config.rateRps * 1_000), timeUnit: "1000s" };

/** The script's own `options`. */
export const scenarios = {
  scenarios: Object.fromEntries(
    config.scenarios.map(({ name, connection }) => [
      name,
      {
        executor: "constant-arrival-rate",
        exec: connection,
        ...arrivals,
        duration: `${config.atMostMs}ms`,
        gracefulStop: `${config.timeoutMs + 1_000}ms`,
        preAllocatedVUs: config.users,
        maxVUs: config.users,
      },
    ]),
  ),
  dns: { ttl: "0" },
  systemTags: ["scenario", "status", "error_code"],
  discardResponseBodies: false,
};

/**
 * One tick: `send` asks, and says whether the answer was the right one.
 * @param {"new" | "reused"} connection
 * @param {(iteration: number) => { errorCode: number, right: boolean }} send
 */
export function tick(connection, send) {
  const iteration = begin(connection);
  if (iteration < 0) return;
  const { errorCode, right } = send(iteration);
  end(errorCode, right ? "ok" : "bad");
}
