import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { at, listAt } from "../../src/model/json.ts";
import { modelServer } from "../../workloads/parts/model-server.ts";
import { mover } from "../../workloads/parts/mover.ts";
import { relay } from "../../workloads/parts/relay.ts";
import { Relay } from "../../workloads/programs/relay/relay.ts";

describe("the program", () => {
  let upstream: Server;
  let takes: (request: IncomingMessage, response: ServerResponse) => void;
  let program: Relay;
  let url: string;

  beforeEach(async () => {
    takes = (request, response) => {
      const parts: Buffer[] = [];
      request.on("data", (part: Buffer) => parts.push(part));
      request.on("end", () => {
        response.setHeader("x-backend", "server-1");
        response.writeHead(request.method === "POST" ? 200 : 404);
        response.end(`${request.url} ${Buffer.concat(parts).toString()}`);
      });
    };
    upstream = createServer((request, response) => takes(request, response));
    const port = await new Promise<number>((resolve) => {
      upstream.listen(0, "127.0.0.1", () => resolve((upstream.address() as AddressInfo).port));
    });
    const settings = { timeoutMs: 200, connectionsMax: 4, podName: "relay-1" };
    program = new Relay({ ...settings, upstream: { host: "127.0.0.1", port } }, () => {});
    url = `http://127.0.0.1:${await program.listen(0, "127.0.0.1")}`;
  });
  afterEach(async () => {
    await program.drain({ quietMs: 0, graceMs: 0 });
    upstream.closeAllConnections();
    upstream.close();
  });

  test("passes request and answer on, whole", async () => {
    const body = "x".repeat(300_000);
    const answer = await fetch(`${url}/v1/models/m:predict?a=1`, { method: "POST", body });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("x-backend")).toBe("server-1");
    expect(answer.headers.get("x-relay")).toBe("relay-1");
    expect(await answer.text()).toBe(`/v1/models/m:predict?a=1 ${body}`);
    expect((await fetch(`${url}/none`)).status).toBe(404);
  });

  test("answers 504 where the upstream is late, and is well after it", async () => {
    const answers = takes;
    takes = () => {};
    expect((await fetch(`${url}/slow`)).status).toBe(504);
    takes = answers;
    expect((await fetch(`${url}/slow`, { method: "POST" })).status).toBe(200);
  });

  test("answers 502 where there is no upstream, and its own health all the same", async () => {
    upstream.closeAllConnections();
    await new Promise((resolve) => upstream.close(resolve));
    expect((await fetch(`${url}/gone`)).status).toBe(502);
    expect((await fetch(`${url}/health`)).status).toBe(200);
  });

  test("an answer that breaks off does not end well", async () => {
    takes = (_request, response) => {
      response.writeHead(200, { "content-length": "1000" });
      response.write("a part", () => response.destroy());
    };
    const answer = await fetch(`${url}/broken`);
    await expect(answer.text()).rejects.toThrow(/terminated/);
  });
});

describe("the part", () => {
  const server = modelServer({ replicas: 1, probes: "deep", name: "ranker" });

  test("asks the Service of the part behind it", () => {
    const part = relay({ to: server, timeout: "250ms" });
    expect(part.problems).toEqual([]);
    expect(part.planned).toMatchObject({ replicas: 2, service: { name: "relay", port: 80 } });
    const deployment = part.planned.objects.find(({ kind }) => kind === "Deployment");
    const container = at(deployment, "spec", "template", "spec", "containers", 0);
    const env = listAt(container, "env");
    expect(env).toContainEqual({ name: "UPSTREAM_HOST", value: "ranker" });
    expect(env).toContainEqual({ name: "UPSTREAM_PORT", value: "80" });
    expect(env).toContainEqual({ name: "TIMEOUT_MS", value: "250" });
  });

  test("tells what is wrong", () => {
    const gpus = modelServer({ replicas: 1, gpus: 1, probes: "deep" });
    const none = mover({ watches: gpus, atMost: 1 });
    expect(relay({ to: none as never }).problems).toEqual([
      "relay.to must be a part with a Service, got mover",
    ]);
    expect(relay({ to: server, timeout: "0ms" }).problems).toEqual([
      "relay.timeout must be 1ms to 10m, got 0ms",
    ]);
  });
});
