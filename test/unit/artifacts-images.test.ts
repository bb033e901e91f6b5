import { execFileSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cachedLayer, keepNewest } from "../../src/artifacts/layer-cache.ts";
import { appLayer, librariesOf, modulesLayer, packageFolders } from "../../src/artifacts/layers.ts";
import { ociImage, writeOciArchive, type Layer } from "../../src/artifacts/oci.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const signal = new AbortController().signal;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ninety-images-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

describe("an image", () => {
  const layer = (digit: string): Layer => ({ path: "", hex: digit.repeat(64), sizeBytes: 1 });
  const config = { Entrypoint: ["/a"] };

  it("has one digest for one content", () => {
    const image = ociImage(config, [layer("1"), layer("2")]);
    expect(ociImage(config, [layer("1"), layer("2")]).hex).toBe(image.hex);
    expect(ociImage(config, [layer("2"), layer("1")]).hex).not.toBe(image.hex);
    expect(ociImage({ Entrypoint: ["/b"] }, image.layers).hex).not.toBe(image.hex);
  });

  it("is archived with the blobs it was told to take, under its name", async () => {
    const path = join(folder, "layer.tar");
    writeFileSync(path, "layer");
    const top: Layer = { path, hex: "3".repeat(64), sizeBytes: 5 };
    const image = ociImage(config, [layer("1"), top]);
    const archive = join(folder, "thin.tar");
    await writeOciArchive(archive, { image, reference: "x.local/a:7", layers: [top] }, signal);
    const listed = execFileSync("tar", ["-tf", archive]).toString().trim().split("\n");
    const blobs = listed.filter((name) => /^blobs\/sha256\/./.test(name));
    expect(blobs).toHaveLength(3);
    expect(blobs).toContain(`blobs/sha256/${top.hex}`);
    expect(blobs).toContain(`blobs/sha256/${image.hex}`);
    const index = execFileSync("tar", ["-xOf", archive, "index.json"]).toString();
    expect(JSON.parse(index)).toMatchObject({
      manifests: [
        {
          digest: `sha256:${image.hex}`,
          annotations: { "io.containerd.image.name": "x.local/a:7" },
        },
      ],
    });
    expect(readdirSync(folder).sort()).toEqual(["layer.tar", "thin.tar"]);
  });
});

describe("the cache of layers", () => {
  const input = (): string => join(folder, "input");
  const source = (): Parameters<typeof cachedLayer>[1] => ({
    name: "base",
    entries: [{ kind: "copy", path: "input", mode: 0o644, from: input() }],
  });

  it("reads a large file again only when it changed, and gives one digest for one content", async () => {
    writeFileSync(input(), "one");
    const first = await cachedLayer(folder, source(), signal);
    const written = statSync(first.path).ino;
    expect(statSync((await cachedLayer(folder, source(), signal)).path).ino).toBe(written);
    utimesSync(input(), 1, 1);
    const again = await cachedLayer(folder, source(), signal);
    expect(again.hex).toBe(first.hex);
    writeFileSync(input(), "two");
    expect((await cachedLayer(folder, source(), signal)).hex).not.toBe(first.hex);
  });

  it("makes a layer again whose file is gone, and leaves no unfinished one", async () => {
    writeFileSync(input(), "one");
    const first = await cachedLayer(folder, source(), signal);
    rmSync(first.path);
    const again = await cachedLayer(folder, source(), signal);
    expect(statSync(again.path).size).toBe(first.sizeBytes);
    const names = readdirSync(join(folder, "layers"));
    expect(names.filter((name) => name.startsWith("."))).toEqual([]);
  });

  it("keeps the newest files and what does not match", () => {
    const name = (at: number): string => `a-${at}.tar`;
    for (const at of [1, 2, 3, 4]) {
      writeFileSync(join(folder, name(at)), "");
      utimesSync(join(folder, name(at)), at, at);
    }
    writeFileSync(join(folder, "b-1.tar"), "");
    keepNewest(folder, /^a-\d\.tar$/, 2);
    expect(readdirSync(folder).sort()).toEqual(["a-3.tar", "a-4.tar", "b-1.tar"]);
  });
});

describe("what goes into the image", () => {
  const paths = (entries: readonly { readonly path: string }[]): readonly string[] =>
    entries.map(({ path }) => path);

  it("packages with all they depend on, without compilers' and installers'", () => {
    const found = packageFolders(root, ["@grpc/proto-loader", "onnxruntime-node"]);
    expect(found).toEqual(
      expect.arrayContaining(
        ["onnxruntime-common", "protobufjs", "@protobufjs/base64", "yargs", "long"].map(
          (name) => `node_modules/${name}`,
        ),
      ),
    );
    for (const name of ["adm-zip", "global-agent", "@types/node"]) {
      expect(found).not.toContain(`node_modules/${name}`);
    }
  });

  it("a package that is nested stays where it is", () => {
    const nested = join(folder, "node_modules/a/node_modules/b");
    mkdirSync(nested, { recursive: true });
    mkdirSync(join(folder, "node_modules/b"));
    for (const [path, needs] of [
      ["a", { b: "2" }],
      ["a/node_modules/b", {}],
      ["b", {}],
    ] as const) {
      const text = JSON.stringify({ dependencies: needs });
      writeFileSync(join(folder, "node_modules", path, "package.json"), text);
    }
    expect(packageFolders(folder, ["a", "b"])).toEqual([
      "node_modules/a",
      "node_modules/a/node_modules/b",
      "node_modules/b",
    ]);
    expect(() => packageFolders(folder, ["c"])).toThrow("package c: must be installed, got none");
  });

  it("of onnxruntime only the library for this platform; no maps, types or texts", () => {
    const found = paths(modulesLayer(root).entries);
    const onnx = "app/node_modules/onnxruntime-node";
    expect(found).toContain(`${onnx}/bin/napi-v6/linux/x64/libonnxruntime.so.1`);
    expect(found.filter((path) => /(darwin|win32|arm64)/.test(path))).toEqual([]);
    expect(found.filter((path) => path.startsWith(`${onnx}/script`))).toEqual([]);
    const texts = found.filter((path) => /\.(map|md|d\.ts)$/.test(path));
    expect(texts.filter((path) => !/licen[cs]e/i.test(path))).toEqual([]);
  });

  it("of our sources only what runs in pods", () => {
    const found = paths(appLayer(root).entries);
    expect(found).toContain("app/package.json");
    expect(found).toContain("app/src/model/device.ts");
    expect(found).toContain("app/workloads/programs/mover/main.ts");
    expect(found.filter((path) => /^app\/src\/(?!model|agents)./.test(path))).toEqual([]);
    expect(found.filter((path) => path.startsWith("app/test"))).toEqual([]);
  });

  it("libraries are read from what ldd prints", () => {
    const text = [
      "/x/node:",
      "\tlinux-vdso.so.1 (0x00007f0b8ea42000)",
      "\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f0b8e51e000)",
      "\tlibgone.so.1 => not found",
      "\t/lib64/ld-linux-x86-64.so.2 (0x00007f0b8ea44000)",
      "/x/other:",
      "\tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f0b8e51e000)",
    ].join("\n");
    expect(librariesOf(text)).toEqual([
      "/lib/x86_64-linux-gnu/libc.so.6",
      "/lib64/ld-linux-x86-64.so.2",
    ]);
  });
});
