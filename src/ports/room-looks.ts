// What faults share that take from a container what it has left.
import { text } from "../model/fields.ts";
import { textAt, type Json } from "../model/json.ts";

export const CONTAINER_FIELD = text({
  about: "name of the container; empty: the pod's only one",
  default: "",
  pattern: /^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)?$/,
  rule: "a container's name or empty",
});

/** The first process of the container that was looked at; "": nothing was told. */
export const mainOf = (seen: Json): string => textAt(seen, "main");
