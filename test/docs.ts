// Pages that are made of the source: says which of them lag behind it; --write brings them up.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

import { loadPlugins } from "../src/cli/plugins.ts";
import { faultsPage } from "./support/faults-page.ts";

const PAGES: readonly (readonly [path: string, make: () => Promise<string>])[] = [
  ["docs/FAULTS.md", async () => faultsPage((await loadPlugins()).faults)],
];

const write = process.argv.includes("--write");
const lagging: string[] = [];
for (const [path, make] of PAGES) {
  const file = fileURLToPath(new URL(`../${path}`, import.meta.url));
  const page = await make();
  if (write) writeFileSync(file, page);
  if (textOf(file) !== page) lagging.push(path);
}
for (const path of lagging) {
  console.log(`${path} is not what the source says: node bin/with-node.js test/docs.ts --write`);
}
console.log(`docs: ${PAGES.length} pages, ${lagging.length} behind`);
process.exit(lagging.length === 0 ? 0 : 1);

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    return "";
  }
}
