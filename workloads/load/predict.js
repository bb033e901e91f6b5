// Open-loop load on a model: one request for each tick, answers checked by value.
import { SharedArray } from "k6/data";
import http from "k6/http";
import { config, scenarios, tick } from "./offer.js";

/**
 * @typedef {object} Case
 * @property {string} body
 * @property {readonly number[]} output
 */

const expectedPath = config.files["expected"] ?? "";
/** @type {readonly { tolerance: number }[]} */
const tolerances = new SharedArray("tolerance", () => [
  { tolerance: JSON.parse(open(expectedPath)).tolerance },
]);
/** @type {readonly Case[]} */
const cases = new SharedArray("cases", () =>
  JSON.parse(open(expectedPath)).cases.map(
    (/** @type {{ input: number[], output: number[] }} */ one) => ({
      body: JSON.stringify({ instances: [one.input] }),
      output: one.output,
    }),
  ),
);
const tolerance = tolerances[0]?.tolerance ?? 0;

export const options = scenarios;

const request = {
  headers: { "content-type": "application/json" },
  timeout: `${config.timeoutMs}ms`,
  redirects: 0,
};

/** FNV-1a: text to 32 bits. @param {string} text */
function hash(text) {
  let bits = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) {
    bits = Math.imul(bits ^ text.charCodeAt(at), 0x01000193);
  }
  return bits >>> 0;
}

/** Murmur3's finalizer: neighbours in, strangers out. @param {number} value */
function mix(value) {
  let bits = value;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}

/**
 * The one prediction that was asked for, each of its numbers within the tolerance.
 * @param {unknown} text
 * @param {readonly number[]} wanted
 */
function isRight(text, wanted) {
  try {
    const { predictions } = JSON.parse(String(text));
    if (predictions.length !== 1 || predictions[0].length !== wanted.length) return false;
    return wanted.every((value, at) => {
      const got = predictions[0][at];
      return typeof got === "number" && Math.abs(got - value) <= tolerance;
    });
  } catch {
    return false;
  }
}

const salt = { new: hash(`${config.seed}/new`), reused: hash(`${config.seed}/reused`) };

/** @param {"new" | "reused"} connection */
function ask(connection) {
  tick(connection, (iteration) => {
    const drawn = cases[mix(salt[connection] ^ iteration) % cases.length];
    if (!drawn) throw new Error(`${expectedPath} has no cases`);
    const answer = http.post(config.url, drawn.body, request);
    const right = answer.status === 200 && isRight(answer.body, drawn.output);
    return { errorCode: answer.error_code, right };
  });
}

export function reused() {
  ask("reused");
}

// The scenario's `exec` is the kind of connection, and `new` is no name of a function.
const fresh = () => ask("new");
export { fresh as new };
