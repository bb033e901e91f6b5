// Looks at a container of this node, and tries what a process of it could do: `look-in-container.ts
// <JSON>`, `{pod, ...look}`; says one line of JSON. Nothing of it stays.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import type { ContainerLook } from "../model/container-look.ts";
import type { Json, JsonObject } from "../model/json.ts";
import type { Target } from "../model/target.ts";
import { cgroupHere, containerHere } from "./container.ts";
import { DISK_CONTROLLER } from "./disk-limit.ts";
import { startOf } from "./process-identity.ts";
import { toldBy } from "./program.ts";

const TRY_MAX_MS = 8_000;
const WRITE_BYTES = 65_536;

const ask = JSON.parse(process.argv[2] ?? "{}") as ContainerLook & { readonly pod: Target<"pod"> };
const { main } = containerHere(ask);
const first = { main: `${main} from ${startOf(main) ?? "nowhere"}` };
process.stdout.write(`${JSON.stringify({ ...first, ...(await look()) })}\n`);

async function look(): Promise<JsonObject> {
  switch (ask.at) {
    case "files":
      return files();
    case "processes":
      return processes();
    case "disk":
      return tried({ do: "write", path: ask.path, bytes: WRITE_BYTES });
    case "reads": {
      const { cgroup } = await cgroupHere(ask, DISK_CONTROLLER);
      return tried({ do: "read", cgroup, bytes: ask.bytes, withinMs: ask.withinMs });
    }
  }
}

/** Numbers below the soft limit that no open file has. */
function files(): JsonObject {
  const open = readdirSync(`/proc/${main}/fd`).map(Number);
  const limits = readFileSync(`/proc/${main}/limits`, "utf8");
  const limit = Number(/^Max open files\s+(\d+)/m.exec(limits)?.[1]);
  return { open: open.length, limit, spare: limit - open.filter((fd) => fd < limit).length };
}

async function processes(): Promise<JsonObject> {
  const { cgroup } = await cgroupHere(ask, "pids");
  const numberIn = (name: string): Json => {
    const text = readFileSync(join(cgroup.folder, name), "utf8").trim();
    return text === "max" ? null : Number(text);
  };
  const now = { now: numberIn("pids.current"), limit: numberIn("pids.max") };
  return { ...now, ...tried({ do: "start", cgroup }) };
}

function tried(config: object): JsonObject {
  return JSON.parse(toldBy("try", { pid: main, ...config }, TRY_MAX_MS)) as JsonObject;
}
