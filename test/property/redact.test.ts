import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRedactor, redact, redactJson } from "../../src/kernel/redact.ts";

/** Long enough to be one, and of nothing that its surroundings hold. */
const secretOf = (alphabet: string): fc.Arbitrary<string> =>
  fc
    .array(fc.constantFrom(...alphabet.split("")), { minLength: 12, maxLength: 40 })
    .map((letters) => `Zq9${letters.join("")}`);
const LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";
const plain = secretOf(LETTERS);
/** With all that JSON, shells and YAML give a meaning to. */
const wild = secretOf(`${LETTERS}+/=._~-!$%&*(){}[],;:@#?|"'\\`);

const name = fc.constantFrom(
  "password",
  "DB_PASSWORD",
  "apiKey",
  "api-key",
  "API_KEY",
  "token",
  "HF_TOKEN",
  "clientSecret",
  "aws_secret_access_key",
  "client-key-data",
  "github.token",
);
const header = fc.constantFrom("Authorization", "authorization", "Proxy-Authorization");
const json = (value: unknown): string => JSON.stringify(value);

/** One line, or a few, with a secret in it. */
const planted: fc.Arbitrary<{ readonly secret: string; readonly text: string }> = fc.oneof(
  fc
    .tuple(wild, name, fc.constantFrom("=", ": ", " = ", " => ", ":"))
    .map(([secret, name, is]) => ({ secret, text: `login failed ${name}${is}${secret} again` })),
  fc
    .tuple(wild, name)
    .map(([secret, name]) => ({ secret, text: json({ a: 1, [name]: secret, b: "x" }) })),
  fc.tuple(wild, name).map(([secret, name]) => ({
    secret: json(json(secret)).slice(3, -3),
    text: json({ msg: json({ [name]: secret, b: "x" }) }),
  })),
  fc.tuple(plain, name).map(([secret, name]) => ({
    secret,
    text: json({ msg: json({ in: json({ [name]: secret, b: "x" }) }) }),
  })),
  fc
    .tuple(wild, name)
    .map(([secret, name]) => ({ secret, text: json({ env: [{ name, value: secret }] }) })),
  fc.tuple(wild, name).map(([secret, name]) => ({
    secret,
    text: JSON.stringify([{ name, value: secret }], null, 2),
  })),
  fc
    .tuple(plain, name)
    .map(([secret, name]) => ({ secret, text: `  - name: ${name}\n    value: ${secret}\n` })),
  fc
    .tuple(plain, name)
    .map(([secret, name]) => ({ secret, text: `started with --${name} ${secret} --port 80` })),
  fc
    .tuple(plain, fc.constantFrom("Bearer", "bearer"))
    .map(([secret, kind]) => ({ secret, text: `sent ${kind} ${secret} to it` })),
  fc
    .tuple(plain, header, fc.constantFrom("Basic ", "Bearer ", "", "Digest username=x, response="))
    .map(([secret, header, scheme]) => ({ secret, text: `> ${header}: ${scheme}${secret}` })),
  fc
    .tuple(plain, plain, plain)
    .map(([a, b, secret]) => ({ secret, text: `got eyJ${a}.${b}.${secret}, which is old` })),
  fc.tuple(plain).map(([secret]) => ({ secret, text: `dial postgres://me:${secret}@db:5432/x` })),
  fc
    .tuple(plain)
    .map(([secret]) => ({ secret: btoa(secret), text: `key LS0tLS1CRUdJTi${btoa(secret)}` })),
);

const word = fc.constantFrom("pod", "n1", "is", "Ready", "12:30:04.123456", "err=<nil>", "{", "}");
const line = fc.array(word, { maxLength: 8 }).map((words) => words.join(" "));
const lines = fc.array(line, { maxLength: 5 }).map((all) => all.join("\n"));

/** A key of a few lines, each with a stamp or none; others may write in between. */
const key = fc
  .tuple(
    fc.array(secretOf(`${LETTERS}+/`), { minLength: 1, maxLength: 30 }),
    fc.constantFrom("", "RSA ", "EC ", "ENCRYPTED ", "OPENSSH "),
    fc.constantFrom("", "2026-01-01T00:00:00.000000001Z "),
    fc.boolean(),
  )
  .map(([body, kind, stamp, between]) => ({
    body,
    lines: [
      `${stamp}-----BEGIN ${kind}PRIVATE KEY-----`,
      ...body.flatMap((one) => [stamp + one, ...(between ? ["another line, of others"] : [])]),
      `${stamp}-----END ${kind}PRIVATE KEY-----`,
    ],
  }));

/** The same text in pieces. */
function inPieces(text: string, cuts: readonly number[]): string {
  const redactor = createRedactor();
  const ends = [...cuts.map((cut) => cut % (text.length + 1)), text.length].sort((a, b) => a - b);
  let from = 0;
  let out = "";
  for (const to of ends) {
    out += redactor.push(text.slice(from, to));
    from = to;
  }
  return out + redactor.end();
}

const cuts = fc.array(fc.nat(), { maxLength: 6 });

describe("redaction", () => {
  test("no planted secret survives, wherever the text is cut into pieces", () => {
    const property = fc.property(planted, lines, lines, cuts, ({ secret, text }, a, b, cuts) => {
      const whole = `${a}\n${text}\n${b}`;
      const out = redact(whole);
      expect(out).not.toContain(secret);
      expect(inPieces(whole, cuts)).toBe(out);
    });
    fc.assert(property, { numRuns: 20_000 });
  });

  test("no line of a private key survives, also where its first or its last line is cut off", () => {
    const property = fc.property(key, fc.nat(3), lines, cuts, (key, cut, around, cuts) => {
      const own = cut === 1 ? key.lines.slice(1) : cut === 2 ? key.lines.slice(0, -1) : key.lines;
      // Without its first line a key is one only as long as nobody writes in between.
      fc.pre(cut !== 1 || !own.includes("another line, of others"));
      const text = [around, ...own, "the end."].join("\n");
      const out = redact(text);
      for (const line of key.body) expect(out).not.toContain(line);
      expect(inPieces(text, cuts)).toBe(out);
      expect(out.split("\n").length).toBe(text.split("\n").length);
    });
    fc.assert(property, { numRuns: 3_000 });
  });

  test("text without secrets is given back as it was", () => {
    const any = fc.string({ unit: "grapheme", maxLength: 200 });
    const suspicious =
      /pass|token|secret|key|cred|authorization|bearer|eyj|ls0t|:\/\/|ak|as|gh._|hf_|sk-|xox/i;
    const property = fc.property(fc.array(fc.oneof(any, line), { maxLength: 20 }), (all) => {
      const text = all.join("\n");
      fc.pre(!suspicious.test(text));
      expect(redact(text)).toBe(text);
    });
    fc.assert(property, { numRuns: 3_000 });
  });

  test("what is redacted is not changed again", () => {
    fc.assert(
      fc.property(planted, ({ text }) => {
        const once = redact(text);
        expect(redact(once)).toBe(once);
      }),
      { numRuns: 3_000 },
    );
  });

  test("a JSON value keeps its shape and loses what is planted in it", () => {
    const property = fc.property(wild, name, fc.jsonValue(), (secret, name, other) => {
      const of = (value: string): unknown => ({
        other,
        [name]: value,
        env: [
          { name, value },
          { name: "A", value: "b" },
        ],
        args: ["serve", `--${name}`, value, `--${name}=${value}`],
        note: `${name}=${value}`,
      });
      const out = redactJson(of(secret));
      expect(JSON.stringify(out)).not.toContain(JSON.stringify(secret).slice(1, -1));
      expect(out).toMatchObject({ env: [{ name }, { name: "A", value: "b" }] });
    });
    fc.assert(property, { numRuns: 2_000 });
  });
});

test("a megabyte of a noisy log takes less than a second", () => {
  const noisy = `I0101 12:00:00.000000 1 secret.go:12] "token" key=a name=b value=c ${"x".repeat(40)}`;
  const text = Array.from({ length: 10_000 }, () => noisy).join("\n");
  const startMs = performance.now();
  redact(text);
  redact("-".repeat(200_000));
  redact("secret".repeat(30_000));
  redact('\\"'.repeat(100_000));
  redact(`token=${'\\"'.repeat(100_000)}`);
  expect(performance.now() - startMs).toBeLessThan(1_000);
});
