import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { kubeApi } from "../../src/clusters/kube/api.ts";
import type { Api } from "../../src/ports/api.ts";

/** What a real API server says only now and then, said on purpose. */
type Reply = (answer: ServerResponse) => void;
const times = { windowS: 1, graceMs: 500, seamMs: 300, backoffMs: [1, 2] } as const;

let folder: string;
let server: Server;
let api: Api;
let lists: Reply[];
let streams: Reply[];
let asked: string[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "ninety-kube-watch-"));
  lists = [];
  streams = [];
  asked = [];
  server = createServer((request, answer) => {
    asked.push(request.url ?? "");
    const script = request.url?.includes("watch=true") === true ? streams : lists;
    const reply = script.shift();
    // After its script the server holds streams open and refuses lists.
    if (reply) reply(answer);
    else if (script === streams) answer.writeHead(200).flushHeaders();
    else answer.writeHead(500).end("out of script");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const path = join(folder, "config");
  const cluster = { server: `http://127.0.0.1:${port}/base/`, "insecure-skip-tls-verify": true };
  writeFileSync(
    path,
    JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "c", cluster }],
      users: [{ name: "u", user: { token: "secret" } }],
      contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
      "current-context": "x",
    }),
  );
  api = kubeApi(path, undefined, { watch: times });
});
afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true });
});

const object = (name: string, version: string, uid = name): object => ({
  metadata: { name, uid, resourceVersion: version },
});
const list =
  (version: string, ...items: readonly object[]): Reply =>
  (answer) => {
    const metadata = { resourceVersion: version };
    answer.setHeader("content-type", "application/json");
    answer.end(JSON.stringify({ kind: "PodList", apiVersion: "v1", metadata, items }));
  };
const line = (type: string, object: object): string => `${JSON.stringify({ type, object })}\n`;
const stream =
  (text: string): Reply =>
  (answer) =>
    void answer.writeHead(200).end(text);

/** Watches until `enough` changes and gaps were told; gives them in order. */
async function watch(enough: number): Promise<readonly string[]> {
  const told: string[] = [];
  const stop = new AbortController();
  const tell = (text: string): void => {
    told.push(text);
    if (told.length >= enough) stop.abort();
  };
  await api.watch(
    "api/v1/pods",
    {
      take: ({ type, object, stale }) =>
        tell(`${type} ${object.metadata.name}${stale ? " stale" : ""}`),
      gap: (why) => tell(`gap ${why}`),
    },
    stop.signal,
  );
  return told;
}

test("goes on where the stream ended, from the last version and with bookmarks", async () => {
  lists.push(list("5", object("a", "3")));
  streams.push(stream(line("ADDED", object("b", "6")) + line("BOOKMARK", object("", "9"))));
  streams.push(stream(line("DELETED", object("a", "10"))));
  expect(await watch(3)).toEqual(["ADDED a stale", "ADDED b", "DELETED a"]);
  expect(asked[0]).toBe("/base/api/v1/pods?limit=500");
  expect(asked[1]).toContain("/base/api/v1/pods?watch=true&allowWatchBookmarks=true");
  expect(asked.slice(1).map((url) => new URLSearchParams(url).get("resourceVersion"))).toEqual(
    ["5", "9", "10"].slice(0, asked.length - 1),
  );
});

test("lists again when its version is too old, and tells only what differs", async () => {
  const status = { kind: "Status", code: 410, message: "too old resource version" };
  lists.push(list("5", object("a", "3"), object("b", "3"), object("c", "3")));
  streams.push(stream(line("ERROR", status)));
  lists.push(
    list("20", object("a", "3"), object("b", "15"), object("d", "16"), object("c", "17", "new")),
  );
  expect(await watch(8)).toEqual([
    "ADDED a stale",
    "ADDED b stale",
    "ADDED c stale",
    "gap 410: too old resource version",
    "MODIFIED b stale",
    "ADDED d stale",
    "DELETED c stale",
    "ADDED c stale",
  ]);
});

test("a refused list is one gap until it is mended, however often it is refused", async () => {
  const refuse: Reply = (answer) => void answer.writeHead(500).end("no");
  lists.push(refuse, refuse, refuse, list("5", object("a", "3")));
  expect(await watch(2)).toEqual(["gap GET api/v1/pods: 500: no", "ADDED a stale"]);
});

test.each([
  ["a refused stream", (answer: ServerResponse) => void answer.writeHead(403).end()],
  ["half a line", stream('{"type":"ADDED"')],
  ["no JSON", stream("nonsense\n")],
  [
    "a broken connection",
    (answer: ServerResponse) => void answer.writeHead(200).write("{", () => answer.destroy()),
  ],
])("%s is a gap", async (_, reply) => {
  lists.push(list("5", object("a", "3")));
  streams.push(reply);
  lists.push(list("6", object("a", "3"), object("b", "6")));
  const told = await watch(3);
  expect(told[0]).toBe("ADDED a stale");
  expect(told[1]).toMatch(/^gap /);
  expect(told[2]).toBe("ADDED b stale");
});

test("a list that expires between two pages is read again from the start", async () => {
  const page: Reply = (answer) => {
    answer.setHeader("content-type", "application/json");
    const metadata = { resourceVersion: "5", continue: "t" };
    const items = [object("old", "1")];
    answer.end(JSON.stringify({ kind: "PodList", apiVersion: "v1", metadata, items }));
  };
  lists.push(page, (answer) => void answer.writeHead(410).end("expired"));
  lists.push(list("9", object("new", "8")));
  const found = await api.list("api/v1/pods");
  expect(found).toEqual([{ apiVersion: "v1", kind: "Pod", ...object("new", "8") }]);
  expect(asked[1]).toContain("&continue=t");
});

test("a busy server is asked again; a listener that throws is a defect and is told", async () => {
  const busy: Reply = (answer) => void answer.writeHead(429, { "retry-after": "0" }).end("busy");
  lists.push(busy, busy, list("5", object("a", "3")));
  const watching = api.watch(
    "api/v1/pods",
    {
      take: () => {
        throw new Error("ours");
      },
      gap: () => undefined,
    },
    new AbortController().signal,
  );
  await expect(watching).rejects.toThrow("ours");
});
