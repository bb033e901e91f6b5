// The types in src/chaos-mesh/crds, made of the CRDs of the Chaos Mesh that binaries/chaos-mesh
// pins: --write makes them anew; test/golden/chaos-mesh.test.ts says when they lag behind.
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { chaosMeshCrds, CRDS_FOLDER, formattedTypes } from "./support/chaos-mesh-sources.ts";

if (!process.argv.includes("--write")) {
  console.log("usage: node bin/with-node.js test/chaos-mesh.ts --write");
  process.exit(3);
}
const sources = chaosMeshCrds();
if ("missing" in sources) {
  console.log(`no sources of Chaos Mesh: ${sources.missing}`);
  process.exit(1);
}
rmSync(CRDS_FOLDER, { recursive: true, force: true });
mkdirSync(CRDS_FOLDER, { recursive: true });
const files = formattedTypes(sources.crds);
for (const [name, text] of files) writeFileSync(join(CRDS_FOLDER, name), text);
console.log(`${files.size} files in src/chaos-mesh/crds`);
