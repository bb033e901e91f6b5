import { access, copyFile, mkdir, readdir, writeFile } from "node:fs/promises";
import { join, resolve, sep } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { EXIT, NinetyError } from "../model/error.ts";
import { at, textAt } from "../model/json.ts";
import type { LoadPlan } from "../model/plan.ts";
import type { LoadRunner } from "../ports/load.ts";
import { died, K6Load } from "./k6/running.ts";

/** For k6 to make its virtual users and send the first request of each scenario. */
const BEGIN_MS = 60_000;

/** A stall of the machine during which no user comes back: more would only be idle longer. */
const STALL_MS = 200;

/**
 * Virtual users of one scenario: enough that a service which answers nothing at all drops no tick.
 * They take turns, so users / rate is how long a kept connection idles: `timeoutMs` + 2.2 s at
 * most, which must stay well below the 75 s after which servers close it.
 */
export function usersFor({ rateRps, timeoutMs }: LoadPlan): number {
  return Math.ceil((rateRps * (timeoutMs + STALL_MS)) / 1_000) + 2;
}

export interface K6Options {
  /** k6 with the extension of binaries/k6-record. */
  readonly k6Path: string;
  /** Holds `<load>.js` of each load, and what those import. */
  readonly scriptsFolder: string;
  /** Holds the `files` that a load's options name, such as `<model>/<version>/expected.json`. */
  readonly modelsFolder: string;
}

/**
 * Offers load with k6: one process, one scenario for each kind of connection. Which load it is, is
 * data: its script, and of its options `path` (asked for at the address), `files` (given to the
 * script by name, as paths) and whatever else the script reads. `start` resolves once each scenario
 * has sent a request. Throws NinetyError: exit 4 where a file is missing, exit 2 where k6 dies.
 */
export function k6Runner(options: K6Options): LoadRunner {
  return {
    start: async (of) => {
      const { plan, workFolder } = of;
      const scriptPath = join(workFolder, `${plan.load}.js`);
      const configPath = join(workFolder, "load.json");
      const recordPath = join(workFolder, "k6-record.ndjson");
      const logPath = join(workFolder, "k6.log");
      const homeFolder = join(workFolder, "k6-home");
      const files = filesOf(plan, options.modelsFolder);
      await present({ k6: options.k6Path, ...files });
      await copyScripts(options.scriptsFolder, workFolder);
      await mkdir(homeFolder, { recursive: true });
      const config = {
        url: `http://${of.address}${textAt(plan.options, "path")}`,
        rateRps: plan.rateRps,
        timeoutMs: plan.timeoutMs,
        atMostMs: Math.ceil(of.atMostMs),
        users: usersFor(plan),
        seed: of.seed,
        scenarios: plan.scenarios,
        options: plan.options,
        files,
      };
      await writeFile(configPath, JSON.stringify(config, null, 2));
      const process = of.host.start({
        argv: argvOf({ k6Path: options.k6Path, scriptPath, recordPath, logPath }),
        env: {
          HOME: homeFolder,
          NINETY_LOAD_CONFIG: configPath,
          K6_NO_USAGE_REPORT: "true",
          K6_AUTO_EXTENSION_RESOLUTION: "false",
          NO_PROXY: "*",
        },
        workFolder,
      });
      const load = new K6Load({
        process,
        recordPath,
        logPath,
        scenarios: plan.scenarios.map(({ name }) => name),
        monotonicStartUs: of.monotonicStartUs,
        onRequest: of.onRequest,
        onSample: of.onSample,
      });
      await begun(load, () => process.kill("SIGKILL"));
      return load;
    },
  };
}

function argvOf(of: {
  readonly k6Path: string;
  readonly scriptPath: string;
  readonly recordPath: string;
  readonly logPath: string;
}): readonly string[] {
  return [
    of.k6Path,
    "run",
    "--quiet",
    "--no-color",
    "--no-thresholds",
    "--summary-mode=disabled",
    // A failed request is a warning: it is in the record, and a thousand a second flood no log.
    `--log-output=file=${of.logPath},level=error`,
    "--out",
    `record=${of.recordPath}`,
    of.scriptPath,
  ];
}

/** The files that a load's options name, by name, as paths below `folder`. */
function filesOf(plan: LoadPlan, folder: string): Readonly<Record<string, string>> {
  const named = Object.entries((at(plan.options, "files") ?? {}) as Record<string, unknown>);
  return Object.fromEntries(
    named.map(([name, file]) => {
      const path = resolve(folder, String(file));
      if (path.startsWith(`${resolve(folder)}${sep}`)) return [name, path];
      throw new NinetyError(`load.options.files.${name} must be below ${folder}, got ${path}`, {
        exit: EXIT.preflight,
      });
    }),
  );
}

/** All of them: a script may import others. */
async function copyScripts(from: string, to: string): Promise<void> {
  const names = (await readdir(from)).filter((name) => name.endsWith(".js"));
  await Promise.all(names.map(async (name) => copyFile(join(from, name), join(to, name))));
}

async function present(files: Readonly<Record<string, string>>): Promise<void> {
  for (const [what, path] of Object.entries(files)) {
    await access(path).catch((error: unknown) => {
      throw new NinetyError(`load needs ${what}: ${path} must be there`, {
        exit: EXIT.preflight,
        cause: error,
      });
    });
  }
}

async function begun(load: K6Load, abort: () => void): Promise<void> {
  const timer = new AbortController();
  const late = sleep(BEGIN_MS, "late", { signal: timer.signal }).catch(() => "stopped");
  try {
    const first = await Promise.race([load.begun, late]);
    if (first === "late") {
      abort();
      throw died(`k6 must send its first requests within ${BEGIN_MS} ms`);
    }
  } finally {
    timer.abort();
  }
}
