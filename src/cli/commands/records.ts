// Commands that work on records and plug-ins, offline: check, report, list, new.
import { spawn } from "node:child_process";
import { access, writeFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { EXIT, NinetyError, type ExitCode } from "../../model/error.ts";
import {
  allowed,
  checkEntry,
  faultEntry,
  lasting,
  type CheckEntry,
  type FaultEntry,
  type ParamEntry,
} from "../catalogue.ts";
import { findRun, isSuiteFolder, listRuns, runsRoot } from "../folders.ts";
import { exitOf, judgeFolder, rendered, writeReports } from "../judging.ts";
import type { Output } from "../output.ts";
import { experimentNames, loadPlugins, suiteNames } from "../plugins.ts";
import { checkTogether } from "./repeat.ts";
import { checkSuite, reportSuite } from "./suite.ts";

/** Judges a record again. */
export async function check(run: string | undefined, out: Output): Promise<ExitCode> {
  const plugins = await loadPlugins();
  if (run?.includes(",")) return checkTogether(run.split(","), plugins, out);
  const folder = await findRun(run);
  if (isSuiteFolder(folder)) return checkSuite(folder, plugins, out);
  const judged = await judgeFolder(folder, plugins);
  out.result(rendered(judged, plugins, "console"));
  out.object(JSON.parse(rendered(judged, plugins, "json")));
  return exitOf(judged.verdict.outcome);
}

/**
 * Renders the reports of a record again; they say the verdict, the exit code only that it worked.
 */
export async function report(
  run: string | undefined,
  options: { readonly open: boolean },
  out: Output,
): Promise<ExitCode> {
  const plugins = await loadPlugins();
  const folder = await findRun(run);
  const files = isSuiteFolder(folder)
    ? await reportSuite(folder, plugins)
    : await writeReports(await judgeFolder(folder, plugins), plugins);
  out.result(files.map((file) => relative(process.cwd(), file)).join("\n"));
  out.object({ files });
  if (options.open) open(join(folder, "report.html"), out);
  return EXIT.pass;
}

function open(file: string, out: Output): void {
  const opener = spawn("xdg-open", [file], { detached: true, stdio: "ignore" });
  opener.on("error", () => out.tell(`no xdg-open on this machine: open ${file} in a browser`));
  opener.unref();
}

export async function list(what: string, out: Output): Promise<ExitCode> {
  switch (what) {
    case "faults":
      return listFaults((await loadPlugins()).faults.map(faultEntry), out);
    case "checks":
      return listChecks((await loadPlugins()).checks.map(checkEntry), out);
    case "experiments":
    case "suites": {
      const names = what === "suites" ? await suiteNames() : await experimentNames();
      out.result(names.join("\n"));
      out.object(names);
      return EXIT.pass;
    }
    case "runs": {
      const runs = await listRuns(runsRoot());
      const line = (one: (typeof runs)[number]): string =>
        `${one.experiment}  ${one.name}${one.kind === "suite" ? "  suite" : ""}`;
      out.result(runs.map(line).join("\n") || "no runs yet");
      out.object(runs);
      return EXIT.pass;
    }
    default:
      throw new NinetyError(
        `list must be of faults | checks | experiments | suites | runs, got ${what}`,
        { exit: EXIT.usage },
      );
  }
}

function listFaults(entries: readonly FaultEntry[], out: Output): ExitCode {
  const shown = entries.map((one) =>
    [
      one.name,
      `    ${one.about}`,
      row("on", `${one.on.join(" or ")}, ${lasting(one)}`),
      row("needs", one.needs.join(", ")),
      row("means", one.means.join("; ")),
      row("evidence", one.evidence),
      ...paramRows(one.params),
    ].join("\n"),
  );
  out.result(shown.join("\n\n"));
  out.object(entries);
  return EXIT.pass;
}

function listChecks(entries: readonly CheckEntry[], out: Output): ExitCode {
  const shown = entries.map((one) =>
    [
      `${one.name}${one.always ? "  on every run" : ""}`,
      `    ${one.about}`,
      ...paramRows(one.params),
    ].join("\n"),
  );
  out.result(shown.join("\n\n"));
  out.object(entries);
  return EXIT.pass;
}

const row = (head: string, text: string): string => `    ${head.padEnd(12)} ${text}`;

function paramRows(params: readonly ParamEntry[]): readonly string[] {
  return params.map((one) => row(one.field, `${one.about} (${allowed(one)})`));
}

const TEMPLATE = `import { experiment, one } from "ninety";
import { availability } from "ninety/checks/availability";
import { recovery } from "ninety/checks/recovery";
import { podKill } from "ninety/faults/pod-kill";
import { predict } from "ninety/load/predict";
import { modelServer } from "ninety/parts/model-server";

const server = modelServer({ replicas: 3, gpus: 1, probes: "deep", spread: "topology" });

export default experiment({
  // One sentence that can turn out false.
  hypothesis: "A replica that is deleted hurts clients for at most 10 s.",
  stack: [server],
  load: predict({ to: server, rate: "50/s", connections: ["new", "reused"] }),
  slo: { within: "250ms", good: "99%", breach: "95%" },
  faults: [podKill({ on: one(server.pods), grace: "0s" })],
  observe: "2m",
  expect: [recovery({ service: "10s", capacity: "60s" }), availability({ atLeast: "90%" })],
});
`;

/** Writes a first experiment to start from; never over a file that is there. */
export async function create(name: string, out: Output): Promise<ExitCode> {
  if (!/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name)) {
    throw new NinetyError(`name must be kebab-case such as gpu-loss, got ${name}`, {
      exit: EXIT.usage,
    });
  }
  const file = join("experiments", `${name}.experiment.ts`);
  const taken = await access(file).then(
    () => true,
    () => false,
  );
  if (taken) throw new NinetyError(`${file} is already there`, { exit: EXIT.usage });
  await writeFile(file, TEMPLATE, { flag: "wx" }).catch((error: unknown) => {
    throw new NinetyError(`cannot write ${file}`, {
      exit: EXIT.usage,
      hint: "run this where the folder experiments is",
      cause: error,
    });
  });
  out.result(`${file}\nrun it: npm run experiment -- ${name}`);
  out.object({ file });
  return EXIT.pass;
}
