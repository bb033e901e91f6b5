// npm run test:full [-- part of a file's name …]: what takes too long for every change: every fault
// on a real cluster, all of them with nobody who carries them out, contracts of single kinds of
// effect, and the safety that only a cluster shows. npm run test:long: the experiments and the
// headline suite that ship, the seed's claims on real kubelets, and recovery with every replica as
// the victim in turn: hours. The last line is as that of npm test.
import { cannotRunCluster, run, Tally } from "./support/tally.ts";

const tally = new Tally();
const [project = "full", ...args] = process.argv.slice(2);
const why = cannotRunCluster();
if (why !== null) tally.skip(`test/${project}`, `.${project}.ts`, why);
else if ((await run(process.execPath, ["src/cli.ts", "doctor", "--build"])) === 0)
  await tally.vitest(project, args);
else tally.count(false);
tally.end();
