import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { takeBuildLock } from "../../src/artifacts/build-lock.ts";
import { CommandMissing, runCommand } from "../../src/artifacts/command.ts";
import { COMPONENTS, programsOf } from "../../src/artifacts/components.ts";
import { contentHash } from "../../src/artifacts/content-hash.ts";
import { requireDisk } from "../../src/artifacts/disk.ts";
import { buildFlags, isGoAtLeast, isPackageLine } from "../../src/artifacts/go.ts";
import { ensurePackages, missingPackages } from "../../src/artifacts/packages.ts";
import { EXIT } from "../../src/model/error.ts";

const signal = new AbortController().signal;
const silent = (): void => {};
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ninety-builds-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("components", () => {
  it("give every program once, from modules that are there", () => {
    const programs = COMPONENTS.flatMap(programsOf);
    expect(new Set(programs).size).toBe(programs.length);
    for (const { module } of COMPONENTS) {
      const path = fileURLToPath(new URL(`../../binaries/${module}/go.mod`, import.meta.url));
      expect(readFileSync(path, "utf8")).toContain(`module ninety/binaries/${module}`);
    }
  });

  it("say the versions that their go.mod pins", () => {
    const pinned = (module: string): string =>
      readFileSync(new URL(`../../binaries/${module}/go.mod`, import.meta.url), "utf8");
    const flags = (name: string): string =>
      COMPONENTS.filter((one) => one.name === name)
        .flatMap(buildFlags)
        .join(" ");
    const kubernetes = /gitVersion=(v[\d.]+)/.exec(flags("kubernetes"))?.[1];
    expect(pinned("kubernetes")).toContain(`k8s.io/kubernetes ${kubernetes}\n`);
    const containerd = /version\.Version=(v[\d.]+)/.exec(flags("containerd"))?.[1];
    expect(pinned("runtime")).toContain(`github.com/containerd/containerd/v2 ${containerd}`);
  });
});

describe("the content hash", () => {
  it("changes with a file's content, its name, a flag, and with nothing else", () => {
    mkdirSync(join(folder, "sub"));
    writeFileSync(join(folder, "go.mod"), "module x");
    writeFileSync(join(folder, "sub", "a.go"), "package a");
    const hash = (): string => contentHash(folder, ["-trimpath", "go1.26"]);
    const first = hash();
    expect(hash()).toBe(first);
    expect(contentHash(folder, ["-trimpath", "go1.27"])).not.toBe(first);
    expect(contentHash(folder, ["-trimpathgo1.26"])).not.toBe(first);
    writeFileSync(join(folder, "sub", "a.go"), "package b");
    const other = hash();
    expect(other).not.toBe(first);
    writeFileSync(join(folder, "sub", "b.go"), "");
    expect(hash()).not.toBe(other);
  });
});

describe("Go", () => {
  it.each([
    ["go1.26.8", true],
    ["go1.26", true],
    ["go1.27rc1", true],
    ["devel go1.27-abcdef linux/amd64", true],
    ["go2.0", true],
    ["go1.25.9", false],
    ["go1.9", false],
    ["", false],
  ])("%s is new enough: %s", (version, expected) => {
    expect(isGoAtLeast(version, [1, 26])).toBe(expected);
  });

  it("names packages on lines of their own", () => {
    expect(isPackageLine("k8s.io/api/core/v1")).toBe(true);
    expect(isPackageLine("gopkg.in/yaml.v3")).toBe(true);
    expect(isPackageLine("./main.go:3:1: syntax error")).toBe(false);
    expect(isPackageLine("go: downloading x v1")).toBe(false);
  });
});

describe("disk", () => {
  it("is refused naming folder, needed and free", () => {
    const needs = [
      { folder, needMiB: 2 ** 40 },
      { folder: join(folder, "other"), needMiB: 1 },
    ];
    expect(() => requireDisk(needs)).toThrow(
      /^disk: .*ninety-builds-\w+, .*other: must have 1099511627777 MiB free, got \d+ MiB$/,
    );
    expect(() => requireDisk([{ folder, needMiB: 0 }])).not.toThrow();
  });
});

describe("a command", () => {
  it("tells its code and what it said", async () => {
    const result = await runCommand(["sh", "-c", "echo out; echo err >&2; exit 3"]);
    expect(result).toEqual({ code: 3, signal: null, stdout: "out\n", stderr: "err\n" });
  });

  it("is missing by name", async () => {
    await expect(runCommand(["no-such-tool-of-ours"])).rejects.toThrow(CommandMissing);
  });

  it("ends with its whole group when aborted", async () => {
    const abort = new AbortController();
    let said = "";
    const running = runCommand(["sh", "-c", "sleep 600 & echo $! >&2; wait"], {
      signal: abort.signal,
      onStderr: (text) => {
        said += text;
        abort.abort(new Error("enough"));
      },
    });
    await expect(running).rejects.toThrow("enough");
    const state = ((): string => {
      try {
        return readFileSync(`/proc/${said.trim()}/stat`, "utf8").split(" ")[2] ?? "";
      } catch {
        return "gone";
      }
    })();
    expect(["gone", "Z"]).toContain(state);
  });
});

describe("the build lock", () => {
  it("is held by one, and free again after", async () => {
    const path = join(folder, "lock");
    const first = await takeBuildLock(path, silent, signal);
    expect(JSON.parse(readFileSync(path, "utf8"))).toMatchObject({ pid: process.pid });
    const order: string[] = [];
    const second = takeBuildLock(path, silent, signal).then((lock) => {
      order.push("second");
      return lock;
    });
    const held = await runCommand(["flock", "--nonblock", path, "true"]);
    expect(held.code).toBe(1);
    order.push("first released");
    await first.release();
    await (await second).release();
    expect(order).toEqual(["first released", "second"]);
  });

  it("is not waited for any more once aborted", async () => {
    const path = join(folder, "lock");
    const first = await takeBuildLock(path, silent, signal);
    const abort = new AbortController();
    const waiting = takeBuildLock(path, silent, abort.signal);
    abort.abort(new Error("enough"));
    await expect(waiting).rejects.toThrow("enough");
    await first.release();
    await (await takeBuildLock(path, silent, signal)).release();
  });

  it("is free once its holder was killed", async () => {
    const path = join(folder, "lock");
    const program = fileURLToPath(new URL("../../src/artifacts/build-lock.ts", import.meta.url));
    const holder = `
      const { takeBuildLock } = await import(${JSON.stringify(program)});
      await takeBuildLock(${JSON.stringify(path)}, () => {}, new AbortController().signal);
      process.kill(process.pid, "SIGKILL");`;
    const killed = await runCommand([process.execPath, "--input-type=module", "-e", holder]);
    expect(killed.signal).toBe("SIGKILL");
    await (await takeBuildLock(path, silent, signal)).release();
  });
});

describe("distribution packages", () => {
  it("are missing by what they provide", () => {
    expect(missingPackages(["util-linux"])).toEqual([]);
  });

  it("are refused by name and command where they may not be installed", async () => {
    const path = process.env["PATH"];
    process.env["PATH"] = folder;
    try {
      // Nothing that these provide lies where administrators' tools lie.
      const need = ["gcc", "pkg-config"] as const;
      await expect(
        ensurePackages({ need, install: false, progress: silent }),
      ).rejects.toMatchObject({
        exit: EXIT.preflight,
        message:
          "packages: gcc, pkg-config: must be installed, got none, and installing was refused",
        hint: "apt-get install --no-install-recommends gcc pkg-config",
      });
    } finally {
      process.env["PATH"] = path;
    }
  });
});
