// npm run test:full: what takes too long for every change: the headline suite, and recovery with
// every replica as the victim in turn. About an hour; the last line is as that of npm test.
import { cannotRunCluster, run, Tally } from "./support/tally.ts";

const tally = new Tally();
const why = cannotRunCluster();
if (why !== null) tally.skip("test/full", ".full.ts", why);
else if ((await run(process.execPath, ["src/cli.ts", "doctor", "--build"])) === 0)
  await tally.vitest("full", process.argv.slice(2));
else tally.count(false);
tally.end();
