// The sources of Chaos Mesh that binaries/chaos-mesh pins, out of Go's module cache.
import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parse } from "yaml";

import { messageOf } from "../../src/model/error.ts";
import { chaosMeshTypes } from "./chaos-mesh-types.ts";
import { ROOT } from "./ninety.ts";

/** Where the generated types are kept. */
export const CRDS_FOLDER = join(ROOT, "src/chaos-mesh/crds");

const MODULE = "github.com/chaos-mesh/chaos-mesh";
const FETCH_WITHIN_MS = 50_000;

/** Every CRD of Chaos Mesh as data, or why they are not to be had. */
export function chaosMeshCrds():
  | { readonly crds: readonly unknown[] }
  | { readonly missing: string } {
  try {
    const folder = join(ROOT, "binaries/chaos-mesh");
    const pinned = new RegExp(`^require (${MODULE}) (\\S+)$`, "m").exec(
      readFileSync(join(folder, "go.mod"), "utf8"),
    );
    const ended = spawnSync("go", ["mod", "download", "-json", `${MODULE}@${pinned?.[2]}`], {
      cwd: folder,
      encoding: "utf8",
      timeout: FETCH_WITHIN_MS,
    });
    const said = JSON.parse(ended.stdout) as { readonly Dir?: string; readonly Error?: string };
    if (said.Dir === undefined) return { missing: said.Error ?? ended.stderr };
    const bases = join(said.Dir, "config/crd/bases");
    const files = readdirSync(bases).sort();
    return { crds: files.map((file) => parse(readFileSync(join(bases, file), "utf8")) as unknown) };
  } catch (error) {
    return { missing: messageOf(error) };
  }
}

/** The types of these CRDs by file name, as the formatter leaves them. */
export function formattedTypes(crds: readonly unknown[]): ReadonlyMap<string, string> {
  const folder = mkdtempSync(join(tmpdir(), "ninety-chaos-mesh-"));
  try {
    copyFileSync(join(ROOT, ".oxfmtrc.json"), join(folder, ".oxfmtrc.json"));
    for (const [name, text] of chaosMeshTypes(crds))
      writeFileSync(join(folder, `${name}.ts`), text);
    const formatter = join(ROOT, "node_modules/.bin/oxfmt");
    const ended = spawnSync(formatter, ["."], { cwd: folder, encoding: "utf8", timeout: 50_000 });
    if (ended.status !== 0) throw new Error(`cannot format: ${ended.stdout}${ended.stderr}`);
    const files = readdirSync(folder).filter((name) => name.endsWith(".ts"));
    return new Map(files.map((name) => [name, readFileSync(join(folder, name), "utf8")]));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
