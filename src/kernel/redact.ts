/** What stands where a secret stood. */
const REDACTED = "<redacted>";

/** A longer line is left out whole: cut in two, half a secret could stay. */
const LINE_MAX_CHARACTERS = 256 * 1024;
/** Of a private key whose first line was cut off: lines that may turn out to be its body. */
const HELD_LINES_MAX = 120;
/** A key that never ends does not swallow a log. */
const KEY_LINES_MAX = 200;

const NAME =
  "(?:pass(?:word|wd|phrase)|token|secret|api[-_]?key|access[-_]?key|private[-_]?key" +
  "|credential|client-key-data)";
/** Says where something is or how long it lasts, not what it is: `secret.go:281`, `tokenTTL`. */
const NOT_A_VALUE = /(?:[-_.]?(?:files?|path|dir|name|ref|ttl|seconds|type)|\.(?:go|ts|js))$/i;
const KEY_BEGIN = "-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----";
const KEY_END = "-----END [A-Z0-9 ]{0,40}PRIVATE KEY-----";

/** Most lines hold none of these, and are not looked at again. */
const SUSPICIOUS = new RegExp(
  `${NAME}|authorization|bearer|eyJ|LS0tLS1CRUdJTi|://|AKIA|ASIA|gh[pousr]_|hf_|sk-|xox`,
  "i",
);
const ASSIGNED = new RegExp(`${NAME}[\\w.-]{0,64}\\\\{0,7}["']?\\s{0,3}(?:=>|[:=])\\s{0,3}`, "gi");
const FLAG = new RegExp(
  `(?<![\\w-])--?[\\w.-]{0,64}?${NAME}[\\w.-]{0,64}\\s{1,3}(?=[^\\s-])`,
  "gi",
);
const NAMED =
  `(?:name|key)\\\\{0,7}["']?\\s{0,3}[:=]\\s{0,3}\\\\{0,7}["']?[\\w.-]{0,64}?${NAME}` +
  `[\\w.-]{0,64}\\\\{0,7}["']?`;
const VALUE = `value\\\\{0,7}["']?\\s{0,3}[:=]\\s{0,3}`;
const PAIRED = new RegExp(`${NAMED}\\s{0,3},\\s{0,3}\\\\{0,7}["']?${VALUE}`, "gi");
/** `name: DB_PASSWORD`, with its value on the next line. */
const NAMED_LAST = new RegExp(`${NAMED}\\s*,?\\s*$`, "i");
const VALUE_FIRST = new RegExp(`^(?:\\d{4}-\\d\\d-\\d\\dT\\S+\\s)?[^\\w]{0,80}${VALUE}`, "gi");
const AUTHORIZATION = /authorization\\{0,7}["'\]]?\s{0,3}[:=]\s{0,3}/gi;
const SECRET_NAME = new RegExp(NAME, "i");

/** Secrets that are known by their shape, wherever they stand. */
const SHAPES: readonly (readonly [RegExp, string])[] = [
  [/(\bbearer\s{1,3})(?=\S{8})\S+/gi, `$1${REDACTED}`],
  [/\beyJ[\w-]{5,}\.[\w-]{5,}(?:\.[\w-]*)*/g, REDACTED],
  // A private key in base64, as kubeconfigs hold it; certificates and public keys are no secrets.
  [/LS0tLS1CRUdJTi(?!BDRVJUSUZJQ0FURS|BQVUJMSUMg)[A-Za-z0-9+/=]+/g, REDACTED],
  [/(\b[a-z][a-z0-9+.-]{1,20}:\/\/[^\s/:@?#]{0,64}:)[^\s/@]+(?=@)/gi, `$1${REDACTED}`],
  [/\b(?:AKIA|ASIA)[0-9A-Z]{16}\b/g, REDACTED],
  [/\b(?:gh[pousr]_|hf_|sk-|xox[abp]-)[\w-]{20,}/g, REDACTED],
];

/** Whether what is called so is a secret: `DB_PASSWORD`, `apiKey`; not `secretName`. */
export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name) && !NOT_A_VALUE.test(name) && !/tokeni[sz]/i.test(name);
}

/** Takes text in pieces that may be cut anywhere, and gives it back without its secrets. */
export interface Redactor {
  /** What is known to be safe of all that was pushed: whole lines. */
  push(piece: string): string;
  /** The rest. */
  end(): string;
}

/** Text without its secrets, line for line. What holds none is given back as it was. */
export function redact(text: string): string {
  const redactor = createRedactor();
  return redactor.push(text) + redactor.end();
}

/** In pieces as in one: the result does not depend on where the text was cut. */
export function createRedactor(): Redactor {
  const lines = new Lines();
  let open = "";
  let leftOut = 0;
  const closeLine = (): string => {
    const line = leftOut > 0 ? `<left out: a line of ${leftOut} characters>` : open;
    open = "";
    leftOut = 0;
    return line;
  };
  const grow = (part: string): void => {
    if (leftOut > 0 || open.length + part.length > LINE_MAX_CHARACTERS) {
      leftOut += open.length + part.length;
      open = "";
    } else open += part;
  };
  return {
    push(piece) {
      const parts = piece.split("\n");
      let out = "";
      for (const [nth, part] of parts.entries()) {
        grow(part);
        if (nth < parts.length - 1) out += lines.take(closeLine(), "\n");
      }
      return out;
    },
    end: () => lines.take(closeLine(), "") + lines.rest(),
  };
}

/** When and by whom a container's line was written; the line itself follows. */
const STAMP = /^(?:\d{4}-\d\d-\d\dT\S+\s)?/;
const KEY_BODY = /^\s*[A-Za-z0-9+/=]+\s*$/;

/** One line after the other; what a line means may depend on those before it. */
class Lines {
  /** Lines left until an open private key is given up; 0: none is open. */
  #keyLines = 0;
  /** Bare base64: the body of a key, if its end comes. */
  #held: { readonly line: string; readonly end: string }[] = [];
  #named = false;

  take(line: string, end: string): string {
    const stamp = STAMP.exec(line)?.[0] ?? "";
    const isBody = KEY_BODY.test(line.slice(stamp.length));
    if (this.#keyLines > 0) return this.#inKey({ line, stamp, isBody }) + end;
    if (isBody) {
      this.#held.push({ line, end });
      if (this.#held.length <= HELD_LINES_MAX) return "";
      const oldest = this.#held.shift();
      return oldest ? oldest.line + oldest.end : "";
    }
    const keyEnd = new RegExp(KEY_END).exec(line);
    const begins = new RegExp(KEY_BEGIN).test(line);
    if (keyEnd && !begins) {
      const held = this.#held.map((one) => this.#bare(one.line) + one.end).join("");
      this.#held = [];
      return `${held}${stamp}${REDACTED}${line.slice(keyEnd.index)}${end}`;
    }
    return this.rest() + (begins ? this.#keyBegins(line) : this.#plain(line)) + end;
  }

  /** What was held and turned out to be no key. */
  rest(): string {
    const text = this.#held.map(({ line, end }) => this.#plain(line) + end).join("");
    this.#held = [];
    return text;
  }

  #bare(line: string): string {
    return (STAMP.exec(line)?.[0] ?? "") + REDACTED;
  }

  #inKey(of: { readonly line: string; readonly stamp: string; readonly isBody: boolean }): string {
    const { line, stamp, isBody } = of;
    this.#keyLines -= 1;
    const keyEnd = new RegExp(KEY_END).exec(line);
    if (keyEnd) {
      this.#keyLines = 0;
      return `${stamp}${REDACTED}${this.#keyBegins(line.slice(keyEnd.index))}`;
    }
    // Others may write between its lines.
    return isBody ? stamp + REDACTED : this.#plain(line);
  }

  /** A line with keys in it, whole ones and at last perhaps one that goes on. */
  #keyBegins(line: string): string {
    const key = new RegExp(`(${KEY_BEGIN})(.*?)(${KEY_END}|$)`, "g");
    return this.#plain(
      line.replace(key, (_whole, begin: string, _body: string, end: string) => {
        if (end === "") this.#keyLines = KEY_LINES_MAX;
        return begin + REDACTED + end;
      }),
    );
  }

  #plain(line: string): string {
    const followsName = this.#named;
    this.#named = false;
    if (followsName) return plainLine(replaceValues(line, VALUE_FIRST, valueSpan));
    if (!SUSPICIOUS.test(line)) return line;
    this.#named = NAMED_LAST.test(line);
    return plainLine(line);
  }
}

function plainLine(line: string): string {
  let text = replaceValues(line, AUTHORIZATION, headerSpan);
  text = replaceValues(text, PAIRED, valueSpan);
  text = replaceValues(text, ASSIGNED, (whole, at, lead) => assignedSpan(whole, at, lead));
  text = replaceValues(text, FLAG, valueSpan);
  return SHAPES.reduce((now, [shape, by]) => now.replace(shape, by), text);
}

interface Span {
  readonly from: number;
  readonly to: number;
}
type SpanOf = (text: string, at: number, lead: string) => Span | null;

/** Replaces what follows each match of `lead`, as far as `spanOf` says. */
function replaceValues(text: string, lead: RegExp, spanOf: SpanOf): string {
  let out = "";
  let doneTo = 0;
  lead.lastIndex = 0;
  for (let hit = lead.exec(text); hit; hit = lead.exec(text)) {
    const at = hit.index + hit[0].length;
    const span = spanOf(text, at, hit[0]);
    if (!span || span.to <= span.from) continue;
    out += text.slice(doneTo, span.from) + REDACTED;
    doneTo = span.to;
    lead.lastIndex = span.to;
  }
  return out + text.slice(doneTo);
}

function assignedSpan(text: string, at: number, lead: string): Span | null {
  const name = /^[\w.-]*/.exec(lead)?.[0] ?? "";
  if (NOT_A_VALUE.test(name) || /tokeni[sz]/i.test(name)) return null;
  const span = valueSpan(text, at);
  // `tokens=128` counts what a model has read.
  const counts = /tokens/i.test(name) && span && /^\d+\W*$/.test(text.slice(span.from, span.to));
  return counts ? null : span;
}

/** Unquoted, a header's value goes on to the end of the line. */
function headerSpan(text: string, at: number): Span | null {
  return quotedSpan(text, at) ?? { from: at, to: text.length };
}

/** No value that could be secret: nothing, a truth, the beginning of an object. */
const EMPTY = /^(?:(?:<nil>|nil|null|true|false|none)(?![\w-])|<redacted>|&?\{|$)/i;

/** The quoted text at `at`, or all up to the next blank: rather a character too much. */
function valueSpan(text: string, at: number): Span | null {
  const quoted = quotedSpan(text, at);
  if (quoted) return EMPTY.test(text.slice(quoted.from, quoted.to)) ? null : quoted;
  const list = text[at] === "[" ? text.indexOf("]", at) : -1;
  const blank = /\s/.exec(text.slice(at));
  const to = list > 0 ? list : at + (blank?.index ?? text.length - at);
  const from = list > 0 ? at + 1 : at;
  return EMPTY.test(text.slice(from, to)) ? null : { from, to };
}

/**
 * The inside of a quoted text that begins at `at`; the quote may be escaped as JSON in JSON is, any
 * number of times. One that is not closed goes on to the end of the line.
 */
function quotedSpan(text: string, at: number): Span | null {
  const depth = slashesAt(text, at);
  const quote = text[at + depth];
  if (quote !== '"' && quote !== "'") return null;
  const from = at + depth + 1;
  for (let here = from; here < text.length;) {
    const slashes = slashesAt(text, here);
    const isQuote = text[here + slashes] === quote;
    // Inside, a quote has more slashes in front; a slash at the end has twice as many again.
    if (isQuote && (slashes - depth) % (2 * (depth + 1)) === 0) {
      return { from, to: here + slashes - depth };
    }
    if (isQuote && slashes < depth) return { from, to: here + slashes };
    here += Math.max(1, slashes + (isQuote ? 1 : 0));
  }
  return { from, to: text.length };
}

function slashesAt(text: string, at: number): number {
  let end = at;
  while (text[end] === "\\") end += 1;
  return end - at;
}

/**
 * A JSON value without its secrets: by the names of its fields, of variables (`{ name, value }`)
 * and of flags before them, and by the shape of every text. What is left is the same value.
 */
export function redactJson(value: unknown, name = ""): unknown {
  if (typeof value === "string") {
    return isSecretName(name) && value !== "" ? REDACTED : redact(value);
  }
  if (Array.isArray(value)) return redactList(value as readonly unknown[], name);
  if (typeof value !== "object" || value === null) return value;
  const fields = value as Readonly<Record<string, unknown>>;
  const called = typeof fields["name"] === "string" ? fields["name"] : fields["key"];
  const isVariable = typeof called === "string" && isSecretName(called);
  return Object.fromEntries(
    Object.entries(fields).map(([key, inner]) => {
      const secret = isVariable && key === "value" && typeof inner === "string" && inner !== "";
      return [key, secret ? REDACTED : redactJson(inner, key)];
    }),
  );
}

function redactList(list: readonly unknown[], name: string): readonly unknown[] {
  return list.map((item, at) => {
    const before = list[at - 1];
    const follows =
      typeof before === "string" &&
      /^--?[\w.-]+$/.test(before) &&
      isSecretName(before) &&
      typeof item === "string";
    return follows ? REDACTED : redactJson(item, name);
  });
}
