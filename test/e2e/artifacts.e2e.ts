import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import {
  appendFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ensureBinaries, programPath, type Binaries } from "../../src/artifacts/binaries.ts";
import { runCommand } from "../../src/artifacts/command.ts";
import { ensureImages, type ImageArchive } from "../../src/artifacts/images.ts";
import { cacheRoot } from "../../src/cli/folders.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const signal = new AbortController().signal;
const progress = (): void => {};
let work: string;
let binaries: Binaries;

beforeAll(async () => {
  work = mkdtempSync(join(tmpdir(), "ninety-artifacts-"));
  binaries = await wanted(cacheRoot());
}, 900_000);
afterAll(() => rmSync(work, { recursive: true, force: true }));

function wanted(folder: string): Promise<Binaries> {
  return ensureBinaries({
    cacheRoot: folder,
    want: ["kubernetes", "containerd", "etcd", "runc", "cni", "pause", "net-effects"],
    progress,
    signal,
    installPackages: true,
  });
}

describe("programs", () => {
  it("are found again without compiling, within two seconds", async () => {
    const startedMs = performance.now();
    expect(await wanted(cacheRoot())).toEqual(binaries);
    expect(performance.now() - startedMs).toBeLessThan(2_000);
  });

  it("run, and say the versions that are pinned", () => {
    const says = (program: Parameters<typeof programPath>[1], ...argv: string[]): string =>
      execFileSync(programPath(binaries, program), argv).toString();
    expect(says("kubelet", "--version")).toContain("v1.36.3");
    expect(says("kube-apiserver", "--version")).toContain("v1.36.3");
    expect(says("containerd", "--version")).toContain("v2.3.7");
    expect(says("etcd", "--version")).toContain("3.6.14");
    expect(says("runc", "features")).toContain("SCMP_ACT_ERRNO");
    expect(readdirSync(binaries.binFolder)).toContain("containerd-shim-runc-v2");
  });
});

describe("a build", () => {
  /** A small module with a text of its own, so that its own package is compiled anew. */
  function module(name: string): string {
    const modules = join(work, name);
    cpSync(join(root, "binaries/pause"), join(modules, "pause"), { recursive: true });
    appendFileSync(join(modules, "pause/main.go"), `\n// ${name} ${Date.now()}\n`);
    return modules;
  }
  const pause = (modulesRoot: string, cache: string, abort = signal): Promise<Binaries> =>
    ensureBinaries({
      cacheRoot: cache,
      modulesRoot,
      want: ["pause"],
      progress,
      signal: abort,
      installPackages: false,
    });
  const builtIn = (cache: string): readonly string[] =>
    readdirSync(join(cache, "bin")).filter((name) => name.startsWith("pause-"));

  it("is made once for several at the same time", async () => {
    const [modules, cache] = [module("once"), join(work, "once-cache")];
    const both = await Promise.all([pause(modules, cache), pause(modules, cache)]);
    expect(both[0]).toEqual(both[1]);
    expect(builtIn(cache)).toHaveLength(1);
  });

  it("leaves nothing half made when aborted, nor does one that was killed before", async () => {
    const [modules, cache] = [module("abort"), join(work, "abort-cache")];
    mkdirSync(join(cache, "bin/.building-pause-123-1"), { recursive: true });
    const abort = new AbortController();
    const building = pause(modules, cache, abort.signal);
    const begun = (): boolean =>
      readdirSync(join(cache, "bin")).some((name) => name.endsWith(`-${process.pid}`));
    while (!begun()) await sleep(5);
    abort.abort(new Error("enough"));
    await expect(building).rejects.toThrow("enough");
    const left = readdirSync(join(cache, "bin")).filter((name) => name.startsWith(".building-"));
    expect(left).toEqual([]);
    expect(statSync(programPath(await pause(modules, cache), "pause")).size).toBeGreaterThan(0);
  });

  it("that fails shows what Go said, where the log is, and gives nothing", async () => {
    const [modules, cache] = [module("fails"), join(work, "fails-cache")];
    writeFileSync(join(modules, "pause/wrong.go"), 'package main\n\nvar x int = "text"\n');
    const failure = await pause(modules, cache).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      exit: 4,
      message: expect.stringMatching(
        /^build of pause: go build must succeed, got exit 1\n[^]*wrong\.go:3/,
      ),
      hint: expect.stringContaining(join(cache, "bin/pause.log")),
    });
    expect(readFileSync(join(cache, "bin/pause.log"), "utf8")).toContain("wrong.go:3");
    expect(builtIn(cache)).toEqual([]);
  });

  it("without Go names it and the remedy", async () => {
    const path = process.env["PATH"];
    process.env["PATH"] = join(work, "nothing");
    try {
      await expect(pause(module("none"), join(work, "none-cache"))).rejects.toMatchObject({
        exit: 4,
        message: expect.stringMatching(/^go: .*: must be Go 1\.26 or later, got none$/),
        hint: expect.stringContaining("golang-1.26"),
      });
    } finally {
      process.env["PATH"] = path;
    }
  });
});

describe("images", () => {
  let containerd: ChildProcess;
  let images: readonly ImageArchive[];
  const make = (of: { root: string; cache: string }): Promise<readonly ImageArchive[]> =>
    ensureImages({ root: of.root, cacheRoot: of.cache, binaries, progress, signal });
  const archive = (short: string, of = images): ImageArchive => {
    const found = of.find((image) => image.short === short);
    if (found === undefined) throw new Error(`no image ${short}`);
    return found;
  };
  const ctr = (...argv: string[]): Promise<string> =>
    runCommand(
      [programPath(binaries, "ctr"), "--address", join(work, "c.sock"), "-n", "k8s.io", ...argv],
      { env: { PATH: `${binaries.binFolder}:${process.env["PATH"]}` } },
    ).then(({ code, stdout, stderr }) => {
      if (code !== 0) throw new Error(`ctr ${argv.join(" ")}: exit ${code}: ${stderr}`);
      return stdout;
    });
  const run = (reference: string, name: string, ...argv: string[]): Promise<string> => {
    const id = `ninety-artifacts-${process.pid}-${name}`;
    // A cgroup right below the root: what goes with the container is then all there was.
    return ctr("run", "--rm", "--cgroup", `/${id}`, reference, id, ...argv);
  };

  beforeAll(async () => {
    images = await make({ root, cache: join(work, "cache") });
    const config = `version = 3\nroot = "${work}/c-root"\nstate = "${work}/c-state"\n[grpc]\n  address = "${work}/c.sock"\n`;
    writeFileSync(join(work, "c.toml"), config);
    // A mount namespace of its own: what is mounted there ends with it.
    const inside = ["--mount", "--propagation", "private"];
    containerd = spawn(
      "unshare",
      [...inside, programPath(binaries, "containerd"), "-c", join(work, "c.toml")],
      {
        env: { ...process.env, PATH: `${binaries.binFolder}:${process.env["PATH"]}` },
        stdio: "ignore",
      },
    );
    for (let tries = 0; tries < 200; tries += 1) {
      if (await ctr("version").catch(() => null)) return;
      await sleep(50);
    }
    throw new Error("containerd did not answer in 10 s");
  }, 120_000);
  afterAll(async () => {
    const ended = new Promise((resolve) => containerd.once("exit", resolve));
    containerd.kill("SIGTERM");
    await ended;
  });

  it("have the same digest when made again from the same inputs", async () => {
    const again = await make({ root, cache: join(work, "cache-2") });
    const names = (of: readonly ImageArchive[]): unknown =>
      of.map(({ reference, baseKey }) => ({ reference, baseKey }));
    expect(names(again)).toEqual(names(images));
    for (const [at, image] of images.entries()) {
      const other = again[at]?.fullArchivePath ?? "";
      expect(readFileSync(other).equals(readFileSync(image.fullArchivePath))).toBe(true);
    }
    rmSync(join(work, "cache-2"), { recursive: true });
  });

  it("run: Node, an inference library, a server's modules, our sources; telemetry off", async () => {
    const { reference, fullArchivePath } = archive("programs");
    await ctr("images", "import", fullArchivePath);
    await ctr("images", "import", archive("pause").fullArchivePath);
    const script = `
      const ort = require("onnxruntime-node");
      for (const name of ["@grpc/grpc-js", "@grpc/proto-loader", "prom-client"]) require(name);
      const x = new ort.Tensor("float32", [1, 2], [2]);
      const telemetry = process.env.ORT_DISABLE_TELEMETRY;
      import("/app/src/model/device.ts").then(({ DEVICE_ROOT }) =>
        console.log(JSON.stringify([process.version, x.size, DEVICE_ROOT, telemetry])));`;
    const said = await run(reference, "node", "/bin/node", "-e", script);
    expect(JSON.parse(said)).toEqual([
      expect.stringMatching(/^v24\./),
      2,
      "/var/lib/ninety/gpus",
      "1",
    ]);
  });

  it("are thin in less than a second when only our sources change, and run on the same base", async () => {
    const changed = join(work, "changed");
    mkdirSync(changed);
    symlinkSync(join(root, "node_modules"), join(changed, "node_modules"));
    for (const path of ["package.json", "src/model", "src/agents", "workloads"]) {
      cpSync(join(root, path), join(changed, path), { recursive: true });
    }
    mkdirSync(join(changed, "workloads/programs/e2e"));
    writeFileSync(
      join(changed, "workloads/programs/e2e/main.ts"),
      "const text: string = 'thin';\nconsole.log(text);\n",
    );
    const startedMs = performance.now();
    const thin = archive("programs", await make({ root: changed, cache: join(work, "cache") }));
    const tookMs = performance.now() - startedMs;
    expect(thin.baseKey).toBe(archive("programs").baseKey);
    expect(thin.reference).not.toBe(archive("programs").reference);
    expect(statSync(thin.thinArchivePath ?? "").size).toBeLessThan(2 ** 20);
    expect(tookMs).toBeLessThan(1_000);
    await ctr("images", "import", thin.thinArchivePath ?? "");
    const main = "/app/workloads/programs/e2e/main.ts";
    expect(await run(thin.reference, "thin", "/bin/node", main)).toBe("thin\n");
  });

  it("are kept: nothing is made twice", async () => {
    const before = statSync(archive("programs").fullArchivePath).ino;
    const startedMs = performance.now();
    expect(await make({ root, cache: join(work, "cache") })).toEqual(images);
    expect(performance.now() - startedMs).toBeLessThan(1_000);
    expect(statSync(archive("programs").fullArchivePath).ino).toBe(before);
    expect(existsSync(join(work, "cache/layers"))).toBe(true);
  });
});
