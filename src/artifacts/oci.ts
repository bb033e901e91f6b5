import { createHash } from "node:crypto";
import { renameSync, rmSync } from "node:fs";
import { stableText } from "../model/json.ts";
import { writeTar, type TarEntry } from "./tar.ts";

/** A layer as a file: an uncompressed archive, so its digest is also its diff id. */
export interface Layer {
  readonly path: string;
  readonly hex: string;
  readonly sizeBytes: number;
}

/** What a container gets unless its pod says otherwise. */
export interface ImageConfig {
  readonly Entrypoint: readonly string[];
  readonly WorkingDir?: string;
  readonly Env?: readonly string[];
}

/** An image as its two documents; they name the layers by digest. */
export interface Image {
  readonly config: Buffer;
  readonly manifest: Buffer;
  /** SHA-256 of the manifest, hexadecimal: the image's own digest. */
  readonly hex: string;
  readonly layers: readonly Layer[];
}

const MEDIA = "application/vnd.oci.image";
const PLATFORM = { architecture: "amd64", os: "linux" } as const;

function hexOf(content: Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}

function described(mediaType: string, content: Buffer): object {
  return { mediaType, digest: `sha256:${hexOf(content)}`, size: content.length };
}

/** Pure: the same layers and configuration are the same image, digest included. */
export function ociImage(config: ImageConfig, layers: readonly Layer[]): Image {
  const configText = Buffer.from(
    stableText({
      ...PLATFORM,
      created: "1970-01-01T00:00:00Z",
      config,
      rootfs: { type: "layers", diff_ids: layers.map(({ hex }) => `sha256:${hex}`) },
    }),
  );
  const manifest = Buffer.from(
    stableText({
      schemaVersion: 2,
      mediaType: `${MEDIA}.manifest.v1+json`,
      config: described(`${MEDIA}.config.v1+json`, configText),
      layers: layers.map(({ hex, sizeBytes }) => ({
        mediaType: `${MEDIA}.layer.v1.tar`,
        digest: `sha256:${hex}`,
        size: sizeBytes,
      })),
    }),
  );
  return { config: configText, manifest, hex: hexOf(manifest), layers };
}

/**
 * Writes an OCI archive that `ctr images import` takes, with the blobs of `layers` only: whoever
 * imports one without all layers must have the others already. Appears whole or not at all.
 */
export async function writeOciArchive(
  archivePath: string,
  of: { readonly image: Image; readonly reference: string; readonly layers: readonly Layer[] },
  signal: AbortSignal,
): Promise<void> {
  const { image, reference, layers } = of;
  const index = stableText({
    schemaVersion: 2,
    mediaType: `${MEDIA}.index.v1+json`,
    manifests: [
      {
        ...described(`${MEDIA}.manifest.v1+json`, image.manifest),
        platform: PLATFORM,
        annotations: {
          "io.containerd.image.name": reference,
          "org.opencontainers.image.ref.name": reference.slice(reference.lastIndexOf(":") + 1),
        },
      },
    ],
  });
  const file = (path: string, content: Buffer): TarEntry => ({
    kind: "file",
    path,
    mode: 0o644,
    content,
  });
  const blobs = [
    ...[image.config, image.manifest].map((content) =>
      file(`blobs/sha256/${hexOf(content)}`, content),
    ),
    ...layers.map(({ hex, path }): TarEntry => ({
      kind: "copy",
      path: `blobs/sha256/${hex}`,
      mode: 0o644,
      from: path,
    })),
  ];
  const beside = `${archivePath}.${process.pid}.tmp`;
  const entries: readonly TarEntry[] = [
    file("oci-layout", Buffer.from('{"imageLayoutVersion":"1.0.0"}')),
    file("index.json", Buffer.from(index)),
    { kind: "folder", path: "blobs", mode: 0o755 },
    { kind: "folder", path: "blobs/sha256", mode: 0o755 },
    ...blobs.sort((a, b) => (a.path < b.path ? -1 : 1)),
  ];
  try {
    await writeTar(beside, entries, signal);
    renameSync(beside, archivePath);
  } finally {
    rmSync(beside, { force: true });
  }
}
