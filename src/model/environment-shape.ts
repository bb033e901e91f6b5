import {
  fields,
  listOf,
  maybe,
  notNegative,
  object,
  oneOf,
  orNull,
  showWrong,
  text,
  word,
  type Shape,
} from "./shape.ts";
import { EVIDENCE_LEVELS } from "./evidence.ts";

const utc: Shape = (value, name = "") =>
  typeof value === "string" && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z$/.test(value)
    ? []
    : [{ name, rule: "a UTC time in ISO 8601", got: value }];

const hash: Shape = (value, name = "") =>
  typeof value === "string" && /^[0-9a-f]{64}$/.test(value)
    ? []
    : [{ name, rule: "64 of 0-9 a-f", got: value }];

const environment = fields({
  schema: oneOf(1),
  ninety: word,
  startedAt: utc,
  monotonicStartUs: notNegative,
  gitCommit: orNull(text),
  planSha256: maybe(hash),
  cluster: fields({
    kind: oneOf("local", "kube", "simulated"),
    instance: text,
    kubernetes: text,
    nodes: listOf(object),
    differences: listOf(text),
    versions: object,
  }),
  level: oneOf(...EVIDENCE_LEVELS),
  machine: object,
});

/** Why this is no environment.json, each `level must be …, got …`. */
export function environmentProblems(written: unknown): readonly string[] {
  return environment(written).map(showWrong);
}
