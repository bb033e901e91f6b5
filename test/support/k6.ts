// k6 as ninety runs it, beside a test instead of on a load host.
import { spawn, type ChildProcess } from "node:child_process";
import { ensureBinaries, programPath } from "../../src/artifacts/binaries.ts";
import { cacheRoot } from "../../src/cli/folders.ts";
import type { LoadPlan, PlannedPart } from "../../src/model/plan.ts";
import type { LoadHost } from "../../src/ports/cluster.ts";
import type { Load } from "../../src/ports/load.ts";

/** Path of k6 with the extension of binaries/k6-record; NINETY_K6 names another one. */
export async function k6Program(): Promise<string> {
  const given = process.env["NINETY_K6"];
  if (given) return given;
  const binaries = await ensureBinaries({
    cacheRoot: cacheRoot(),
    want: ["k6"],
    progress: () => {},
    signal: AbortSignal.timeout(600_000),
    installPackages: false,
  });
  return programPath(binaries, "k6");
}

/** Starts processes beside the test, which ends those that it finds in `started`. */
export function loadHost(
  started: ChildProcess[],
  change: (argv: readonly string[]) => readonly string[] = (argv) => argv,
): LoadHost {
  return {
    start: ({ argv, env, workFolder }) => {
      const [program = "", ...args] = change(argv);
      const child = spawn(program, args, {
        env,
        cwd: workFolder,
        stdio: ["ignore", "pipe", "pipe"],
      });
      started.push(child);
      let stderr = "";
      child.stderr.on("data", (data: Buffer) => {
        stderr = (stderr + data.toString()).slice(-4_096);
      });
      return {
        pid: child.pid ?? 0,
        onLine: () => {},
        kill: (signal) => void child.kill(signal),
        ended: new Promise((resolve) => {
          child.on("close", (code, signal) => resolve({ code, signal, stderr }));
        }),
      };
    },
  };
}

/** What the planner makes of a load that an author wrote. */
export function loadPlanOf({ definition, options }: Load, to: PlannedPart): LoadPlan {
  const read = Object.fromEntries(
    Object.entries(definition.params).map(([name, field]) => [
      name + field.unit,
      field.read((options as Record<string, unknown>)[name]),
    ]),
  );
  return definition.plan(read, to.part, to);
}
