import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";
import { messageOf } from "../../model/error.ts";
import type { HostProcess, LoadHost } from "../../ports/cluster.ts";
import { LineSplitter, Tail } from "./lines.ts";

const MAX_LINE_BYTES = 2 ** 20;
const MAX_WAITING_LINES = 10_000;
const STDERR_CHARS = 16_384;

/** A kill of ours is no end to clients: where Linux can, they end with us. */
const ENDING_WITH_US = isThere("setpriv") ? ["setpriv", "--pdeathsig", "KILL", "--"] : [];

function isThere(program: string): boolean {
  const folders = process.platform === "linux" ? (process.env["PATH"] ?? "").split(delimiter) : [];
  return folders.some((folder) => existsSync(join(folder, program)));
}

/** Clients are plain processes of this machine: what it reaches, they reach. */
export const processHost: LoadHost = {
  start: ({ argv, env, workFolder }) => {
    const [program = "", ...rest] = [...ENDING_WITH_US, ...argv];
    const child = spawn(program, rest, {
      cwd: workFolder,
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const stderr = new Tail(STDERR_CHARS);
    child.stderr.setEncoding("utf8").on("data", (text: string) => stderr.add(text));
    const out = new Lines((why) => {
      stderr.add(`\n${why}`);
      child.kill("SIGKILL");
    });
    child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
    const ended = new Promise<Awaited<HostProcess["ended"]>>((resolve) => {
      child.on("error", (error) => {
        stderr.add(`\n${messageOf(error)}`);
        if (child.pid === undefined) resolve({ code: null, signal: null, stderr: stderr.text() });
      });
      child.on("close", (code, signal) => {
        out.end();
        resolve({ code, signal, stderr: stderr.text() });
      });
    });
    return {
      pid: child.pid ?? 0,
      onLine: (take) => out.take(take),
      kill: (signal) => void child.kill(signal),
      ended,
    };
  },
};

/** Lines to their taker; those that come before there is one wait, up to a bound. */
class Lines {
  readonly #splitter = new LineSplitter(MAX_LINE_BYTES);
  readonly #fail: (why: string) => void;
  #taker: ((line: string) => void) | null = null;
  #waiting: string[] = [];

  constructor(fail: (why: string) => void) {
    this.#fail = fail;
  }

  take(taker: (line: string) => void): void {
    this.#taker = taker;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const line of waiting) taker(line);
  }

  push(chunk: Buffer): void {
    try {
      for (const line of this.#splitter.push(chunk)) this.#give(line);
    } catch (error) {
      this.#fail(messageOf(error));
    }
  }

  end(): void {
    const rest = this.#splitter.rest();
    if (rest !== "" && this.#taker) this.#taker(rest);
  }

  #give(line: string): void {
    if (this.#taker) this.#taker(line);
    else if (this.#waiting.length < MAX_WAITING_LINES) this.#waiting.push(line);
    else throw new Error(`lines that nobody took must be at most ${MAX_WAITING_LINES}, got more`);
  }
}
