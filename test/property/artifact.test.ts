import { join, normalize } from "node:path";
import * as fc from "fast-check";
import { expect, test } from "vitest";
import { artifactName, artifactPathProblem, tailOf, utf8Bytes } from "../../src/model/artifact.ts";

const any = fc.string({ unit: "binary", maxLength: 60 });

test("a path that is allowed stays below its folder, and any name makes one", () => {
  const property = fc.property(any, any, (path, name) => {
    if (artifactPathProblem(path) === null) {
      expect(normalize(join("/run/artifacts", path))).toBe(`/run/artifacts/${path}`);
    }
    expect(artifactPathProblem(`logs/${artifactName(name)}`)).toBeNull();
  });
  fc.assert(property, { numRuns: 5_000 });
  for (const path of ["..", "a/../b", "/a", "a/", "./a", "-a", "a\\b", "a\0", "a".repeat(401)])
    expect(artifactPathProblem(path)).toContain("an artifact's path must be");
  expect(artifactPathProblem("logs/ninety-x/server-1/c.previous.log")).toBeNull();
});

test("a length in bytes is that of the text in UTF-8", () => {
  const text = fc.oneof(any, fc.string({ unit: "grapheme" })).filter((one) => one.isWellFormed());
  const property = fc.property(text, (text) => {
    expect(utf8Bytes(text)).toBe(Buffer.byteLength(text));
  });
  fc.assert(property);
});

test("a tail is whole lines, as many as fit but for one, and nothing is lost unsaid", () => {
  const line = fc.string({ unit: "grapheme", maxLength: 30 }).filter((one) => !one.includes("\n"));
  const property = fc.property(fc.array(line), fc.nat(300), (lines, maxBytes) => {
    const text = lines.map((one) => `${one}\n`).join("");
    const tail = tailOf(text, maxBytes);
    expect(utf8Bytes(tail.text)).toBeLessThanOrEqual(maxBytes);
    expect(text.endsWith(tail.text)).toBe(true);
    expect(utf8Bytes(tail.text) + tail.cutBytes).toBe(utf8Bytes(text));
    const before = text.slice(0, text.length - tail.text.length);
    expect(before === "" || before.endsWith("\n")).toBe(true);
  });
  fc.assert(property, { numRuns: 5_000 });
});
