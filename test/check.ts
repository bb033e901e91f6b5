// npm run check: types, lint, format, dead code, tidy rules and generated docs, side by side; zero
// warnings.
import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const bin = (name: string): string => `${root}node_modules/.bin/${name}`;
const node = process.execPath;

const STEPS: readonly (readonly [name: string, ...argv: string[]])[] = [
  ["types", bin("tsc"), "-p", "tsconfig.json"],
  ["types, pure parts", bin("tsc"), "-p", "tsconfig.pure.json"],
  ["types, load scripts", bin("tsc"), "-p", "tsconfig.load.json"],
  ["lint", bin("oxlint"), "--type-aware", "--deny-warnings"],
  ["format", bin("oxfmt"), "--check", "."],
  ["dead code", node, `${root}node_modules/knip/bin/knip.js`, "--config", "test/knip.json"],
  ["tidy", node, "test/tidy.ts"],
  ["docs", node, "test/docs.ts"],
];

interface Ended {
  readonly name: string;
  readonly code: number;
  readonly output: string;
  readonly tookMs: number;
}

function run([name, command = "", ...args]: (typeof STEPS)[number]): Promise<Ended> {
  const startMs = performance.now();
  return new Promise((resolve) => {
    const path = `${node.replace(/\/node$/, "")}:${process.env["PATH"] ?? ""}`;
    const child = spawn(command, args, { cwd: root, env: { ...process.env, PATH: path } });
    const chunks: Buffer[] = [];
    child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
    child.stderr.on("data", (chunk: Buffer) => chunks.push(chunk));
    const end = (code: number): void =>
      resolve({
        name,
        code,
        output: Buffer.concat(chunks).toString(),
        tookMs: performance.now() - startMs,
      });
    child.on("error", (error) => {
      chunks.push(Buffer.from(String(error)));
      end(1);
    });
    child.on("exit", (code) => end(code ?? 1));
  });
}

const ended = await Promise.all(STEPS.map(run));
for (const { name, code, output, tookMs } of ended) {
  console.log(`${code === 0 ? "ok  " : "FAIL"} ${name} (${(tookMs / 1_000).toFixed(1)} s)`);
  if (code !== 0) console.log(output.trim().replace(/^/gm, "     "));
}
const failed = ended.filter((step) => step.code !== 0).length;
console.log(`${ended.length - failed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);
