// npm run test:full [-- part of a file's name …]: what takes too long for every change: every fault
// on a real cluster, all of them with nobody who carries them out, contracts of single kinds of
// effect, the headline suite, and recovery with every replica as the victim in turn: hours in all,
// `-- faults nothing-done` the faults alone. The last line is as that of npm test.
import { cannotRunCluster, run, Tally } from "./support/tally.ts";

const tally = new Tally();
const why = cannotRunCluster();
if (why !== null) tally.skip("test/full", ".full.ts", why);
else if ((await run(process.execPath, ["src/cli.ts", "doctor", "--build"])) === 0)
  await tally.vitest("full", process.argv.slice(2));
else tally.count(false);
tally.end();
