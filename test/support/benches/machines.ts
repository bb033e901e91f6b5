// Switches of machines: a process is one that can be off.
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { stateOf } from "../../../src/agents/processes.ts";
import type { GuardConfig } from "../../../src/model/agent-protocol.ts";
import type { Effect } from "../../../src/model/effect.ts";
import type { EffectBench } from "../effect-bench.ts";

type Machine = GuardConfig["machines"][string];

/**
 * `machine.sh on|off`: right in any state. Who is started writes its own id and keeps the lock
 * until it has: so none is forgotten when this is killed half-way.
 */
const POWER = `
cd "$(dirname "$0")"
exec 9>lock; flock 9
lives() { [ -s pid ] && kill -0 "$(cat pid)" 2>&-; }
if [ "$1" = on ]; then
  lives || echo >> boots
  lives || setsid env -i "PATH=$PATH" sh -c 'echo $$ > pid; exec sleep 1000 9>&- >&- 2>&-' &
else
  if lives; then kill -9 "$(cat pid)"; fi
  while lives; do sleep 0.01; done
  rm -f pid
fi
`;

const UNUSED: Machine = {
  powerOff: ["/bin/false"],
  powerOn: ["/bin/false"],
  reboot: ["/bin/false"],
};

const nodeOf = (effect: Effect): string => ("node" in effect ? effect.node : "");

/** Two machines that run. */
export const powerBench = (): Promise<EffectBench> => machineBench("power");

/** The same, and how often they booted since. */
export const rebootBench = (): Promise<EffectBench> => machineBench("reboot");

async function machineBench(kind: "power" | "reboot"): Promise<EffectBench> {
  const nodes = ["n1", "n2"] as const;
  const folders = nodes.map(() => mkdtempSync(join(tmpdir(), "ninety-machine-")));
  const script = (folder: string): string => join(folder, "machine.sh");
  const folderOf = (effect: Effect): string => folders[nodeOf(effect) === "n1" ? 0 : 1] ?? "";
  const pidOf = (folder: string): number => {
    try {
      return Number(readFileSync(join(folder, "pid"), "utf8"));
    } catch {
      return 0;
    }
  };
  for (const folder of folders) {
    writeFileSync(script(folder), POWER);
    execFileSync("/bin/sh", [script(folder), "on"], { stdio: "ignore" });
  }
  const machineOf = (folder: string): Machine => ({
    ...UNUSED,
    powerOff: ["/bin/sh", script(folder), "off"],
    powerOn: ["/bin/sh", script(folder), "on"],
    reboot: ["/bin/sh", "-c", `sh ${script(folder)} off; sleep 0.2; sh ${script(folder)} on`],
  });
  return {
    effect: (nth) => ({ kind, node: nodes[nth] }),
    mark: (effect) => `"node":"${nodeOf(effect)}"`,
    isThere: (effect) => {
      const pid = pidOf(folderOf(effect));
      return pid === 0 || stateOf(pid) === null;
    },
    ...(kind === "power"
      ? {}
      : {
          times: (effect: Effect) =>
            readFileSync(join(folderOf(effect), "boots"), "utf8").length - 1,
        }),
    guard: {
      api: null,
      machines: Object.fromEntries(nodes.map((name, nth) => [name, machineOf(folders[nth] ?? "")])),
    },
    close: async () => {
      for (const folder of folders) {
        execFileSync("/bin/sh", [script(folder), "off"], { stdio: "ignore" });
        rmSync(folder, { recursive: true, force: true });
      }
    },
  };
}
