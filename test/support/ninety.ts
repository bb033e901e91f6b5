// The front door for tests: the real command, its exit code, what it printed, and its files.
import { spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  readonly tookMs: number;
}

export interface Running {
  readonly child: ChildProcess;
  /** Resolves when stderr has matched; rejects when the command ended without it. */
  said(pattern: RegExp, withinMs: number): Promise<void>;
  readonly ended: Promise<Ended>;
}

/** Starts `ninety <args>` in the repository's root, or in `folder`; of a copy of it in `root`. */
export function start(
  args: readonly string[],
  folder = ROOT,
  env: NodeJS.ProcessEnv = {},
  root = ROOT,
): Running {
  return startArgv(["node", join(root, "bin/ninety.js"), ...args], { folder, env });
}

/** As `start`, by any command that ends up in it. */
export function startArgv(
  [program = "", ...args]: readonly string[],
  { folder, env }: { readonly folder: string; readonly env: NodeJS.ProcessEnv },
): Running {
  const startMs = performance.now();
  const child = spawn(program, args, {
    cwd: folder,
    env: { ...process.env, ...env, NO_COLOR: "1" },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let stdout = "";
  let stderr = "";
  const watchers = new Set<() => void>();
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on("data", (chunk: Buffer) => {
    stderr += chunk.toString();
    for (const watch of watchers) watch();
  });
  const ended = new Promise<Ended>((resolve) => {
    child.on("close", (code) =>
      resolve({ code, stdout, stderr, tookMs: performance.now() - startMs }),
    );
  });
  const said = (pattern: RegExp, withinMs: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const settle = (error?: Error): void => {
        clearTimeout(timer);
        watchers.delete(look);
        if (error) reject(error);
        else resolve();
      };
      const look = (): void => {
        if (pattern.test(stderr)) settle();
      };
      const timer = setTimeout(
        () => settle(new Error(`not said in ${withinMs} ms: ${pattern}\n${stderr.slice(-3_000)}`)),
        withinMs,
      );
      watchers.add(look);
      void ended.then((end) =>
        settle(new Error(`ended with ${end.code}: ${stderr.slice(-3_000)}`)),
      );
      look();
    });
  return { child, said, ended };
}

export function ninety(args: readonly string[], folder = ROOT, root = ROOT): Promise<Ended> {
  return start(args, folder, {}, root).ended;
}

/** Asks again and again until it is true; throws after `withinMs`. */
export async function eventually(
  what: string,
  ask: () => boolean | Promise<boolean>,
  withinMs: number,
): Promise<number> {
  const startMs = performance.now();
  while (!(await ask())) {
    if (performance.now() - startMs > withinMs)
      throw new Error(`not within ${withinMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return performance.now() - startMs;
}
