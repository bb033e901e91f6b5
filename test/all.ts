// npm test: the check, then every test but the long ones; the last line is
// `N passed, N failed[, N skipped]`. What needs root and Linux namespaces is skipped elsewhere with
// the reason in plain sight; with CI=true a skip is a failure.
import { cannotRunCluster, run, Tally } from "./support/tally.ts";

const tally = new Tally();
const args = process.argv.slice(2);

console.log("check");
tally.count((await run(process.execPath, ["test/check.ts"])) === 0);

// First, because it also installs the tools that some of the smaller tests use.
const why = cannotRunCluster();
let prepared = false;
if (why === null) {
  console.log("\nwhat the local cluster is made of");
  prepared = (await run(process.execPath, ["src/cli.ts", "doctor", "--build"])) === 0;
  if (!prepared) tally.count(false);
}

console.log("\nunit, property, contract, golden and command-line tests");
await tally.vitest("fast", args);

console.log("\nend-to-end tests on the local cluster");
if (why !== null) tally.skip("test/e2e", ".e2e.ts", why);
else if (prepared) await tally.vitest("e2e", args);

tally.end();
