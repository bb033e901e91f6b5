import { spawn } from "node:child_process";

/** Kept of what a command said: enough for a message, never its whole output. */
const TAIL_BYTES = 64 * 1024;
/** More than any command that is run here has to say. */
const STDOUT_CHARACTERS = 8 * 1024 * 1024;
/** Between the polite and the final signal to a command that was aborted. */
const GRACE_MS = 2_000;

export interface CommandResult {
  readonly code: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  /** The last 64 KiB. */
  readonly stderr: string;
}

/** The tool is not on this machine. */
export class CommandMissing extends Error {
  constructor(tool: string) {
    super(`${tool} is not installed`);
    this.name = "CommandMissing";
  }
}

export interface CommandOptions {
  readonly folder?: string;
  /** Added to our own environment. */
  readonly env?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** Called with what comes on stderr, as it comes. */
  readonly onStderr?: (text: string) => void;
}

/**
 * Runs a command in a process group of its own. An abort ends the group (SIGTERM, then SIGKILL) and
 * rejects with the signal's reason; an exit of our own process ends it too. Any exit code resolves.
 * Rejects with CommandMissing where there is no such tool.
 */
export async function runCommand(
  argv: readonly [string, ...string[]],
  options: CommandOptions = {},
): Promise<CommandResult> {
  options.signal?.throwIfAborted();
  const result = await ended(argv, options);
  options.signal?.throwIfAborted();
  return result;
}

function ended(
  [tool, ...args]: readonly [string, ...string[]],
  options: CommandOptions,
): Promise<CommandResult> {
  const child = spawn(tool, args, {
    detached: true,
    stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, ...options.env },
    ...(options.folder === undefined ? {} : { cwd: options.folder }),
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    if (stdout.length < STDOUT_CHARACTERS) stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    options.onStderr?.(text);
    stderr = (stderr + text).slice(-TAIL_BYTES);
  });
  const end = (how: NodeJS.Signals): void => {
    try {
      if (child.pid !== undefined) process.kill(-child.pid, how);
    } catch {
      // The group has ended by itself.
    }
  };
  let final: NodeJS.Timeout | undefined;
  const abort = (): void => {
    end("SIGTERM");
    final = setTimeout(() => end("SIGKILL"), GRACE_MS);
  };
  const leave = (): void => end("SIGKILL");
  options.signal?.addEventListener("abort", abort, { once: true });
  process.once("exit", leave);
  return new Promise<CommandResult>((resolve, reject) => {
    child.once("error", (error: NodeJS.ErrnoException) =>
      reject(error.code === "ENOENT" ? new CommandMissing(tool) : error),
    );
    child.once("close", (code, signal) => resolve({ code, signal, stdout, stderr }));
  }).finally(() => {
    clearTimeout(final);
    process.removeListener("exit", leave);
    options.signal?.removeEventListener("abort", abort);
  });
}
