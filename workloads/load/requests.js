// Open-loop load on any HTTP service: one request for each tick, status and content checked.
import http from "k6/http";
import { config, scenarios, tick } from "./offer.js";

/**
 * @typedef {object} Asked
 * @property {"GET" | "POST"} method
 * @property {Record<string, string>} headers
 * @property {string | null} body
 * @property {{ status: number, contains: string | null, json?: unknown }} expect
 */

/** @type {Asked} */
const asked = config.options["request"];
const { expect } = asked;
const checksJson = "json" in expect;

export const options = scenarios;

const params = {
  headers: asked.headers,
  timeout: `${config.timeoutMs}ms`,
  redirects: 0,
};

/** @param {unknown} value @returns {value is Record<string, unknown>} */
const isObject = (value) => typeof value === "object" && value !== null && !Array.isArray(value);

/**
 * An object has at least the fields of the wanted one; lists and all else are equal.
 * @param {unknown} got
 * @param {unknown} wanted
 * @returns {boolean}
 */
function has(got, wanted) {
  if (Array.isArray(wanted)) {
    if (!Array.isArray(got) || got.length !== wanted.length) return false;
    return wanted.every((value, at) => has(got[at], value));
  }
  if (!isObject(wanted)) return got === wanted;
  return isObject(got) && Object.keys(wanted).every((key) => has(got[key], wanted[key]));
}

/** @param {string} text */
function isRight(text) {
  if (expect.contains !== null && !text.includes(expect.contains)) return false;
  if (!checksJson) return true;
  try {
    return has(JSON.parse(text), expect.json);
  } catch {
    return false;
  }
}

/** @param {"new" | "reused"} connection */
function ask(connection) {
  tick(connection, () => {
    const answer = http.request(asked.method, config.url, asked.body, params);
    const right =
      answer.status === expect.status &&
      isRight(typeof answer.body === "string" ? answer.body : "");
    return { errorCode: answer.error_code, right };
  });
}

export function reused() {
  ask("reused");
}

// The scenario's `exec` is the kind of connection, and `new` is no name of a function.
const fresh = () => ask("new");
export { fresh as new };
