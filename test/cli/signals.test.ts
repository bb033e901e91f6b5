// What a command does when nobody is left to read what it tells.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../support/ninety.ts";

/** Tells on stderr again and again; the first press goes to stdout, and ends it. */
const PROGRAM = `
import { exitFor, onPress } from ${JSON.stringify(join(ROOT, "src/cli/signals.ts"))};
process.stderr.on("error", () => {});
onPress((signal) => process.stdout.write(signal + " " + exitFor(signal), () => process.exit(0)));
setInterval(() => process.stderr.write("still here "), 20);
`;

test("a reader that is gone counts as a hang-up", async () => {
  const argv = ["--disable-warning=ExperimentalWarning", "--input-type=module", "-e", PROGRAM];
  const child = spawn(process.execPath, argv, {
    stdio: ["ignore", "pipe", "pipe"],
    timeout: 20_000,
  });
  let stdout = "";
  child.stdout.on("data", (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.once("data", () => child.stderr.destroy());
  await new Promise((resolve) => child.on("exit", resolve));
  expect(stdout).toBe("SIGHUP 143");
});
