import { tmpdir } from "node:os";
import { expect, test } from "vitest";
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
  expect(code).toBeNull();
  expect(stderr).toContain("ENOENT");
});

test("a line without an end is not kept for ever", async () => {
  const process = start('setInterval(() => process.stdout.write("x".repeat(1e6)), 1)');
  const { signal, stderr } = await process.ended;
  expect(signal).toBe("SIGKILL");
  expect(stderr).toContain("a line must be at most");
});
