import { spawn } from "node:child_process";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { stateOf } from "../../src/agents/processes.ts";
import { processHost } from "../../src/clusters/kube/load-host.ts";

const start = (script: string, env: Readonly<Record<string, string>> = {}) =>
  processHost.start({ argv: [process.execPath, "-e", script], env, workFolder: tmpdir() });

test("a process gives whole lines, its end and its last words", async () => {
  const process = start(
    'console.log(process.env.X + "\\n2"); process.stdout.write("rest"); console.error("bye");' +
      "process.exitCode = 3",
    { X: "1" },
  );
  const lines: string[] = [];
  process.onLine((line) => lines.push(line));
  expect(process.pid).toBeGreaterThan(0);
  expect(await process.ended).toEqual({ code: 3, signal: null, stderr: "bye\n" });
  expect(lines).toEqual(["1", "2", "rest"]);
});

test("lines wait for a late taker", async () => {
  const process = start('console.log("early")');
  await process.ended;
  const lines: string[] = [];
  process.onLine((line) => lines.push(line));
  expect(lines).toEqual(["early"]);
});

test("a signal ends it", async () => {
  const process = start("console.log(1); setInterval(() => {}, 1000)");
  await new Promise<void>((resolve) => process.onLine(() => resolve()));
  process.kill("SIGTERM");
  expect(await process.ended).toMatchObject({ code: null, signal: "SIGTERM" });
});

test("what cannot be started has ended, with the reason", async () => {
  const process = processHost.start({ argv: ["/not/there"], env: {}, workFolder: tmpdir() });
  const { code, stderr } = await process.ended;
  expect(code).not.toBe(0);
  expect(stderr).toMatch(/\/not\/there.*(ENOENT|No such file)/);
});

test("a line without an end is not kept for ever", async () => {
  const process = start('setInterval(() => process.stdout.write("x".repeat(1e6)), 1)');
  const { signal, stderr } = await process.ended;
  expect(signal).toBe("SIGKILL");
  expect(stderr).toContain("a line must be at most");
});

test.skipIf(process.platform !== "linux")("it ends with whoever started it", async () => {
  const module = new URL("../../src/clusters/kube/load-host.ts", import.meta.url).href;
  const script = `
    const { processHost } = await import(${JSON.stringify(module)});
    const argv = [process.execPath, "-e", "console.log(process.pid); setInterval(() => {}, 1000)"];
    processHost.start({ argv, env: {}, workFolder: "/" }).onLine((line) => console.log(line));
  `;
  const starter = spawn(process.execPath, ["--input-type=module", "-e", script]);
  const [told] = (await once(starter.stdout, "data")) as [Buffer];
  const client = Number(told.toString());
  expect(["R", "S"]).toContain(stateOf(client));
  starter.kill("SIGKILL");
  // Its new parent may take its time to notice.
  await expect.poll(() => [null, "Z"].includes(stateOf(client))).toBe(true);
});
