// Real signals to a real process: the second one says what is still held, and for how long.
import { spawn } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ROOT } from "../support/ninety.ts";

const PROGRAM = `
import { onSignals } from ${JSON.stringify(join(ROOT, "src/cli/signals.ts"))};
const event = (edge, more) => ({ atUs: 0, type: "fault", id: "f01", edge, ...more });
const device = { kind: "gpu", node: "n1", device: "d", holder: null };
const effect = { kind: "gpu-state", gpu: device, state: "lost", signal: true, symptom: true };
const events = [
  event("inject-begin", { targets: [device], effects: [{ id: "f01.0", effect }], lateUs: 0 }),
  event("inject-end", { stampUs: 0 }),
];
// A second passes with every line: two signals are never the same press.
let nowMs = 0;
const say = (line) => ((nowMs += 1_000), process.stdout.write(line + "\\n"));
const signals = onSignals({
  log: { events: () => events },
  clock: { nowMs: () => nowMs },
  lease: () => ({ leaseMs: Number(process.argv[2]), deadlineMs: Number(process.argv[3]) }),
  say,
});
signals.stop.addEventListener("abort", () => say(signals.stop.reason.code));
const heal = () => (events.push(event("heal-end")), say("healed"));
process.on("SIGUSR2", heal);
process.on("message", () => process.exit(signals.caught()));
say("ready");
`;

/** Presses and waits for the line that answers it. */
async function pressed(leaseMs: number, deadlineMs: number): Promise<readonly string[]> {
  const argv = ["--input-type=module", "-e", PROGRAM, "program"];
  const child = spawn(process.execPath, [...argv, `${leaseMs}`, `${deadlineMs}`], {
    stdio: ["ignore", "pipe", "inherit", "ipc"],
  });
  const lines: string[] = [];
  const answers: (() => void)[] = [];
  let rest = "";
  child.stdout?.on("data", (chunk: Buffer) => {
    const parts = (rest + chunk.toString()).split("\n");
    rest = parts.pop() ?? "";
    for (const line of parts) {
      lines.push(line);
      answers.shift()?.();
    }
  });
  const said = (count: number): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => (lines.length >= count ? resolve() : void answers.push(look));
      look();
    });
  await said(1);
  child.kill("SIGINT");
  await said(3);
  child.kill("SIGINT");
  await said(4);
  child.kill("SIGUSR2");
  await said(5);
  child.kill("SIGTERM");
  await said(6);
  const code = new Promise((resolve) => child.once("exit", resolve));
  child.send("end");
  return [...lines, `exit ${String(await code)}`];
}

test("the first Ctrl-C aborts, the second tells what is held, a third that nothing is", async () => {
  expect(await pressed(10_000, 90_000)).toEqual([
    "ready",
    "SIGINT: healing and tearing down; once more to see what is still held",
    "interrupted",
    // Ten seconds, and three for a renewal that was under way, since the first one 2 s ago.
    "f01 is still held (gpu-state); its lease ends it in 11 s at the latest",
    "healed",
    "nothing is held; tearing down",
    "exit 130",
  ]);
});

test("a lease that is as long as the deadline counts from the effect's own stamp", async () => {
  const [, , , held] = await pressed(90_000, 90_000);
  expect(held).toBe("f01 is still held (gpu-state); its lease ends it in 87 s at the latest");
});
