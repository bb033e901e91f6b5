import { choice, count, optional, read, text, type Field } from "../../src/model/fields.ts";
import type { Json } from "../../src/model/json.ts";
import type { PlannedRequest } from "../../src/model/plan.ts";

/** What a client asks, and which answer is right. */
export interface RequestOptions {
  /** Default "GET". */
  readonly method?: "GET" | "POST";
  /** With the query: `"/v1/models/ranker?verbose=1"`. */
  readonly path: string;
  /** Text as it is; anything else is sent as JSON. At most 1 MiB. */
  readonly body?: Json;
  /** `content-type` is `application/json` where the body is JSON and no other one is given. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly expect: {
    /** 200 to 399: from 400 on an answer is an error, whatever is expected. Default 200. */
    readonly status?: number;
    /** The body has this text somewhere. */
    readonly contains?: string;
    /**
     * The body is JSON, and an object has at least these fields with these values; lists and all
     * else are equal.
     */
    readonly json?: Json;
  };
}

const BODY_MAX_CHARACTERS = 2 ** 20;
const HEADERS_MAX = 50;
const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,128}$/;
/** They are the client's own business, and a wrong one makes every answer wrong. */
const HEADERS_TAKEN = ["connection", "content-length", "transfer-encoding"];

function raw<In, Out>(of: {
  readonly about: string;
  readonly rule: string;
  readonly parse: (written: unknown) => Out;
}): Field<In, Out, "", true> {
  const { about, rule, parse } = of;
  return { unit: "", about, rule, optional: true, read: parse };
}

/** Data that JSON can hold and that comes back as it went. Throws what is none. */
function jsonOf(written: unknown): Json {
  const plain = (value: unknown): boolean => {
    if (value === null || typeof value === "boolean" || typeof value === "string") return true;
    if (typeof value === "number") return Number.isFinite(value);
    if (Array.isArray(value)) return value.every(plain);
    const prototype: unknown = typeof value === "object" ? Object.getPrototypeOf(value) : 0;
    return prototype === Object.prototype && Object.values(value as object).every(plain);
  };
  if (plain(written)) return written as Json;
  throw new Error(`must be data that JSON holds, got ${typeof written}`);
}

function bodyOf(written: unknown): string | null {
  if (written === undefined) return null;
  const body = typeof written === "string" ? written : JSON.stringify(jsonOf(written));
  if (body.length <= BODY_MAX_CHARACTERS) return body;
  throw new Error(`must be at most ${BODY_MAX_CHARACTERS} characters, got ${body.length}`);
}

function headersOf(written: unknown): Readonly<Record<string, string>> {
  if (written === undefined) return {};
  if (typeof written !== "object" || written === null || Array.isArray(written)) {
    throw new Error(`must be an object of texts, got ${JSON.stringify(written)}`);
  }
  const entries = Object.entries(written as Readonly<Record<string, unknown>>).map(
    ([name, value]) => [name.toLowerCase(), value] as const,
  );
  if (entries.length > HEADERS_MAX) {
    throw new Error(`must be at most ${HEADERS_MAX}, got ${entries.length}`);
  }
  for (const [name, value] of entries) {
    if (!HEADER_NAME.test(name)) throw new Error(`must be named as HTTP has it, got ${name}`);
    if (HEADERS_TAKEN.includes(name)) throw new Error(`must leave ${name} to the client`);
    if (typeof value !== "string" || /[^\t\x20-\x7e]/.test(value)) {
      throw new Error(`${name} must be text of one line, got ${JSON.stringify(value)}`);
    }
  }
  return Object.fromEntries(entries) as Readonly<Record<string, string>>;
}

const REQUEST = {
  method: choice(["GET", "POST"], { about: "HTTP method", default: "GET" }),
  path: text({
    about: "what is asked for, with the query",
    pattern: /^\/[\x21-\x7e]*$/,
    rule: "a path that begins with / and has no blanks",
  }),
  body: raw<Json, string | null>({ about: "what is sent", rule: "text or JSON", parse: bodyOf }),
  headers: raw<Readonly<Record<string, string>>, Readonly<Record<string, string>>>({
    about: "more headers",
    rule: "an object of texts",
    parse: headersOf,
  }),
  expect: {
    ...raw<unknown, unknown>({
      about: "the answer that is right",
      rule: "such as { status: 200 }",
      parse: (written) => written,
    }),
    optional: false as const,
  },
};
const EXPECT = {
  status: count({ about: "the status that is right", min: 200, max: 399, default: 200 }),
  contains: optional(text({ about: "text that the body has somewhere" })),
  json: raw<Json, Json | undefined>({
    about: "fields and values that the body has as JSON",
    rule: "JSON",
    parse: (written) => (written === undefined ? undefined : jsonOf(written)),
  }),
};

/** As it will stand in the plan; null, and every problem told, where something is wrong with it. */
export function readRequest(
  path: string,
  written: unknown,
  problems: string[],
): PlannedRequest | null {
  const before = problems.length;
  const { method, path: asked, body, headers, expect } = read(path, REQUEST, written, problems);
  if (expect === undefined) return null;
  const expected = read(`${path}.expect`, EXPECT, expect, problems);
  if (method === "GET" && typeof body === "string") {
    problems.push(`${path}.body must be left out with GET, or the method be POST`);
  }
  if (problems.length > before) return null;
  const isJson = body !== null && typeof (written as RequestOptions).body !== "string";
  const { status, contains = null, json } = expected;
  return {
    method,
    path: asked,
    headers: isJson ? { "content-type": "application/json", ...headers } : headers,
    body,
    expect: { status, contains, ...(json === undefined ? {} : { json }) },
  };
}
