import { createHash } from "node:crypto";
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { once } from "node:events";
import { basename, join } from "node:path";
import { EXIT, NinetyError } from "../../model/error.ts";
import { run } from "./host/command.ts";
import { withLock } from "./host/lock.ts";
import { startIn } from "./host/process.ts";
import type { LocalImage } from "./materials.ts";

const KEEP = 4;
/** Nothing of CRI is needed to import. */
const WITHOUT_CRI = [
  "io.containerd.cri.v1.images",
  "io.containerd.cri.v1.runtime",
  "io.containerd.grpc.v1.cri",
] as const;
const BUILD_WITHIN_SEC = 120;

interface BuildOptions {
  readonly binFolder: string;
  readonly images: readonly LocalImage[];
  readonly cgroups: readonly string[];
  readonly signal: AbortSignal;
}

/**
 * A containerd root that holds the images unpacked, made once and never changed after: nodes get
 * hard links to it. Where another one has the same base layers only the thin archives are imported
 * on a copy of that; images of a user's own are imported on a copy of one without them, so that old
 * ones do not pile up. Answers its folder; the four most recent ones are kept.
 *
 * One process at a time builds; `cgroups` hold the containerd that imports.
 */
export async function ensureTemplate(
  of: BuildOptions & { readonly cacheRoot: string },
): Promise<string> {
  const ours = of.images.filter(({ contentKey }) => contentKey === undefined);
  const theirs = of.images.filter(({ contentKey }) => contentKey !== undefined);
  const root = join(of.cacheRoot, "template");
  const folder = join(root, digest(ours.map(({ baseKey }) => baseKey)));
  const plain = join(folder, digest(ours.map(({ reference }) => reference)));
  const named = theirs.map(({ reference, contentKey }) => `${reference} ${contentKey}`);
  const wanted = theirs.length === 0 ? plain : `${plain}-${digest(named)}`;
  mkdirSync(root, { recursive: true });
  return withLock(root, BUILD_WITHIN_SEC, async () => {
    mkdirSync(folder, { recursive: true });
    if (!existsSync(plain)) await build(folder, plain, { ...of, images: ours });
    touch(plain);
    if (!existsSync(wanted)) await extend(plain, wanted, { ...of, images: theirs });
    touch(wanted);
    prune(root, wanted);
    return wanted;
  });
}

function touch(folder: string): void {
  const now = new Date();
  utimesSync(folder, now, now);
}

/** A copy of a template with more images. */
async function extend(plain: string, wanted: string, of: BuildOptions): Promise<void> {
  const part = `${wanted}.part`;
  rmSync(part, { recursive: true, force: true });
  await cloneRoot(plain, part);
  await importInto(part, [...new Set(of.images.map((one) => one.fullArchivePath))], of);
  renameSync(part, wanted);
}

async function build(folder: string, wanted: string, of: BuildOptions): Promise<void> {
  const part = `${wanted}.part`;
  rmSync(part, { recursive: true, force: true });
  const [sibling] = newestFirst(folder).filter((path) => !basename(path).includes("-"));
  if (sibling === undefined) mkdirSync(part);
  else await cloneRoot(sibling, part);
  const archives = of.images.map(({ fullArchivePath, thinArchivePath }) =>
    sibling === undefined ? fullArchivePath : (thinArchivePath ?? fullArchivePath),
  );
  await importInto(part, archives, of);
  renameSync(part, wanted);
}

/**
 * A copy of a containerd root: hard links, but databases of its own, for they are changed in place.
 */
export async function cloneRoot(from: string, to: string): Promise<void> {
  mkdirSync(to, { recursive: true });
  await run(["cp", "-al", `${from}/.`, to], { timeoutMs: 60_000 });
  for (const plugin of readdirSync(from, { withFileTypes: true })) {
    if (!plugin.isDirectory()) continue;
    for (const name of readdirSync(join(from, plugin.name)).filter((name) =>
      name.endsWith(".db"),
    )) {
      const file = join(plugin.name, name);
      rmSync(join(to, file));
      cpSync(join(from, file), join(to, file));
    }
  }
}

const digest = (of: readonly string[]): string =>
  createHash("sha256")
    .update([...of].sort().join("\n"))
    .digest("hex")
    .slice(0, 16);

function newestFirst(folder: string): string[] {
  return readdirSync(folder)
    .filter((name) => !/\.(part|work)$/.test(name))
    .map((name) => join(folder, name))
    .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
}

function prune(root: string, used: string): void {
  const all = readdirSync(root)
    .flatMap((base) => newestFirst(join(root, base)))
    .sort((a, b) => statSync(b).mtimeMs - statSync(a).mtimeMs);
  for (const old of all.slice(KEEP))
    if (old !== used) rmSync(old, { recursive: true, force: true });
  for (const base of readdirSync(root))
    if (readdirSync(join(root, base)).length === 0) rmSync(join(root, base), { recursive: true });
}

async function importInto(
  root: string,
  archives: readonly string[],
  of: BuildOptions,
): Promise<void> {
  const work = `${root}.work`;
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work);
  // In memory and short: a socket's path may have 107 characters.
  const socket = "/run/containerd.sock";
  const config = `version = 3
root = "${root}"
state = "/run/state"
disabled_plugins = [${WITHOUT_CRI.map((name) => `"${name}"`).join(", ")}]
[grpc]
  address = "${socket}"
`;
  writeFileSync(join(work, "containerd.toml"), config);
  // A mount namespace with a /run of its own: what containerd mounts and leaves goes with it.
  const script = `set -e
mount -t tmpfs run /run
containerd -c ${work}/containerd.toml > ${work}/log 2>&1 &
containerd=$!
until ctr -a ${socket} version > /dev/null 2>&1; do kill -0 $containerd; sleep 0.05; done
for archive in "$@"; do ctr -a ${socket} -n k8s.io images import "$archive" > /dev/null; done
kill $containerd
wait $containerd || true`;
  const isolated = ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "import"];
  const child = startIn({
    cgroups: of.cgroups,
    argv: [...isolated, ...archives],
    env: { PATH: `${of.binFolder}:/usr/sbin:/usr/bin:/sbin:/bin` },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const stop = (): boolean => child.kill("SIGKILL");
  of.signal.addEventListener("abort", stop, { once: true });
  let said = "";
  child.stderr?.on("data", (piece: Buffer) => {
    if (said.length < 10_000) said += piece.toString();
  });
  const [code] = (await once(child, "close")) as [number | null];
  of.signal.removeEventListener("abort", stop);
  of.signal.throwIfAborted();
  if (code !== 0)
    throw new NinetyError(`images cannot be imported: ${archives.join(", ")}: ${said.trim()}`, {
      exit: EXIT.preflight,
      hint: `see ${work}/log`,
    });
  rmSync(work, { recursive: true });
}
