// docs/FAULTS.md, from the faults themselves.
import { allowed, faultEntry, lasting, NEEDS, type FaultEntry } from "../../src/cli/catalogue.ts";
import type { AnyFault } from "../../src/ports/fault.ts";

const HEAD = `<!-- Made by test/docs.ts of the files in src/faults: change those. -->

# Faults

One file in \`src/faults\` each; \`npx ninety list faults\` prints the same. How to add one: [ADDING_A_FAULT.md](ADDING_A_FAULT.md).

Every fault takes \`on\` (what it meets: \`one(server.pods)\`, \`exactly(2, server.gpus)\`, \`all(server.nodes)\`, for a link \`between(…)\`) and may be given \`at\` (from the start of the faults phase; default \`"0s"\`). One that is held takes \`for\` (how long), and \`follow: true\` where it is not on a node: it meets the replacements of its targets too. Steps overlap as their times say; \`inTurn([ … ], { gap: "10s" })\` puts one after the other, \`repeat(step, { times: 3, every: "2m" })\` does one again and again on targets drawn anew (one GPU that goes bad and well is \`gpu-flapping\`), and a ramp is \`inTurn\` over steps that differ.

| needs | where it is |
|---|---|
${NEEDS.map(({ what, where }) => `| ${what} | ${where} |`).join("\n")}

What a step needs and the cluster lacks is told before anything is touched (exit 4).
A fault whose *evidence* is not seen makes the run unknown, whatever the injector said.
`;

export function faultsPage(faults: readonly AnyFault[]): string {
  const entries = faults.map(faultEntry);
  return [HEAD, overview(entries), ...entries.map(section)].join("\n");
}

function overview(entries: readonly FaultEntry[]): string {
  const rows = entries.map(
    (one) =>
      `| [${one.name}](#${one.name}) | ${one.on.join(", ")} | ${lasting(one)} | ${one.needs.join(", ")} | ${cell(one.about)} |`,
  );
  return `${["| fault | on | lasts | needs | about |", "|---|---|---|---|---|", ...rows].join("\n")}\n`;
}

function section(one: FaultEntry): string {
  const params = one.params.map(
    (param) => `| \`${param.field}\` | ${cell(allowed(param))} | ${cell(param.about)} |`,
  );
  return [
    `## ${one.name}`,
    "",
    one.about,
    "",
    `- on: ${one.on.join(" or ")}, ${lasting(one)}`,
    `- needs: ${one.needs.join(", ")}`,
    `- means: ${one.means.join("; ")}`,
    `- evidence: ${one.evidence}`,
    "",
    ...(params.length === 0
      ? ["No parameters of its own."]
      : ["| parameter | allowed | about |", "|---|---|---|", ...params]),
    "",
  ].join("\n");
}

/** A bar would end the cell. */
const cell = (text: string): string => text.replaceAll("|", "\\|");
