import { StatusError } from "./status.ts";

/** Which version of the model a request names. */
export interface Wanted {
  readonly model: string;
  readonly version: number | null;
  readonly label: string | null;
}

export type Route =
  | { readonly to: "ready" | "live" | "metrics" | "nothing" }
  | {
      readonly to: "status" | "metadata" | "predict" | "classify" | "regress";
      readonly of: Wanted;
    };

const PREDICTION =
  /^\/v1\/models\/([^/:]+)(?:\/versions\/(\d+)|\/labels\/([^/:]+))?:(classify|regress|predict)$/i;
const STATUS =
  /^\/v1\/models(?:\/([^/:]+))?(?:\/versions\/(\d+)|\/labels\/([^/:]+))?(\/metadata)?$/i;
const OWN: Readonly<Record<string, "ready" | "live" | "metrics">> = {
  "/health/ready": "ready",
  "/health/live": "live",
  "/metrics": "metrics",
  "/monitoring/prometheus/metrics": "metrics",
};

/**
 * TensorFlow Serving's paths, matched without case, and our own. Throws INVALID_ARGUMENT for what
 * is under /v1/ and is none of them; `nothing` is answered 404 without a body.
 */
export function routeOf(method: string, path: string): Route {
  if (!/^\/v1\//i.test(path)) {
    const own = method === "GET" || method === "HEAD" ? OWN[path] : undefined;
    return { to: own ?? "nothing" };
  }
  const prediction = method === "POST" ? PREDICTION.exec(path) : null;
  if (prediction) {
    const to = (prediction[4] ?? "").toLowerCase() as "predict" | "classify" | "regress";
    return { to, of: wanted(prediction) };
  }
  const status = method === "GET" ? STATUS.exec(path) : null;
  if (!status) throw new StatusError("INVALID_ARGUMENT", `Malformed request: ${method} ${path}`);
  if (status[1] === undefined) {
    throw new StatusError("INVALID_ARGUMENT", "Missing model name in request.");
  }
  return { to: status[4] === undefined ? "status" : "metadata", of: wanted(status) };
}

function wanted(match: RegExpExecArray): Wanted {
  const [, model = "", version, label] = match;
  if (version !== undefined && BigInt(version) > 2n ** 63n - 1n) {
    const message = `Failed to convert version: ${version} to numeric.`;
    throw new StatusError("INVALID_ARGUMENT", message);
  }
  return {
    model: decoded(model, "model name"),
    version: version === undefined ? null : Number(version),
    label: label === undefined ? null : decoded(label, "model version label"),
  };
}

function decoded(text: string, what: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new StatusError("INVALID_ARGUMENT", `Failed to decode ${what}:${text}`);
  }
}
