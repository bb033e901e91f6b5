// docs/ADDING_A_FAULT.md does what it says: its blocks are put where it says into a copy of the
// sources, compiled, run through the contract, listed and planned.
import { spawnSync } from "node:child_process";
import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";

import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";

import { ROOT } from "../support/ninety.ts";

/** "```ts path" to its end. */
const BLOCK = /^```ts (\S+)\n([\s\S]*?)^```$/gm;
const page = readFileSync(join(ROOT, "docs/ADDING_A_FAULT.md"), "utf8");
const blocks = [...page.matchAll(BLOCK)].map(([, path = "", text = ""]) => ({ path, text }));
const PAGE_CONFIG = "tsconfig.page.json";
const NAME = "gpu-false-alarm";

let root = "";
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), "ninety-adding-"));
  for (const path of ["src", "workloads", "bin", "experiments", "package.json", "tsconfig.json"])
    cpSync(join(ROOT, path), join(root, path), { recursive: true });
  for (const path of ["test/contract", "test/support", "test/vitest.config.ts"])
    cpSync(join(ROOT, path), join(root, path), { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), join(root, "node_modules"));
  for (const { path, text } of blocks) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  // The other project: it depends on ninety by path, as npm would link it.
  writeFileSync(join(root, "elsewhere/package.json"), '{ "type": "module" }');
  mkdirSync(join(root, "elsewhere/node_modules"));
  symlinkSync(root, join(root, "elsewhere/node_modules/ninety"));
  symlinkSync(join(ROOT, "node_modules/vitest"), join(root, "elsewhere/node_modules/vitest"));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

function node(folder: string, ...args: readonly string[]): { code: number | null; said: string } {
  const env = { ...process.env, NO_COLOR: "1" };
  const options = { cwd: join(root, folder), env, encoding: "utf8", timeout: 50_000 } as const;
  const ended = spawnSync(process.execPath, args, options);
  return { code: ended.status, said: `${ended.stdout}${ended.stderr}` };
}

/** The contract's tests of that fault, by how they ended. */
function contract(folder: string, ...args: readonly string[]): Readonly<Record<string, number>> {
  const report = join(root, "vitest.json");
  const vitest = join(root, "node_modules/vitest/vitest.mjs");
  const asked = ["--reporter=json", `--outputFile=${report}`, "-t", `fault ${NAME} `];
  const { said } = node(folder, vitest, "run", ...args, ...asked);
  expect(said).not.toMatch(/error/i);
  const { numPassedTests: passed = 0, numFailedTests: failed = 0 } = JSON.parse(
    readFileSync(report, "utf8"),
  ) as Record<string, number>;
  return { passed, failed };
}

test("the page touches one source file, and the fault's worlds", () => {
  expect(blocks.map(({ path }) => path)).toEqual([
    `src/faults/${NAME}.ts`,
    `test/contract/worlds/${NAME}.ts`,
    `elsewhere/${NAME}.ts`,
    "elsewhere/false-alarm.experiment.ts",
    `elsewhere/${NAME}.test.ts`,
  ]);
});

test("its blocks compile", () => {
  const config = { extends: "./tsconfig.json", include: [], files: blocks.map(({ path }) => path) };
  writeFileSync(join(root, PAGE_CONFIG), JSON.stringify(config));
  const compiled = (): object => node(".", "node_modules/typescript/bin/tsc", "-p", PAGE_CONFIG);
  expect(compiled()).toEqual({ code: 0, said: "" });
  const [{ path, text }] = blocks as [(typeof blocks)[number]];
  writeFileSync(join(root, path), text.replace("gpu.node", "gpu.pod"));
  expect(compiled()).toMatchObject({ code: 1 });
  writeFileSync(join(root, path), text);
});

test("in the tree it passes the contract, found by listing the folder", () => {
  const { passed, failed } = contract(
    ".",
    "--config=test/vitest.config.ts",
    "--project=fast",
    "test/contract/fault.test.ts",
  );
  expect(failed).toBe(0);
  expect(passed).toBeGreaterThan(20);
});

test("in the tree it is listed, with what it needs", () => {
  const { code, said } = node(".", "src/cli.ts", "list", "faults", "--json");
  expect(code, said).toBe(0);
  expect(JSON.parse(said)).toContainEqual(
    expect.objectContaining({ name: NAME, needs: ["node agent", "virtual GPUs"] }),
  );
});

test("outside of the tree it passes the contract and is planned", () => {
  const { passed, failed } = contract("elsewhere", `${NAME}.test.ts`);
  expect(failed).toBe(0);
  expect(passed).toBeGreaterThan(20);
  rmSync(join(root, `src/faults/${NAME}.ts`));
  const planned = node("elsewhere", "../src/cli.ts", "plan", "./false-alarm.experiment.ts");
  expect(planned.code, planned.said).toBe(0);
  expect(planned.said).toContain(`f01 ${NAME} on 1 gpu of server, from 0 s until 60 s`);
});

test("a proof that believes the injector does not pass", () => {
  const path = join(root, `elsewhere/${NAME}.ts`);
  const blind = readFileSync(path, "utf8").replace('"present" : "absent"', '"present" : "present"');
  writeFileSync(path, blind);
  expect(contract("elsewhere", `${NAME}.test.ts`)["failed"]).toBeGreaterThanOrEqual(3);
});
