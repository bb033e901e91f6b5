import { execFileSync } from "node:child_process";
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { withFolders } from "../../src/artifacts/layers.ts";
import { header, writeDigestedTar, writeTar, type TarEntry } from "../../src/artifacts/tar.ts";

const signal = new AbortController().signal;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ninety-tar-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

function file(path: string, text: string, mode = 0o644): TarEntry {
  return { kind: "file", path, mode, content: Buffer.from(text) };
}

describe("an archive", () => {
  it("is what GNU tar unpacks: content, mode, links, long names, whole blocks", async () => {
    const long = `${"a-folder-with-a-name/".repeat(8)}${"f".repeat(60)}`;
    const from = join(folder, "large");
    writeFileSync(from, Buffer.alloc(3 * 2 ** 20 + 1, 7));
    const entries = withFolders([
      file("empty", ""),
      file("block", "x".repeat(512)),
      file("tool", "#!", 0o755),
      file(long, "deep"),
      { kind: "copy", path: "large", mode: 0o600, from },
      { kind: "link", path: "link", to: "tool" },
      { kind: "folder", path: "tmp", mode: 0o1777 },
    ]);
    const archive = join(folder, "a.tar");
    await writeTar(archive, entries, signal);
    const out = join(folder, "out");
    mkdirSync(out);
    execFileSync("tar", ["-C", out, "-xpf", archive]);
    const mode = (path: string): number => lstatSync(join(out, path)).mode & 0o7777;
    expect(readFileSync(join(out, "empty"), "utf8")).toBe("");
    expect(readFileSync(join(out, "block"), "utf8")).toHaveLength(512);
    expect(readFileSync(join(out, long), "utf8")).toBe("deep");
    expect(readFileSync(join(out, "large"))).toEqual(readFileSync(from));
    expect(readlinkSync(join(out, "link"))).toBe("tool");
    expect([mode("tool"), mode("large"), mode("tmp")]).toEqual([0o755, 0o600, 0o1777]);
  });

  it("is the same bytes for the same content, whatever its time, and others for others", async () => {
    const from = join(folder, "input");
    const entries: readonly TarEntry[] = [{ kind: "copy", path: "input", mode: 0o644, from }];
    const digest = async (text: string, second: number): Promise<string> => {
      writeFileSync(from, text);
      utimesSync(from, second, second);
      return (await writeDigestedTar(join(folder, "b.tar"), entries, signal)).hex;
    };
    const first = await digest("one", 1);
    expect(await digest("one", 2)).toBe(first);
    expect(await digest("two", 1)).not.toBe(first);
  });

  it("says its own size and digest", async () => {
    const archive = join(folder, "c.tar");
    const written = await writeDigestedTar(archive, [file("a", "b")], signal);
    expect(written.sizeBytes).toBe(lstatSync(archive).size);
    const told = execFileSync("sha256sum", [archive]).toString().slice(0, 64);
    expect(written.hex).toBe(told);
  });

  it("refuses a path that it could not hold", () => {
    expect(() => header(file("x".repeat(101), ""), 0)).toThrow("too long for an archive");
    expect(() => header(file(`${"y".repeat(160)}/x`, ""), 0)).toThrow("too long for an archive");
  });

  it("stops with the signal", async () => {
    const abort = new AbortController();
    abort.abort(new Error("enough"));
    const archive = join(folder, "d.tar");
    await expect(writeTar(archive, [file("a", "b")], abort.signal)).rejects.toThrow();
  });
});

it("withFolders lists every parent once, before what is in it", () => {
  const paths = withFolders([file("b/c/d", ""), file("b/a", ""), file("a", "")]).map(
    ({ path }) => path,
  );
  expect(paths).toEqual(["a", "b", "b/a", "b/c", "b/c/d"]);
});
