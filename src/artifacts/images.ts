import { createHash } from "node:crypto";
import { existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Progress } from "../ports/cluster.ts";
import { programPath, type Binaries } from "./binaries.ts";
import { requireDisk } from "./disk.ts";
import { cachedLayer, keepNewest, touch, type LayerSource } from "./layer-cache.ts";
import { appLayer, baseLayer, modulesLayer, withFolders } from "./layers.ts";
import { ociImage, writeOciArchive, type ImageConfig, type Layer } from "./oci.ts";
import type { TarEntry } from "./tar.ts";

/** One image as archives on disk, to be imported by a container runtime. */
export interface ImageArchive {
  /** What parts call it. */
  readonly short: "pause" | "programs" | AddOnProgram;
  /** `ninety.local/programs:<first 12 digits of its digest>`: never names other content. */
  readonly reference: string;
  readonly fullArchivePath: string;
  /** Without the layers that `baseKey` stands for; null where there are no others. */
  readonly thinArchivePath: string | null;
  /** Hash of all layers but our own sources: where it was imported, the thin archive is enough. */
  readonly baseKey: string;
}

export interface EnsureImagesOptions {
  /** Folder of this package: its `node_modules` and sources go into the image. */
  readonly root: string;
  readonly cacheRoot: string;
  /**
   * Must hold `pause` and `net-effects`; each add-on's program in it becomes an image of that name.
   */
  readonly binaries: Binaries;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** A program of `binaries/` that runs in pods by itself: an image with one file. */
const ADD_ON_PROGRAMS = ["coredns", "metrics-server"] as const;
const NODE_TOOLS = ["net-effects"] as const;
type AddOnProgram = (typeof ADD_ON_PROGRAMS)[number];

/** Older archives are removed. */
const KEEP = 3;
/** Layers and archives of a first build, with room for the next one. */
const NEED_MIB = 700;

const PROGRAMS: ImageConfig = {
  Entrypoint: ["/bin/node", "--disable-warning=ExperimentalWarning"],
  WorkingDir: "/app",
  Env: ["PATH=/bin", "NODE_ENV=production", "ORT_DISABLE_TELEMETRY=1"],
};

/**
 * The images that a local cluster runs, as OCI archives in `<cache>/images`; the same inputs give
 * the same digests. What is cached is not made again; where only our sources changed, only their
 * layer is. Throws NinetyError (exit 4) where npm packages or disk are missing.
 */
export async function ensureImages(options: EnsureImagesOptions): Promise<readonly ImageArchive[]> {
  const { root, cacheRoot, binaries, progress, signal } = options;
  if (!existsSync(join(cacheRoot, "images"))) {
    requireDisk([{ folder: cacheRoot, needMiB: NEED_MIB }]);
    mkdirSync(join(cacheRoot, "images"), { recursive: true });
  }
  const base = await baseLayer(root, signal);
  progress({ what: "image layers: Node and its libraries, packages, programs" });
  const layers = [
    await cachedLayer(cacheRoot, base, signal),
    await cachedLayer(cacheRoot, modulesLayer(root), signal),
    await cachedLayer(cacheRoot, toolsLayer(binaries), signal),
  ];
  const app = await cachedLayer(cacheRoot, appLayer(root), signal);
  const addOns = ADD_ON_PROGRAMS.filter((name) => binaries.programs[name] !== undefined);
  const images = [
    await oneFile(options, "pause"),
    await archived(options, "programs", PROGRAMS, layers, app),
  ];
  for (const name of addOns) images.push(await oneFile(options, name));
  return images;
}

/** Static programs that the node agent runs. */
function toolsLayer(binaries: Binaries): LayerSource {
  const entries = NODE_TOOLS.map((name): TarEntry => ({
    kind: "copy",
    path: `bin/${name}`,
    mode: 0o755,
    from: programPath(binaries, name),
  }));
  return { name: "tools", entries: withFolders(entries) };
}

/** An image that holds nothing but one static program. */
async function oneFile(
  options: EnsureImagesOptions,
  name: "pause" | AddOnProgram,
): Promise<ImageArchive> {
  const { cacheRoot, binaries, signal } = options;
  const from = programPath(binaries, name);
  const entries = [{ kind: "copy", path: name, mode: 0o755, from }] as const;
  const layer = await cachedLayer(cacheRoot, { name, entries }, signal);
  return archived(options, name, { Entrypoint: [`/${name}`] }, [layer], null);
}

async function archived(
  { cacheRoot, progress, signal }: EnsureImagesOptions,
  short: ImageArchive["short"],
  config: ImageConfig,
  base: readonly Layer[],
  app: Layer | null,
): Promise<ImageArchive> {
  const layers = app === null ? base : [...base, app];
  const image = ociImage(config, layers);
  const tag = image.hex.slice(0, 12);
  const reference = `ninety.local/${short}:${tag}`;
  const folder = join(cacheRoot, "images");
  const fullArchivePath = join(folder, `${short}-${tag}.tar`);
  const thinArchivePath = app === null ? null : join(folder, `${short}-${tag}.thin.tar`);
  const write = async (path: string, blobs: readonly Layer[]): Promise<void> => {
    if (existsSync(path)) {
      touch(path);
      return;
    }
    progress({ what: `image ${reference}` });
    await writeOciArchive(path, { image, reference, layers: blobs }, signal);
  };
  await write(fullArchivePath, layers);
  if (thinArchivePath !== null && app !== null) await write(thinArchivePath, [app]);
  keepNewest(folder, new RegExp(`^${short}-[0-9a-f]{12}\\.tar$`), KEEP);
  keepNewest(folder, new RegExp(`^${short}-[0-9a-f]{12}\\.thin\\.tar$`), KEEP);
  const baseKey = createHash("sha256").update(base.map(({ hex }) => hex).join("\n"));
  return {
    short,
    reference,
    fullArchivePath,
    thinArchivePath,
    baseKey: baseKey.digest("hex").slice(0, 12),
  };
}
