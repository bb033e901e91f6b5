import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { EXIT, NinetyError } from "../model/error.ts";
import type { Progress } from "../ports/cluster.ts";
import { CommandMissing, runCommand } from "./command.ts";

/** A distribution package by its Debian name. */
export type PackageName =
  | "nftables"
  | "iptables"
  | "conntrack"
  | "iproute2"
  | "util-linux"
  | "openssl"
  | "gcc"
  | "pkg-config"
  | "libseccomp-dev"
  | "binutils";

/** What a package is there for: present when all of it is. */
const PROVIDES: Readonly<
  Record<PackageName, { readonly commands: readonly string[]; readonly files: readonly string[] }>
> = {
  nftables: { commands: ["nft"], files: [] },
  iptables: { commands: ["iptables"], files: [] },
  conntrack: { commands: ["conntrack"], files: [] },
  iproute2: { commands: ["ip"], files: [] },
  "util-linux": { commands: ["nsenter", "unshare", "mount", "flock", "setpriv"], files: [] },
  openssl: { commands: ["openssl"], files: [] },
  gcc: { commands: ["gcc"], files: [] },
  "pkg-config": { commands: ["pkg-config"], files: [] },
  "libseccomp-dev": { commands: [], files: ["/usr/include/seccomp.h"] },
  binutils: { commands: ["strip"], files: [] },
};
const SYSTEM_FOLDERS = ["/usr/local/sbin", "/usr/sbin", "/sbin", "/usr/local/bin"];

function has(path: string, mode: number): boolean {
  try {
    accessSync(path, mode);
    return true;
  } catch {
    return false;
  }
}

/** Whether a command is on PATH or in a folder for administrators. */
export function hasCommand(command: string): boolean {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), ...SYSTEM_FOLDERS];
  return folders.some((folder) => folder !== "" && has(join(folder, command), constants.X_OK));
}

/** Those of `need` that are not (wholly) there. */
export function missingPackages(need: readonly PackageName[]): readonly PackageName[] {
  return [...new Set(need)].filter((name) => {
    const { commands, files } = PROVIDES[name];
    return !commands.every(hasCommand) || !files.every((file) => has(file, constants.R_OK));
  });
}

/**
 * Installs the missing packages, saying so. Throws (exit 4), naming the packages and the command,
 * where it must not (`install` false), cannot (not root, no apt-get) or did not succeed.
 */
export async function ensurePackages(options: {
  readonly need: readonly PackageName[];
  readonly install: boolean;
  readonly progress: Progress;
  readonly signal?: AbortSignal;
}): Promise<void> {
  const missing = missingPackages(options.need);
  if (missing.length === 0) return;
  const refuse = (why: string): NinetyError =>
    new NinetyError(`packages: ${missing.join(", ")}: must be installed, ${why}`, {
      exit: EXIT.preflight,
      hint: `apt-get install --no-install-recommends ${missing.join(" ")}`,
    });
  if (!options.install) throw refuse("got none, and installing was refused");
  if (process.getuid?.() !== 0) throw refuse("got none, and installing needs root");
  options.progress({ what: `installing distribution packages: ${missing.join(", ")}` });
  let failure = await aptInstall(missing, options.signal);
  if (failure !== null) {
    options.progress({ what: "refreshing the list of distribution packages" });
    await apt(["update"], options.signal);
    failure = await aptInstall(missing, options.signal);
  }
  if (failure !== null) throw refuse(`apt-get said: ${failure}`);
  const still = missingPackages(missing);
  if (still.length > 0) {
    throw refuse(`apt-get succeeded, but what they provide is not there: ${still.join(", ")}`);
  }
}

async function aptInstall(
  packages: readonly string[],
  signal: AbortSignal | undefined,
): Promise<string | null> {
  return apt(["install", "-y", "--no-install-recommends", ...packages], signal);
}

/** Null, or the last lines of what went wrong. */
async function apt(
  args: readonly string[],
  signal: AbortSignal | undefined,
): Promise<string | null> {
  try {
    const { code, stderr } = await runCommand(
      ["apt-get", "-o", "DPkg::Lock::Timeout=60", ...args],
      {
        env: { DEBIAN_FRONTEND: "noninteractive" },
        ...(signal === undefined ? {} : { signal }),
      },
    );
    return code === 0 ? null : stderr.trim().split("\n").slice(-3).join(" ");
  } catch (error) {
    if (error instanceof CommandMissing) return error.message;
    throw error;
  }
}
