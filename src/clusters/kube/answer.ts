import { textAt } from "../../model/json.ts";

/** What the server said, from its Status object where it sent one; at most 500 characters. */
export function serverMessage(body: string): string {
  const status = statusOf(body);
  const said = (status === null ? "" : textAt(status, "message")) || body.trim();
  return said === "" ? "no message" : said.slice(0, 500);
}

/** The API server's own Status object, or null: then somebody else answered. */
export function statusOf(body: string): object | null {
  try {
    const said: unknown = JSON.parse(body);
    const is = textAt(said, "kind") === "Status" && textAt(said, "apiVersion") === "v1";
    return is ? (said as object) : null;
  } catch {
    return null;
  }
}
