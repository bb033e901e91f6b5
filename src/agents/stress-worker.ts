import { createInterface } from "node:readline";

import type { Us } from "../model/quantity.ts";
import { nowUs } from "./monotonic.ts";
import { lives } from "./process-identity.ts";

/** The words `name=value` of the command line. */
export const argument = (name: string): string =>
  process.argv.find((word) => word.startsWith(`${name}=`))?.slice(name.length + 1) ?? "";

/**
 * Says that it is ready, then works in steps from when it is told until when it may. It ends at
 * that time if nobody says more, with whoever holds its stdin, and with the process that it was
 * put beside: a cgroup with a stranger in it could not be removed.
 */
export function work(step: () => Promise<void>): void {
  const pid = Number(argument("main"));
  const start = argument("start");
  let untilUs: Us | null = null;
  const mayWork = (): boolean => untilUs !== null && nowUs() < untilUs && lives(pid, start);
  const run = async (): Promise<void> => {
    while (mayWork()) await step();
    process.exit(0);
  };
  const lines = createInterface({ input: process.stdin });
  lines.on("line", (line) => {
    const begins = untilUs === null;
    untilUs = Number(line);
    if (begins) void run();
  });
  lines.on("close", () => process.exit(0));
  process.stdout.write("ready\n");
}
