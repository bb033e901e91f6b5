import { EXIT, NinetyError } from "../model/error.ts";
import { CommandMissing, runCommand } from "./command.ts";
import type { Component } from "./components.ts";

/** What every module of `binaries/` needs at least; one may ask for a later patch release. */
const GO_AT_LEAST = [1, 26] as const;

export interface GoToolchain {
  /** `go1.26.8`. */
  readonly version: string;
  readonly architecture: string;
  readonly moduleCache: string;
  readonly buildCache: string;
}

/** Asked in the module's folder: its go.mod may ask for a later Go. Throws with exit 4. */
export async function goToolchain(moduleFolder: string, signal: AbortSignal): Promise<GoToolchain> {
  const wanted = GO_AT_LEAST.join(".");
  const refuse = (got: string): NinetyError =>
    new NinetyError(`go: ${moduleFolder}: must be Go ${wanted} or later, got ${got}`, {
      exit: EXIT.preflight,
      hint:
        `install Go ${wanted} or later: apt-get install golang-${wanted}, or unpack an official ` +
        "release into /usr/local/go, and have its bin folder on PATH",
    });
  const names = ["GOVERSION", "GOARCH", "GOMODCACHE", "GOCACHE"];
  const answer = await runCommand(["go", "env", "-json", ...names], {
    folder: moduleFolder,
    signal,
  }).catch((error: unknown) => {
    throw error instanceof CommandMissing ? refuse("none") : error;
  });
  if (answer.code !== 0) throw refuse(answer.stderr.trim().split("\n").slice(-2).join(" "));
  const found = JSON.parse(answer.stdout) as Record<string, string>;
  const version = found["GOVERSION"] ?? "";
  if (!isGoAtLeast(version, GO_AT_LEAST)) throw refuse(version);
  return {
    version,
    architecture: found["GOARCH"] ?? "",
    moduleCache: found["GOMODCACHE"] ?? "",
    buildCache: found["GOCACHE"] ?? "",
  };
}

/** `go1.26.8`, `devel go1.27-abcdef`: release numbers only. */
export function isGoAtLeast(version: string, [major, minor]: readonly [number, number]): boolean {
  const hit = /\bgo(\d+)\.(\d+)/.exec(version);
  if (hit === null) return false;
  return Number(hit[1]) > major || (Number(hit[1]) === major && Number(hit[2]) >= minor);
}

/** The flags that decide what is built; part of the content hash. */
export function buildFlags(component: Component): readonly string[] {
  return [
    "-trimpath",
    "-buildvcs=false",
    ...(component.tags.length === 0 ? [] : ["-tags", component.tags.join(",")]),
    "-ldflags",
    component.linkerFlags,
  ];
}

function buildEnv(component: Component): Readonly<Record<string, string>> {
  return { CGO_ENABLED: component.cgo ? "1" : "0" };
}

function packagesOf(component: Component): readonly string[] {
  return component.files.map((file) => file.package);
}

/**
 * How many packages are not yet compiled, of how many; null where that cannot be known because
 * modules are not on this machine yet and `offline` was asked for.
 */
export async function countPackages(
  component: Component,
  moduleFolder: string,
  how: { readonly offline: boolean; readonly signal: AbortSignal },
): Promise<{ readonly stale: number; readonly all: number } | null> {
  const { code, stdout, stderr } = await runCommand(
    ["go", "list", "-deps", "-f", "{{.Stale}}", ...buildFlags(component), ...packagesOf(component)],
    {
      folder: moduleFolder,
      env: { ...buildEnv(component), ...(how.offline ? { GOPROXY: "off" } : {}) },
      signal: how.signal,
    },
  );
  if (code !== 0) {
    if (how.offline) return null;
    throw buildFailed(component, "its modules must be complete", stderr, null);
  }
  const lines = stdout.trim().split("\n");
  return { stale: lines.filter((line) => line === "true").length, all: lines.length };
}

/** One `go build` into a folder; tells every package as it is compiled. */
export async function goBuild(
  component: Component,
  moduleFolder: string,
  to: {
    readonly folder: string;
    readonly signal: AbortSignal;
    readonly onPackage: () => void;
    readonly log: (text: string) => void;
    readonly logPath: string;
  },
): Promise<void> {
  const output =
    component.files.length === 1 ? `${to.folder}/${component.files[0]?.file}` : to.folder;
  let rest = "";
  const said: string[] = [];
  // Without setpriv an orphaned build would go on for minutes after a kill of ours.
  const dying = ["--pdeathsig", "KILL", "--"];
  const build = ["nice", "go", "build", "-v", ...buildFlags(component), "-o", output];
  const { code, signal } = await runCommand(
    ["setpriv", ...dying, ...build, ...packagesOf(component)],
    {
      folder: moduleFolder,
      env: buildEnv(component),
      signal: to.signal,
      onStderr: (text) => {
        to.log(text);
        const lines = (rest + text).split("\n");
        rest = (lines.pop() ?? "").slice(-4_096);
        for (const line of lines) {
          if (isPackageLine(line)) to.onPackage();
          else said.push(line);
        }
        said.splice(0, said.length - 100);
      },
    },
  );
  if (code === 0) return;
  const ended = signal === null ? `exit ${code}` : signal;
  throw buildFailed(
    component,
    `go build must succeed, got ${ended}`,
    [...said, rest].join("\n"),
    to.logPath,
  );
}

/** `go build -v` names each package on a line of its own. */
export function isPackageLine(line: string): boolean {
  return /^[\w.~/-]+$/.test(line);
}

function buildFailed(
  component: Component,
  rule: string,
  stderr: string,
  logPath: string | null,
): NinetyError {
  const last = stderr.trim().split("\n").slice(-12).join("\n");
  return new NinetyError(`build of ${component.name}: ${rule}\n${last}`, {
    exit: EXIT.preflight,
    hint:
      logPath === null
        ? "modules are fetched through the Go module proxy that `go env GOPROXY` names"
        : `the whole log: ${logPath}`,
  });
}
