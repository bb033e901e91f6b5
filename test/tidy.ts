// The rules of the house that no other tool checks. Each message says what to do.
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const problems: string[] = [];

function filesBelow(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && !entry.parentPath.includes("node_modules"))
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
}

const sources = ["src", "workloads", "experiments", "test", "bin"]
  .flatMap(filesBelow)
  .filter((file) => /\.(ts|js)$/.test(file));
const texts = new Map(sources.map((file) => [file, readFileSync(join(root, file), "utf8")]));

/** What each room may import of the others; node:* and packages only where said. */
const ROOMS: readonly {
  readonly room: string;
  readonly may: readonly string[];
  readonly outside: boolean;
}[] = [
  { room: "src/model", may: [], outside: false },
  { room: "src/ports", may: ["src/model"], outside: false },
  { room: "src/measure", may: ["src/model"], outside: false },
  { room: "src/kernel", may: ["src/model", "src/ports", "src/measure"], outside: false },
  { room: "src/faults", may: ["src/model", "src/ports", "src/measure"], outside: false },
  { room: "src/checks", may: ["src/model", "src/ports", "src/measure"], outside: false },
  { room: "src/reporters", may: ["src/model", "src/ports", "src/measure"], outside: true },
  { room: "src/samplers", may: ["src/model", "src/ports"], outside: true },
  { room: "src/load", may: ["src/model", "src/ports"], outside: true },
  { room: "src/injectors", may: ["src/model", "src/ports"], outside: true },
  { room: "src/clusters", may: ["src/model", "src/ports"], outside: true },
  { room: "src/chaos-mesh", may: ["src/model"], outside: false },
  { room: "src/artifacts", may: ["src/model", "src/ports"], outside: true },
  { room: "src/store", may: ["src/model", "src/ports"], outside: true },
  { room: "src/agents", may: ["src/model"], outside: true },
  {
    room: "workloads/parts",
    may: ["src/model", "src/ports", "workloads/manifests"],
    outside: false,
  },
  { room: "workloads/manifests", may: ["src/model"], outside: true },
  { room: "workloads/programs", may: ["src/model"], outside: true },
  { room: "workloads/models", may: ["src/model"], outside: true },
];

/** Plug-ins do not know each other: a file of these rooms imports no other file of its room. */
const APART = ["src/faults", "src/checks"];

const roomOf = (file: string): string | undefined =>
  ROOMS.find(({ room }) => file.startsWith(`${room}/`))?.room;

function imports(text: string): readonly string[] {
  return [...text.matchAll(/(?:^|\n)\s*(?:import|export)[^;"']*?from\s*["']([^"']+)["']/g)].map(
    (hit) => hit[1] ?? "",
  );
}

function checkImports(file: string, text: string): void {
  const rule = ROOMS.find(({ room }) => file.startsWith(`${room}/`));
  if (!rule) return;
  for (const from of imports(text)) {
    if (!from.startsWith(".")) {
      if (!rule.outside) problems.push(`${file}: ${rule.room} imports no package, got ${from}`);
      continue;
    }
    const to = relative(root, resolve(root, dirname(file), from));
    const room = roomOf(to);
    const own = room === rule.room;
    if (own && APART.includes(rule.room))
      problems.push(`${file}: plug-ins do not import each other, got ${to}`);
    if (!own && !(room !== undefined && rule.may.includes(room))) {
      problems.push(
        `${file}: ${rule.room} may import ${rule.may.join(", ") || "nothing"}, got ${to}`,
      );
    }
  }
}

function checkText(file: string, text: string): void {
  const lines = text.split("\n");
  if (lines.length > 401) problems.push(`${file}: ${lines.length} lines, at most 400: split it`);
  lines.forEach((line, at) => {
    // A text is not cut in two to fit.
    if (line.length > 100 && !/https?:\/\/|["'`].*["'`]/.test(line)) {
      problems.push(`${file}:${at + 1}: ${line.length} columns, at most 100`);
    }
  });
  if (file !== "test/tidy.ts" && /\b(FIXME|XXX|TODO)\b/.test(text)) {
    problems.push(`${file}: unfinished business: do it or file an issue`);
  }
  if (/\b(it|test|describe)\.(only|skip|todo)\b/.test(text)) {
    problems.push(`${file}: a focused or skipped test: run all of them`);
  }
  if (/\b(attack|monkey)\b/i.test(text) && file !== "test/tidy.ts") {
    problems.push(`${file}: say fault, step or inject: see the words in docs/ARCHITECTURE.md`);
  }
}

function checkNames(file: string, text: string): void {
  const name = basename(file).replace(/\.(ts|js)$/, "");
  const kinds = "test|e2e|full|long|experiment|suite|d|config|bench";
  if (!new RegExp(`^[a-z0-9]+(-[a-z0-9]+)*(\\.(${kinds}))*$`).test(name)) {
    problems.push(`${file}: file names are kebab-case`);
  }
  const plugin = /^src\/(faults|checks|samplers|reporters)\/[^/]+$/.test(file);
  if (plugin && !new RegExp(`(name: |NAME = )"${name}"`).test(text)) {
    problems.push(`${file}: a plug-in has the name of its file: name: "${name}"`);
  }
  const unitless = /\b(timeout|delay|interval|duration|period)(?:: number|\s*=\s*\d)/.exec(text);
  if (unitless && file.startsWith("src/")) {
    problems.push(`${file}: a number's name ends in its unit, got ${unitless[1]}`);
  }
}

for (const [file, text] of texts) {
  checkImports(file, text);
  checkText(file, text);
  checkNames(file, text);
}

const decisions = readdirSync(join(root, "docs/adr")).sort();
decisions.forEach((file, at) => {
  const number = String(at + 1).padStart(4, "0");
  if (!file.startsWith(`${number}-`)) problems.push(`docs/adr/${file}: must begin with ${number}-`);
});

if (sources.length < 50) problems.push(`only ${sources.length} files were looked at`);
for (const problem of problems) console.log(problem);
console.log(`tidy: ${sources.length} files, ${problems.length} problems`);
process.exit(problems.length === 0 ? 0 : 1);
