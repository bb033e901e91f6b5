import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { ociImage, writeOciArchive, type Layer } from "../../src/artifacts/oci.ts";
import { writeTar } from "../../src/artifacts/tar.ts";
import { referencesOf, userImages } from "../../src/clusters/local/image-archive.ts";
import { needImages } from "../../src/clusters/local/local.ts";
import { contentKeysOf } from "../../src/clusters/local/materials.ts";
import { claimState, stateFolder, writeCluster } from "../../src/clusters/local/state.ts";

const signal = new AbortController().signal;
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ninety-archive-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

async function archive(name: string, reference: string, content = "layer"): Promise<string> {
  const path = join(folder, `${name}.layer`);
  writeFileSync(path, content);
  const hex = createHash("sha256").update(content).digest("hex");
  const layer: Layer = { path, hex, sizeBytes: content.length };
  const image = ociImage({ Entrypoint: ["/a"] }, [layer]);
  const archivePath = join(folder, `${name}.tar`);
  await writeOciArchive(archivePath, { image, reference, layers: [layer] }, signal);
  return archivePath;
}

async function tarOf(name: string, files: Readonly<Record<string, string>>): Promise<string> {
  const path = join(folder, name);
  const entries = Object.entries(files).map(([at, text]) => ({
    kind: "file" as const,
    path: at,
    mode: 0o644,
    content: Buffer.from(text),
  }));
  await writeTar(path, entries, signal);
  return path;
}

test("an archive is known by its name and content, by path and by URL alike", async () => {
  const path = await archive("a", "x.local/a:1");
  const [image, ...others] = await userImages([path], signal);
  expect(others).toEqual([]);
  expect(image).toMatchObject({ reference: "x.local/a:1", fullArchivePath: path });
  expect(image?.contentKey).toMatch(/^[0-9a-f]{64}$/);
  expect(await userImages([pathToFileURL(path).href], signal)).toEqual([image]);
  expect(await userImages([relative(process.cwd(), path)], signal)).toEqual([image]);
  const other = await archive("b", "x.local/a:1", "other");
  const [changed] = await userImages([other], signal);
  expect(changed?.contentKey).not.toBe(image?.contentKey);
});

test("every archive that is none is told at once", async () => {
  const good = await archive("a", "x.local/a:1");
  const noTar = join(folder, "none.tar");
  writeFileSync(noTar, "x".repeat(2_000));
  const noIndex = await tarOf("no-index.tar", { "a.txt": "a" });
  const noJson = await tarOf("no-json.tar", { "index.json": "{" });
  const noName = await tarOf("no-name.tar", { "index.json": '{"manifests":[{}]}' });
  const missing = join(folder, "missing.tar");
  const asked = userImages([good, missing, noTar, noIndex, noJson, noName], signal);
  const error = (await asked.catch((thrown: unknown) => thrown)) as Error & { exit: number };
  expect(error.exit).toBe(4);
  expect(error.message.split("\n")).toEqual([
    `image archive ${missing}: must be a file that is there`,
    `image archive ${noTar}: must be a tar archive without compression, got something else`,
    `image archive ${noIndex}: must hold index.json or manifest.json at its top, got neither`,
    expect.stringMatching(/no-json\.tar: must hold JSON in index\.json, got /),
    expect.stringMatching(/no-name\.tar: must name each of its images in full .*, got none$/),
  ]);
});

test("names are bounded and told apart", async () => {
  const a = await archive("a", "x.local/a:1");
  const b = await archive("b", "x.local/a:1", "other");
  await expect(userImages([a, b], signal)).rejects.toThrow(
    "cluster.images must name each image once, got x.local/a:1",
  );
  const many = Array.from({ length: 21 }, () => a);
  await expect(userImages(many, signal)).rejects.toThrow("must be at most 20, got 21");
});

test("docker's own form is read where there is no OCI index", () => {
  const docker = JSON.stringify([{ RepoTags: ["a:1", "b:2"] }]);
  expect(referencesOf({ "manifest.json": docker })).toEqual(["a:1", "b:2"]);
  expect(() => referencesOf({ "manifest.json": "[{}]" })).toThrow("must name each of its images");
});

test("a cluster that is up must have the very content, under its name", async () => {
  const options = { instance: "x", cacheRoot: folder };
  const path = await archive("a", "x.local/a:1");
  const other = await archive("b", "x.local/a:1", "other");
  const state = stateFolder(folder, "x");
  claimState(state);
  const upWith = async (archives: readonly string[]): Promise<void> => {
    const contentKeys = contentKeysOf(await userImages(archives, signal));
    writeCluster(state, { contentKeys } as never);
  };
  await upWith([path]);
  await expect(needImages(options, [path], signal)).resolves.toBeUndefined();
  await expect(needImages(options, [other], signal)).rejects.toMatchObject({
    exit: 4,
    message: `x must have x.local/a:1 of ${other} on its nodes, got another image of that name`,
  });
  await upWith([]);
  await expect(needImages(options, [path], signal)).rejects.toMatchObject({
    exit: 4,
    message: `x must have x.local/a:1 of ${path} on its nodes, got none`,
  });
});
