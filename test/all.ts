// npm test: the check, then every test; the last line is `N passed, N failed[, N skipped]`.
// What needs root and Linux namespaces is skipped elsewhere with the reason in plain sight; with
// CI=true a skip is a failure.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const work = mkdtempSync(join(tmpdir(), "ninety-test-"));
const inCi = process.env["CI"] === "true";

interface Counts {
  passed: number;
  failed: number;
  skipped: number;
}
const total: Counts = { passed: 0, failed: 0, skipped: 0 };

function run(command: string, args: readonly string[], env = process.env): Promise<number> {
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

interface VitestReport {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly success: boolean;
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly unknown[];
  }[];
}

async function vitest(project: string): Promise<void> {
  const out = join(work, `${project}.json`);
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const code = await run(
    process.execPath,
    [
      vitest,
      "run",
      "--config=test/vitest.config.ts",
      `--project=${project}`,
      `--reporter=${project === "e2e" ? "verbose" : "default"}`,
      "--reporter=json",
      `--outputFile.json=${out}`,
      ...process.argv.slice(2),
    ],
    process.stdout.isTTY ? process.env : { ...process.env, NO_COLOR: "1" },
  );
  let report: VitestReport;
  try {
    report = JSON.parse(readFileSync(out, "utf8")) as VitestReport;
  } catch {
    console.log(`${project}: the test runner left no report (exit ${code})`);
    total.failed += 1;
    return;
  }
  // A file that could not even be loaded has no test to fail.
  const broken = report.testResults.filter(
    (file) => file.status === "failed" && file.assertionResults.length === 0,
  ).length;
  const skipped = report.numPendingTests + report.numTodoTests;
  total.passed += report.numPassedTests;
  total.failed += report.numFailedTests + broken + (inCi ? skipped : 0);
  total.skipped += inCi ? 0 : skipped;
  if (code !== 0 && report.numFailedTests + broken === 0) total.failed += 1;
  if (report.numPassedTests === 0) total.failed += 1;
}

/** Why the local cluster cannot run here, or null. */
function cannotRunCluster(): string | null {
  if (process.platform !== "linux" || process.arch !== "x64") return "needs Linux on x64";
  if (process.getuid?.() !== 0) return "needs root";
  return null;
}

function skipCluster(why: string): void {
  const files = readdirSync(join(root, "test/e2e")).filter((file) => file.endsWith(".e2e.ts"));
  console.log(`${inCi ? "FAILED" : "skipped"}: ${files.join(", ")}: the local cluster ${why}`);
  total[inCi ? "failed" : "skipped"] += files.length;
}

console.log("check");
const checked = await run(process.execPath, ["test/check.ts"]);
total[checked === 0 ? "passed" : "failed"] += 1;

// First, because it also installs the tools that some of the smaller tests use.
const why = cannotRunCluster();
let prepared = false;
if (why === null) {
  console.log("\nwhat the local cluster is made of");
  prepared = (await run(process.execPath, ["src/cli.ts", "doctor", "--build"])) === 0;
  if (!prepared) total.failed += 1;
}

console.log("\nunit, property, contract, golden and command-line tests");
await vitest("fast");

console.log("\nend-to-end tests on the local cluster");
if (why !== null) skipCluster(why);
else if (prepared) await vitest("e2e");

rmSync(work, { recursive: true, force: true });
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : "";
process.exitCode = total.failed === 0 ? 0 : 1;
console.log(`${total.passed} passed, ${total.failed} failed${skipped}`);
