// An API server over HTTP for the front door: a FakeApi, and a kubeconfig that leads to it.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Json } from "../../src/model/json.ts";
import type { FakeApi } from "../../src/testing/fake-cluster.ts";

export interface FakeApiServer {
  /** Of context `staging`. */
  readonly kubeconfig: string;
  /** Methods and paths of all that was asked for, but looks and questions about rights. */
  readonly changes: readonly string[];
  stop(): Promise<void>;
}

const REVIEWS = "apis/authorization.k8s.io/v1/selfsubjectaccessreviews";

export async function serveFakeApi(api: FakeApi): Promise<FakeApiServer> {
  const folder = mkdtempSync(join(tmpdir(), "ninety-fake-api-"));
  const changes: string[] = [];
  const answer = async (
    method: string,
    url: string,
    body: string,
  ): Promise<{ readonly status: number; readonly body: unknown }> => {
    const path = url.replace(/^\//, "");
    if (path === REVIEWS) return { status: 201, body: { status: { allowed: true } } };
    if (path === "version") {
      return { status: 200, body: { major: "1", minor: "36", gitVersion: "v1.36.0" } };
    }
    if (method === "GET") {
      const found = await api.get(path.split("?")[0] ?? "");
      if (found !== null) return { status: 200, body: found };
      const isList = /\/[a-z]+s$/.test(path.split("?")[0] ?? "");
      const items = isList ? await api.list(path) : [];
      return isList
        ? { status: 200, body: { kind: "List", items } }
        : { status: 404, body: { kind: "Status", code: 404 } };
    }
    changes.push(`${method} ${path}`);
    const done = await api.call({
      method,
      path,
      body: (body === "" ? null : JSON.parse(body)) as Json,
    });
    return { status: done.status, body: done.body === "" ? {} : JSON.parse(done.body) };
  };
  const server = createServer((request, response) => {
    let body = "";
    request.on("data", (chunk: Buffer) => (body += chunk.toString()));
    request.on("end", () => {
      void answer(request.method ?? "GET", request.url ?? "", body).then((told) => {
        response.writeHead(told.status, { "content-type": "application/json" });
        response.end(JSON.stringify(told.body));
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const cluster = { server: `http://127.0.0.1:${port}`, "insecure-skip-tls-verify": true };
  const kubeconfig = join(folder, "kubeconfig");
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "c", cluster }],
      users: [{ name: "u", user: {} }],
      contexts: [{ name: "staging", context: { cluster: "c", user: "u" } }],
      "current-context": "staging",
    }),
  );
  return {
    kubeconfig,
    changes,
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
