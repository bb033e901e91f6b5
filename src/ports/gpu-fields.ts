// Fields that faults on GPUs share: where the device's holder is asked, and for what.
import { count, flag, text } from "../model/fields.ts";
import { isJsonText } from "../model/json.ts";

const portOf = (answers: string) =>
  count({
    about: `port of the holder that answers ${answers}`,
    min: 1,
    max: 65_535,
    default: 8_501,
  });
const PATH = { pattern: /^\/\S*$/, rule: "a path that begins with /" };

/** Asked whether it computes; `inTime`: how soon its path must say so. */
export function healthFields(inTime = "") {
  return {
    port: portOf("whether it can compute"),
    path: text({
      about: `path on that port: 200 only after a right answer from the device${inTime}`,
      ...PATH,
      default: "/health/ready",
    }),
  };
}

/** The default prediction, of one row or of many alike. */
export const rowsBody = (rows: number): string =>
  JSON.stringify({
    instances: Array.from({ length: rows }, () => [1, 1, 1, 1, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 0]),
  });

const BODY = { pattern: /^\s*[[{]/, rule: "a JSON object or list" };
const PREDICTION = "the prediction that is asked for, as JSON";

/** `leftOut`: what is asked for then. */
export const bodyField = (leftOut: string) =>
  text({ about: `${PREDICTION}; left out: ${leftOut}`, ...BODY });

/** Asked for a prediction, whose numbers count where `same` says so. */
export function predictionFields(same: "" | ": the same input, the same numbers" = "") {
  return {
    port: portOf("predictions"),
    path: text({
      about: "path on that port that a prediction is posted to",
      ...PATH,
      default: "/v1/models/mlp:predict",
    }),
    body: text({ about: `${PREDICTION}${same}`, ...BODY, default: rowsBody(1) }),
  };
}

/** A rule between fields: what `body` must be beyond its pattern. */
export const bodyProblems = ({ body }: { readonly body?: string | undefined }): readonly string[] =>
  body === undefined || isJsonText(body) ? [] : [`body must be JSON, got ${body}`];

/** Whether the cluster is told. */
export const signalField = (isDefault: boolean) =>
  flag({
    about: "the device plugin reports the device Unhealthy and the metrics show the error",
    default: isDefault,
  });
