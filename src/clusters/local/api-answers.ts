import { readFileSync } from "node:fs";
import { request } from "node:https";
import { join } from "node:path";
import type { Layout } from "./layout.ts";

/** GET /readyz as the administrator; null: ready; else why not. Never throws. */
export function apiMissing(layout: Layout): Promise<string | null> {
  const { pki } = layout.paths;
  return new Promise((resolve) => {
    const asked = request(
      {
        host: layout.network.host.controlAddress,
        port: layout.network.apiPort,
        path: "/readyz",
        ca: readFileSync(join(pki, "ca.crt")),
        cert: readFileSync(join(pki, "admin.crt")),
        key: readFileSync(join(pki, "admin.key")),
        agent: false,
        timeout: 2_000,
      },
      (answer) => {
        answer.resume();
        const status = answer.statusCode ?? 0;
        answer.on("close", () => resolve(status === 200 ? null : `/readyz answers ${status}`));
      },
    );
    asked.on("timeout", () => asked.destroy(new Error("no answer within 2 s")));
    asked.on("error", (error) => resolve(error.message));
    asked.end();
  });
}
