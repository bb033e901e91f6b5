import { type ChildProcess, spawn } from "node:child_process";
import { numberAt } from "../../src/model/json.ts";
import { until } from "./until.ts";

const ROOT = new URL("../..", import.meta.url).pathname;

/** One of workloads/programs as a real process, with its log lines. */
export class ProgramProcess {
  readonly lines: Readonly<Record<string, unknown>>[] = [];
  readonly ended: Promise<number | string>;
  readonly #child: ChildProcess;
  #partial = "";

  constructor(program: string, env: Readonly<Record<string, string>>) {
    const argv = ["--disable-warning=ExperimentalWarning", `${ROOT}workloads/programs/${program}`];
    this.#child = spawn(process.execPath, argv, {
      stdio: ["ignore", "pipe", "ignore"],
      env: { PATH: process.env["PATH"], ORT_DISABLE_TELEMETRY: "1", ...env },
    });
    this.#child.stdout?.setEncoding("utf8").on("data", (text: string) => this.#take(text));
    this.ended = new Promise((resolve) => {
      this.#child.on("close", (code, signal) => resolve(code ?? signal ?? "?"));
    });
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }
  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }
  /** The first line of this event that also passes. */
  find(
    event: string,
    passes: (line: Readonly<Record<string, unknown>>) => boolean = () => true,
  ): Readonly<Record<string, unknown>> | undefined {
    return this.lines.find((line) => line["event"] === event && passes(line));
  }
  /** Waits for such a line. */
  async line(
    event: string,
    passes?: (line: Readonly<Record<string, unknown>>) => boolean,
    withinMs = 20_000,
  ): Promise<Readonly<Record<string, unknown>>> {
    return until(`log line ${event}`, () => this.find(event, passes), withinMs);
  }
  /** The port it says that it listens on. */
  async port(): Promise<number> {
    return numberAt(await this.line("listening"), "port") ?? -1;
  }

  #take(text: string): void {
    const lines = (this.#partial + text).split("\n");
    this.#partial = lines.pop() ?? "";
    for (const line of lines) {
      this.lines.push(JSON.parse(line) as Readonly<Record<string, unknown>>);
    }
  }
}
