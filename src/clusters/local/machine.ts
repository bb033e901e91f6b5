import { parseArgs } from "node:util";
import { EXIT, messageOf, NinetyError } from "../../model/error.ts";
import { actOn, MACHINE_ACTIONS } from "./machine-power.ts";
import { needCluster } from "./state.ts";

/**
 * The switches of a machine, as a command for the guard:
 * `machine.ts --state <folder> --node n2 --do power-off|power-on|reboot|…`.
 * Each is right in any state; the caller keeps two at once from the same machine.
 */
async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { state: { type: "string" }, node: { type: "string" }, do: { type: "string" } },
  });
  const action = MACHINE_ACTIONS.find((name) => name === values.do);
  if (values.state === undefined || values.node === undefined || action === undefined)
    throw new NinetyError(
      `--state, --node and --do (${MACHINE_ACTIONS.join(", ")}) must be given, got ${values.do}`,
      { exit: EXIT.usage },
    );
  await actOn(needCluster(values.state).layout, values.node, action);
}

try {
  await main();
} catch (error) {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = error instanceof NinetyError ? error.exit : EXIT.internal;
}
