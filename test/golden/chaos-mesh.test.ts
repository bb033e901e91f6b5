// The types in src/chaos-mesh/crds are those of the Chaos Mesh that is pinned.
// After a wanted change: node bin/with-node.js test/chaos-mesh.ts --write
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";

import { chaosMeshCrds, CRDS_FOLDER, formattedTypes } from "../support/chaos-mesh-sources.ts";

test("made again they are the same", ({ skip }) => {
  const sources = chaosMeshCrds();
  if ("missing" in sources) return skip(`no sources of Chaos Mesh: ${sources.missing}`);
  const files = formattedTypes(sources.crds);
  expect([...files.keys()]).toContain("pod-chaos.ts");
  expect(readdirSync(CRDS_FOLDER).sort()).toEqual([...files.keys()].sort());
  for (const [name, text] of files)
    expect(readFileSync(join(CRDS_FOLDER, name), "utf8"), name).toBe(text);
});
