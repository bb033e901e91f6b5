// Runs vitest projects and adds up what they say; prints the closing line that CI reads.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const inCi = process.env["CI"] === "true";

interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly unknown[];
  }[];
}

export function run(command: string, args: readonly string[], env = process.env): Promise<number> {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, env, stdio: "inherit" });
    const forward = (signal: NodeJS.Signals): void => void child.kill(signal);
    process.once("SIGINT", forward).once("SIGTERM", forward);
    child.on("error", () => resolve(1));
    child.on("exit", (code) => {
      process.off("SIGINT", forward).off("SIGTERM", forward);
      resolve(code ?? 1);
    });
  });
}

/** Why the local cluster cannot run here, or null. */
export function cannotRunCluster(): string | null {
  if (process.platform !== "linux" || process.arch !== "x64") return "needs Linux on x64";
  if (process.getuid?.() !== 0) return "needs root";
  return null;
}

/** What passed, failed and was skipped so far; with CI=true a skip is a failure. */
export class Tally {
  readonly #work = mkdtempSync(join(tmpdir(), "ninety-test-"));
  #passed = 0;
  #failed = 0;
  #skipped = 0;

  count(passed: boolean): void {
    if (passed) this.#passed += 1;
    else this.#failed += 1;
  }

  /** The files of a folder, none of which can run here: told, never left out in silence. */
  skip(folder: string, suffix: string, why: string): void {
    const files = readdirSync(join(root, folder)).filter((file) => file.endsWith(suffix));
    console.log(`${inCi ? "FAILED" : "skipped"}: ${files.join(", ")}: the local cluster ${why}`);
    if (inCi) this.#failed += files.length;
    else this.#skipped += files.length;
  }

  async vitest(project: string, args: readonly string[]): Promise<void> {
    const out = join(this.#work, `${project}.json`);
    const code = await run(
      process.execPath,
      [
        join(root, "node_modules/vitest/vitest.mjs"),
        "run",
        "--config=test/vitest.config.ts",
        `--project=${project}`,
        `--reporter=${project === "fast" ? "default" : "verbose"}`,
        "--reporter=json",
        `--outputFile.json=${out}`,
        ...args,
      ],
      process.stdout.isTTY ? process.env : { ...process.env, NO_COLOR: "1" },
    );
    let report: VitestReport;
    try {
      report = JSON.parse(readFileSync(out, "utf8")) as VitestReport;
    } catch {
      console.log(`${project}: the test runner left no report (exit ${code})`);
      this.#failed += 1;
      return;
    }
    // A file that could not even be loaded has no test to fail.
    const broken = report.testResults.filter(
      (file) => file.status === "failed" && file.assertionResults.length === 0,
    ).length;
    const skipped = report.numPendingTests + report.numTodoTests;
    this.#passed += report.numPassedTests;
    this.#failed += report.numFailedTests + broken + (inCi ? skipped : 0);
    this.#skipped += inCi ? 0 : skipped;
    if (code !== 0 && report.numFailedTests + broken === 0) this.#failed += 1;
    if (report.numPassedTests === 0) this.#failed += 1;
  }

  /** Prints the closing line and sets the exit code. */
  end(): void {
    rmSync(this.#work, { recursive: true, force: true });
    const skipped = this.#skipped > 0 ? `, ${this.#skipped} skipped` : "";
    process.exitCode = this.#failed === 0 ? 0 : 1;
    console.log(`${this.#passed} passed, ${this.#failed} failed${skipped}`);
  }
}
