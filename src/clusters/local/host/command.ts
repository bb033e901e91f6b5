import { spawn } from "node:child_process";
import { EXIT, NinetyError } from "../../../model/error.ts";

/** The environment of everything that we start: nothing of the caller's, proxies least of all. */
export const CLEAN_ENVIRONMENT: Readonly<Record<string, string>> = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  LC_ALL: "C",
};

const OUTPUT_MAX = 4 * 2 ** 20;

/**
 * Runs a command to its end and answers its stdout (at most 4 MiB). Throws NinetyError (exit 4)
 * with its stderr when it fails or takes longer than `timeoutMs` (default 20 s).
 */
export async function run(
  argv: readonly string[],
  options: { readonly input?: string; readonly timeoutMs?: number } = {},
): Promise<string> {
  const { status, stdout, stderr } = await tryRun(argv, options);
  if (status === 0) return stdout;
  const said = stderr.trim().split("\n").slice(-3).join("; ");
  throw new NinetyError(`command failed: ${argv.join(" ")}: ended with ${status}: ${said}`, {
    exit: EXIT.preflight,
  });
}

/** As `run`, but a failure is an answer; `status` is a code, a signal's name, or what kept it. */
export function tryRun(
  argv: readonly string[],
  options: { readonly input?: string; readonly timeoutMs?: number } = {},
): Promise<{ status: number | string; stdout: string; stderr: string }> {
  const [command = "", ...rest] = argv;
  return new Promise((resolve) => {
    const child = spawn(command, rest, {
      env: CLEAN_ENVIRONMENT,
      stdio: ["pipe", "pipe", "pipe"],
      timeout: options.timeoutMs ?? 20_000,
      killSignal: "SIGKILL",
    });
    const texts = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const)
      child[name].on("data", (piece: Buffer) => {
        if (texts[name].length < OUTPUT_MAX) texts[name] += piece.toString();
      });
    child.on("error", (error) => resolve({ status: error.message, ...texts }));
    child.on("close", (code, signal) => resolve({ status: code ?? signal ?? "", ...texts }));
    // A command that ends without reading its input closes the pipe: its status says enough.
    child.stdin.on("error", () => undefined);
    child.stdin.end(options.input ?? "");
  });
}

/** Inside a network namespace, with the host's own /sys and mounts. */
export const inNamespace = (path: string, argv: readonly string[]): string[] => [
  "nsenter",
  `--net=${path}`,
  ...argv,
];
