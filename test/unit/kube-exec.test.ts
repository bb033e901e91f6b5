import { createHash } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { afterEach, beforeEach, expect, test } from "vitest";
import { kubeApi } from "../../src/clusters/kube/api.ts";
import { ApiError, type Api } from "../../src/ports/api.ts";

/** The far end of one exec: what an API server does, as far as one socket shows it. */
class FarEnd {
  readonly url: string;
  readonly #socket: Duplex;
  #input = Buffer.alloc(0);
  #waiting: { readonly bytes: number; readonly go: () => void } | null = null;

  constructor(request: IncomingMessage, socket: Duplex) {
    this.url = request.url ?? "";
    this.#socket = socket;
    const key = `${request.headers["sec-websocket-key"]}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`;
    const accept = createHash("sha1").update(key).digest("base64");
    socket.write(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
        `Sec-WebSocket-Accept: ${accept}\r\nSec-WebSocket-Protocol: v5.channel.k8s.io\r\n\r\n`,
    );
    socket.on("data", (chunk: Buffer) => this.#take(chunk));
    socket.on("error", () => undefined);
  }

  say(channel: number, text: string): void {
    const payload = Buffer.concat([Buffer.from([channel]), Buffer.from(text)]);
    const head = Buffer.alloc(4);
    head.writeUInt8(0x82, 0);
    head.writeUInt8(126, 1);
    head.writeUInt16BE(payload.length, 2);
    this.#socket.write(Buffer.concat([head, payload]));
  }

  /** Everything that was sent on the standard input, once it is that long; frames are small. */
  async input(bytes: number): Promise<string> {
    if (this.#input.length < bytes) {
      await new Promise<void>((go) => (this.#waiting = { bytes, go }));
    }
    return this.#input.toString();
  }

  hangUp(): void {
    this.#socket.destroy();
  }

  #take(chunk: Buffer): void {
    for (let at = 0; at + 6 <= chunk.length;) {
      const length = (chunk[at + 1] ?? 0) & 0x7f;
      const mask = chunk.subarray(at + 2, at + 6);
      const data = chunk
        .subarray(at + 6, at + 6 + length)
        .map((byte, i) => byte ^ (mask[i % 4] ?? 0));
      if ((chunk[at] ?? 0) === 0x82 && data[0] === 0) {
        this.#input = Buffer.concat([this.#input, data.subarray(1)]);
      }
      at += 6 + length;
    }
    if (this.#waiting && this.#input.length >= this.#waiting.bytes) this.#waiting.go();
  }
}

let folder: string;
let server: Server;
let api: Api;
let far: Promise<FarEnd>;
const pod = { namespace: "ns", name: "p", container: "c" };

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), "ninety-kube-exec-"));
  const met = Promise.withResolvers<FarEnd>();
  far = met.promise;
  server = createServer();
  server.on("upgrade", (request: IncomingMessage, socket: Duplex) => {
    if (request.url?.includes("/pods/none/") === true) {
      const body = '{"kind":"Status","apiVersion":"v1","message":"pods none not found"}';
      socket.end(`HTTP/1.1 404 Not Found\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
    } else if (request.url?.includes("/pods/silent/") !== true) {
      met.resolve(new FarEnd(request, socket));
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const path = join(folder, "config");
  const cluster = { server: `http://127.0.0.1:${port}`, "insecure-skip-tls-verify": true };
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [{ name: "c", cluster }],
    users: [{ name: "u", user: { token: "secret" } }],
    contexts: [{ name: "x", context: { cluster: "c", user: "u" } }],
    "current-context": "x",
  };
  writeFileSync(path, JSON.stringify(config));
  api = kubeApi(path, undefined, { limitMs: 300 });
});
afterEach(async () => {
  (await Promise.race([far, Promise.resolve(null)]))?.hangUp();
  server.closeAllConnections();
  server.close();
  rmSync(folder, { recursive: true });
});

test("lines go both ways, however they are cut, and the end has code and last words", async () => {
  const session = await api.exec(pod, ["/bin/a b", "--x=&"]);
  const end = await far;
  const query = new URL(end.url, "http://x").searchParams;
  expect(query.getAll("command")).toEqual(["/bin/a b", "--x=&"]);
  expect(query.get("container")).toBe("c");
  session.send("one");
  session.send("zwei ü");
  expect(await end.input(12)).toBe("one\nzwei ü\n");
  const lines: string[] = [];
  end.say(1, "early\nhal");
  end.say(2, "warning\n");
  end.say(1, "f\n\nnever whole");
  const causes = [{ reason: "ExitCode", message: "7" }];
  end.say(3, JSON.stringify({ status: "Failure", details: { causes } }));
  expect(await session.ended).toEqual({ code: 7, stderr: "warning" });
  session.onLine((line) => lines.push(line));
  expect(lines).toEqual(["early", "half", ""]);
  session.send("late: nobody is there, and nothing happens");
});

test("a connection that breaks is an end without a code", async () => {
  const session = await api.exec(pod, ["a"]);
  (await far).hangUp();
  expect(await session.ended).toEqual({
    code: null,
    stderr: "the connection closed with code 1006",
  });
});

test("a line without an end, and lines that nobody takes, end the session", async () => {
  const session = await api.exec(pod, ["a"]);
  const end = await far;
  for (let sent = 0; sent < 10_001; sent += 1) end.say(1, "x\n");
  expect((await session.ended).stderr).toContain("lines that nobody took must be at most 10000");
});

test("an endless line ends the session", async () => {
  const session = await api.exec(pod, ["a"]);
  const end = await far;
  for (let sent = 0; sent < 40; sent += 1) end.say(1, "x".repeat(30_000));
  expect((await session.ended).stderr).toContain("a line must be at most 1048576 bytes");
});

test("close and the signal end the session", async () => {
  const stop = new AbortController();
  const session = await api.exec(pod, ["a"], stop.signal);
  stop.abort();
  (await far).hangUp();
  expect((await session.ended).code).toBeNull();
  await expect(api.exec(pod, ["a"], stop.signal)).rejects.toBe(stop.signal.reason);
});

test("a refusal says what the server said; silence is an error after the time limit", async () => {
  const refused = await api.exec({ ...pod, name: "none" }, ["a"]).catch((error: unknown) => error);
  expect(refused).toBeInstanceOf(ApiError);
  expect(refused).toMatchObject({
    status: 404,
    message: "exec ns/none/c: 404: pods none not found",
  });
  const silent = await api.exec({ ...pod, name: "silent" }, ["a"]).catch((error: unknown) => error);
  expect(silent).toMatchObject({ name: "ApiError", status: 0 });
});
