// The composition root: argv to commands. The only process.exit and, with src/cli/, the only
// console.
import { Command, CommanderError } from "commander";
import { EXIT, NinetyError, type ExitCode } from "./model/error.ts";
import { VERSION } from "./cli/compose.ts";
import { planAsChaosMesh } from "./cli/commands/chaos-mesh.ts";
import { clusterDown, clusterStatus, clusterUp, doctor } from "./cli/commands/cluster.ts";
import { acceptBaseline, compareRuns, gateRuns, type GateFlags } from "./cli/commands/compare.ts";
import { heal } from "./cli/commands/heal.ts";
import { check, create, list, report } from "./cli/commands/records.ts";
import { plan } from "./cli/commands/plan.ts";
import { run } from "./cli/commands/run.ts";
import { runSuite, showSuite } from "./cli/commands/suite.ts";
import type { ReportFlag } from "./cli/many-report.ts";
import { explain, output, type Output } from "./cli/output.ts";
import { metricsPortOf } from "./cli/metrics-server.ts";
import { isSuite } from "./cli/suite-files.ts";

// A reader that is gone must not end a command that has something to heal.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});

let exit: ExitCode = EXIT.pass;
let asked = { json: false };

/** Runs one command and keeps the exit code it means. */
async function go(
  json: boolean | undefined,
  command: (out: Output) => Promise<ExitCode>,
): Promise<void> {
  asked = { json: json === true };
  exit = await command(output(asked.json));
}

const program = new Command("ninety")
  .description(
    "Chaos and resilience testing for AI serving on Kubernetes: deploys the stack, injects faults,\n" +
      "proves that each took effect, heals, and says how long clients were hurt and why.",
  )
  .version(VERSION)
  .showHelpAfterError("(ninety --help lists the commands)")
  .addHelpText(
    "after",
    "\nExit codes: 0 pass, 1 fail, 2 unknown, 3 usage or invalid experiment, 4 preflight (nothing was\n" +
      "touched), 5 heal failed: still disturbed, 70 internal, 130 / 143 interrupted / terminated, healed.",
  )
  .exitOverride();

const json = ["--json", "one JSON object on stdout and nothing else there"] as const;
const seed = ["--seed <seed>", "same experiment and seed: same plan, same targets"] as const;
const instance = ["--instance <name>", "name of the local cluster", "default"] as const;
const patch = [
  "--patch <file>",
  "JSON Patch on objects of the stack, of this run alone: a file, or a run's folder for its advice",
] as const;
const advice = ["--advice <number>", "which advice of the run that --patch names, from 1"] as const;
const reportTo = [
  "--report <folder>",
  "also write report.html, report.md, junit.xml and the object itself there",
] as const;
const noInstall = [
  "--no-install",
  "never install distribution packages: say what is missing",
] as const;

interface Common {
  readonly json?: boolean;
  readonly seed?: string;
  readonly instance: string;
  readonly install: boolean;
}

interface RunFlags extends Common {
  readonly keep?: boolean;
  readonly context?: string;
  readonly image?: string;
  readonly url?: string;
  readonly planHash?: string;
  readonly quick?: boolean;
  readonly parallel?: string;
  readonly metricsPort?: string;
  readonly repeat?: string;
  readonly patch?: string;
  readonly advice?: string;
}

interface PlanFlags extends Common {
  readonly as?: string;
  readonly context?: string;
  readonly image?: string;
  readonly patch?: string;
  readonly advice?: string;
}

program
  .command("run")
  .summary("run an experiment or a suite (default: gpu-loss)")
  .description(
    "Runs an experiment or a suite: a name from experiments/, a *.experiment.ts or a *.suite.ts\n" +
      "file; default gpu-loss. A suite exits 0 when every run ended as stated, 1 when one did not, 2\n" +
      "when nobody can tell. With --repeat the exit code is that of the runs' joint verdict.",
  )
  .argument("[experiment]")
  .option(...seed)
  .option("--keep", "leave the cluster up afterwards; what the run deployed goes")
  .option(...instance)
  .option("--context <name>", "a context of your kubeconfig instead of the local cluster")
  .option(
    "--image <reference>",
    "image of ninety's programs, for --context; without it only what the API server alone can do",
  )
  .option("--url <url>", "where clients reach the service; default: its Service's address")
  .option("--plan-hash <sha256>", "run only the plan with that hash, as ninety plan prints it")
  .option(
    "--metrics-port <port>",
    "serve live metrics for Prometheus on 127.0.0.1, /metrics; 0: any free port, told on stderr",
  )
  .option(...patch)
  .option(...advice)
  .option(
    "--repeat <count>",
    "while nobody can tell, run it again with other victims, up to so many runs in all, 1 to 20\n" +
      "(default 1); Ctrl-C heals and ends it",
  )
  .option("--quick", "of a suite: leave out the runs that it calls long")
  .option(
    "--parallel <count>",
    "of a suite: runs at the same time, 1 to 4 (default 1); timings get noisier, as their\n" +
      "clusters share this machine's cores",
  )
  .option(...noInstall)
  .option(...json)
  .action((file: string | undefined, options: RunFlags) =>
    go(options.json, async (out) => {
      const { seed, context, image, url, planHash, parallel, metricsPort, repeat } = options;
      const { patch, advice } = options;
      if (metricsPort !== undefined) metricsPortOf(metricsPort);
      const chosen = {
        ...options,
        seed,
        context,
        image,
        url,
        planHash,
        metricsPort,
        keep: options.keep === true,
      };
      if (file !== undefined && (await isSuite(file))) {
        for (const [flag, value] of Object.entries({
          "--plan-hash": planHash,
          "--repeat": repeat,
          "--patch": patch,
          "--advice": advice,
        })) {
          if (value === undefined) continue;
          throw new NinetyError(`${flag} is for an experiment, got the suite ${file}`, {
            exit: EXIT.usage,
          });
        }
        return runSuite(file, { ...chosen, quick: options.quick === true, parallel }, out);
      }
      if (options.quick === true || parallel !== undefined) {
        throw new NinetyError(`--quick and --parallel are for suites, got ${file ?? "none"}`, {
          exit: EXIT.usage,
          hint: "list them: ninety list suites",
        });
      }
      return run(file, { ...chosen, repeat, patch, advice }, out);
    }),
  );

program
  .command("plan")
  .summary("print what a run or a suite would do and to whom, touching nothing")
  .description(
    "Prints steps, victims, foreseen damage and the plan's hash. Victims that are there already are\n" +
      "named, as the seed draws them now: of the local cluster if it is up, or of --context. With\n" +
      "--json the bytes of plan.json. Exit 4: a run would be refused.",
  )
  .argument("[experiment]")
  .option(...seed)
  .option(
    "--as <form>",
    "chaos-mesh: the steps as YAML for Chaos Mesh, with the pods that the seed draws of those that\n" +
      "are there now; what it cannot carry out is an error",
  )
  .option(...instance)
  .option("--context <name>", "a context of your kubeconfig instead of the local cluster")
  .option("--image <reference>", "image of ninety's programs, for --context")
  .option(...patch)
  .option(...advice)
  .option(...json)
  .action((file: string | undefined, options: PlanFlags) =>
    go(options.json, async (out) => {
      const { as, seed, instance, context, image, patch, advice } = options;
      const ofSuite = file !== undefined && (await isSuite(file));
      if (as === undefined) {
        if (!ofSuite) return plan(file, { seed, instance, context, image, patch, advice }, out);
        if (patch === undefined) return showSuite(file, seed, out);
      }
      if (patch !== undefined) {
        const got = as === undefined ? `the suite ${file}` : `--as ${as}`;
        throw new NinetyError(`--patch is for the plan of an experiment, got ${got}`, {
          exit: EXIT.usage,
        });
      }
      if (as !== "chaos-mesh" || ofSuite) {
        const got = ofSuite ? `the suite ${file}` : as;
        throw new NinetyError(`--as must be chaos-mesh, of an experiment, got ${got}`, {
          exit: EXIT.usage,
        });
      }
      return planAsChaosMesh(file, { seed, instance, context }, out);
    }),
  );

program
  .command("check")
  .summary("judge the record of a run or a suite again (default: the newest run)")
  .description(
    "Judges the record of a run or a suite again (default: the newest run). Several runs of one\n" +
      "experiment, with commas, are judged together as run --repeat does.",
  )
  .argument("[run]")
  .option(...json)
  .action((folder: string | undefined, options: Common) =>
    go(options.json, (out) => check(folder, out)),
  );

program
  .command("report")
  .summary("render the reports of a record again (default: the newest run)")
  .argument("[run]")
  .option("--open", "open the HTML report in a browser")
  .option(...json)
  .action((folder: string | undefined, options: Common & { open?: boolean }) =>
    go(options.json, (out) => report(folder, { open: options.open === true }, out)),
  );

program
  .command("compare")
  .summary("compare two groups of runs of one experiment")
  .description(
    "Exact tests of each recovery and of lost requests, with effect size and the smallest change that\n" +
      "could be seen. A group is a run, a folder of runs, a baseline's folder, or several with commas.\n" +
      "Exit 1: something is worse; 2: nobody can tell.",
  )
  .argument("<before>")
  .argument("<after>")
  .option(...reportTo)
  .option(...json)
  .action((before: string, after: string, options: Common & ReportFlag) =>
    go(options.json, (out) => compareRuns(before, after, options, out)),
  );

program
  .command("gate")
  .summary("judge runs by their objectives and against a baseline")
  .description(
    "Objectives first, then whether a primary metric is worse than tolerated. May be asked again with\n" +
      "more runs: false alarms of all looks together stay below 5 %. Without names: the runs in\n" +
      "reports/runs that are newer than the baseline's. Exit 1: broken objective or regression; 2: it\n" +
      "cannot see what must be seen, or a run is unknown.",
  )
  .argument("[runs...]")
  .requiredOption("--baseline <folder>", "its folder, or its name in reports/baselines")
  .option("--tolerate <share>", "so much worse than the baseline's median is no regression", "25%")
  .option("--see <share>", "so much worse must be visible, else unknown", "100%")
  .option("--looks <counts>", "looks when so many runs are there", "3,5,8,12")
  .option(...reportTo)
  .option(...json)
  .action((runs: readonly string[], options: Common & GateFlags) =>
    go(options.json, (out) => gateRuns(runs, options, out)),
  );

program
  .command("baseline")
  .summary("what gates compare with: accept")
  .command("accept")
  .summary("keep runs that passed in reports/baselines/<name>, to be committed")
  .argument("<runs...>")
  .requiredOption("--name <name>", "of the baseline")
  .option(...json)
  .action((runs: readonly string[], options: Common & { name: string }) =>
    go(options.json, (out) => acceptBaseline(runs, options.name, out)),
  );

program
  .command("heal")
  .summary("undo what a run left open (default: the newest run)")
  .description(
    "Undoes every step that a run began and did not end, from its record alone; safe to repeat.",
  )
  .argument("[run]")
  .option("--all", "everything that agent and guard still hold, whoever asked for it")
  .option(...instance)
  .option("--context <name>", "a context of your kubeconfig instead of the local cluster")
  .option(...json)
  .action((folder: string | undefined, options: Common & { all?: boolean; context?: string }) =>
    go(options.json, (out) =>
      heal(
        folder,
        { all: options.all === true, instance: options.instance, context: options.context },
        out,
      ),
    ),
  );

program
  .command("list")
  .summary("list faults, checks, experiments, suites or runs")
  .argument("<what>", "faults | checks | experiments | suites | runs")
  .option(...json)
  .action((what: string, options: Common) => go(options.json, (out) => list(what, out)));

program
  .command("new")
  .summary("write experiments/<name>.experiment.ts to start from")
  .argument("<name>")
  .option(...json)
  .action((name: string, options: Common) => go(options.json, (out) => create(name, out)));

program
  .command("doctor")
  .summary("say what this machine lacks for the local cluster, and how to get it")
  .option("--build", "also build what is missing (first time: about 10 minutes)")
  .option(...noInstall)
  .option(...json)
  .action((options: Common & { build?: boolean }) =>
    go(options.json, (out) =>
      doctor({ build: options.build === true, install: options.install }, out),
    ),
  );

const cluster = program.command("cluster").summary("the local cluster by itself: up, down, status");
cluster
  .command("up")
  .summary("start it and print how kubectl reaches it")
  .option(...instance)
  .option("--nodes <count>", "worker nodes, 1 to 9", "3")
  .option("--gpus <count>", "virtual GPUs a node, 0 to 8", "2")
  .option(
    "--image <archive>",
    "archive of images that every node has, also several times, at most 20",
    (archive: string, before: readonly string[]) => [...before, archive],
    [],
  )
  .option(...noInstall)
  .option(...json)
  .action((options: Common & { nodes: string; gpus: string; image: readonly string[] }) =>
    go(options.json, (out) => clusterUp(options, out)),
  );
cluster
  .command("down")
  .summary("remove it without a trace, also after a crash")
  .option(...instance)
  .option(...json)
  .action((options: Common) => go(options.json, (out) => clusterDown(options.instance, out)));
cluster
  .command("status")
  .summary("what is up")
  .option(...instance)
  .option(...json)
  .action((options: Common) => go(options.json, (out) => clusterStatus(options.instance, out)));

try {
  await program.parseAsync(process.argv);
} catch (error) {
  if (error instanceof CommanderError) {
    exit = error.exitCode === 0 ? EXIT.pass : EXIT.usage;
  } else {
    exit = explain(error, asked.json);
  }
}
// A reader that is slow must not get half of an object.
await Promise.all([process.stdout, process.stderr].map(written));
process.exit(exit);

/** Resolves once all that was written has gone out, or nobody is there to take it. */
function written(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => stream.write("", () => resolve()));
}
