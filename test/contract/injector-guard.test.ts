import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";

import type { GuardConfig } from "../../src/model/agent-protocol.ts";
import type { Held } from "../../src/model/effect.ts";
import { injectorContract } from "../../src/testing/injector-contract.ts";
import { guardBench } from "../support/guard-bench.ts";
import { endAll, processesWith, until } from "../support/holder-process.ts";

injectorContract("guard", guardBench);

const LEASE = { leaseMs: 5_000, deadlineMs: 20_000 };
const signal = (): AbortSignal => AbortSignal.timeout(10_000);

describe("guard and pods", () => {
  let bench: Awaited<ReturnType<typeof guardBench>>;
  let server: Server;
  let folder: string;
  let api: GuardConfig["api"];
  let answer: { status: number; body: object };
  let asked: { method: string; url: string; body: unknown; client: string }[];
  const deletion = (id: string): Held => ({
    id,
    effect: {
      kind: "delete",
      pod: { kind: "pod", namespace: "shop", name: "server-1", uid: "u-1", node: "n1" },
      graceMs: 1_500,
    },
  });

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "ninety-guard-api-"));
    const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
    const request =
      "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 1 " +
      "-subj /CN=127.0.0.1 -addext subjectAltName=IP:127.0.0.1";
    execFileSync("openssl", [...request.split(" "), "-keyout", key, "-out", cert], {
      stdio: "ignore",
    });
    const tls = { key: readFileSync(key), cert: readFileSync(cert), ca: readFileSync(cert) };
    server = createServer({ ...tls, requestCert: true, rejectUnauthorized: true }, (got, gave) => {
      let body = "";
      got.on("data", (chunk: Buffer) => (body += chunk.toString()));
      got.on("end", () => {
        const socket = got.socket as import("node:tls").TLSSocket;
        const client = String(socket.getPeerCertificate().subject.CN);
        asked.push({
          method: got.method ?? "",
          url: got.url ?? "",
          body: JSON.parse(body),
          client,
        });
        gave.writeHead(answer.status, { "content-type": "application/json" });
        gave.end(JSON.stringify(answer.body));
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address() as AddressInfo;
    api = { server: `https://127.0.0.1:${port}`, caFile: cert, certFile: cert, keyFile: key };
  });
  afterAll(() => {
    server.close();
    rmSync(folder, { recursive: true, force: true });
  });
  beforeEach(async () => {
    asked = [];
    answer = { status: 200, body: { kind: "Pod" } };
    bench = await guardBench(api);
  });
  afterEach(async () => bench.close());

  test("deletes that very pod with its certificate, once however often it is asked", async () => {
    const stampUs = await bench.injector.start(deletion("r/f1.0"), LEASE, signal());
    expect(await bench.injector.start(deletion("r/f1.0"), LEASE, signal())).toBe(stampUs);
    expect(asked).toEqual([
      {
        method: "DELETE",
        url: "/api/v1/namespaces/shop/pods/server-1",
        client: "127.0.0.1",
        body: {
          apiVersion: "v1",
          kind: "DeleteOptions",
          gracePeriodSeconds: 2,
          preconditions: { uid: "u-1" },
        },
      },
    ]);
    expect(await bench.injector.list(signal())).toEqual([]);
    await bench.injector.stop(deletion("r/f1.0"), signal());
  });

  test.each([404, 409])("a pod that is gone already (%i) is an error", async (status) => {
    answer = { status, body: { message: "not that one" } };
    await expect(bench.injector.start(deletion("r/f1.0"), LEASE, signal())).rejects.toThrow(
      "pod shop/server-1 must have uid u-1, got gone",
    );
  });

  test("a refusal of the API server is told in its words", async () => {
    answer = { status: 403, body: { message: "guard may not delete pods" } };
    await expect(bench.injector.start(deletion("r/f1.0"), LEASE, signal())).rejects.toThrow(
      "got 403: guard may not delete pods",
    );
  });

  test("a deletion that was stopped before is not done", async () => {
    await bench.injector.stop(deletion("r/f1.0"), signal());
    await expect(bench.injector.start(deletion("r/f1.0"), LEASE, signal())).rejects.toThrow(
      "ended",
    );
    expect(asked).toEqual([]);
  });
});

describe("guard and machines", () => {
  let bench: Awaited<ReturnType<typeof guardBench>>;
  let closed: boolean;
  // Also after a failed test: a guard that is left behind outlives the test run.
  const close = async (): Promise<void> => {
    if (closed) return;
    closed = true;
    await bench.close();
  };
  beforeEach(async () => {
    closed = false;
    bench = await guardBench();
  });
  afterEach(close);

  test("a switch that fails is told with what it ran, and leaves nothing held", async () => {
    const one: Held = { id: "r/f1.0", effect: { kind: "power", node: "bad" } };
    await expect(bench.injector.start(one, LEASE, signal())).rejects.toThrow(
      "/bin/false: must end with code 0, got code 1",
    );
    expect(await bench.injector.list(signal())).toEqual([]);
  });

  test("carries each effect in a session of its own, apart from its holder's", async () => {
    await bench.injector.start({ id: "r/f1.0", effect: bench.effect(0) }, LEASE, signal());
    const carriers = processesWith("effect-child.ts", bench.folder);
    expect(carriers).toHaveLength(1);
    for (const pid of carriers) {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      const [, , group, session] = stat
        .slice(stat.lastIndexOf(")") + 2)
        .split(" ")
        .map(Number);
      expect({ group, session }).toEqual({ group: pid, session: pid });
    }
  });

  test("ends a switch under way when its carrier dies, before it switches back", async () => {
    const one: Held = { id: "r/f1.0", effect: { kind: "power", node: "slow" } };
    const start = bench.injector.start(one, LEASE, signal());
    const refused = expect(start).rejects.toThrow("before it applied anything");
    const switches = (): readonly number[] => processesWith("sleep 30", bench.folder);
    await until("the switch is under way", () => switches().length > 0);
    await bench.breaks.carrierOf(one.effect);
    await refused;
    expect(switches()).toEqual([]);
    expect(await bench.isThere(one.effect)).toBe(false);
  });

  test("a holder that died meanwhile: its start is answered once the effect is there", async () => {
    const one: Held = { id: "r/f1.0", effect: { kind: "power", node: "late" } };
    const start = bench.injector.start(one, { leaseMs: 20_000, deadlineMs: 60_000 }, signal());
    await until("the switch is under way", () => {
      return processesWith("sleep 4", bench.folder).length > 0;
    });
    const diedUs = bench.nowUs();
    await bench.breaks.holder();
    const stampUs = await start;
    expect(await bench.isThere(one.effect)).toBe(true);
    expect(stampUs).toBeGreaterThan(diedUs);
    await bench.injector.stop(one, signal());
    expect(await bench.isThere(one.effect)).toBe(false);
  });

  test("boots a machine once, and holds nothing", async () => {
    const one: Held = { id: "r/f1.0", effect: { kind: "reboot", node: "n1" } };
    const stampUs = await bench.injector.start(one, LEASE, signal());
    expect(existsSync(join(bench.folder, "n1-booted"))).toBe(true);
    expect(await bench.injector.start(one, LEASE, signal())).toBe(stampUs);
    expect(await bench.injector.list(signal())).toEqual([]);
  });

  test("a machine whose guard died between off and on is on again, and is not booted twice", async () => {
    const off = join(bench.folder, "slow-power");
    const one: Held = { id: "r/f1.0", effect: { kind: "reboot", node: "slow" } };
    const start = bench.injector.start(one, LEASE, signal());
    const refused = expect(start).rejects.toThrow("must be new, got one that ended");
    await until("it is off", () => existsSync(off));
    await bench.breaks.holder();
    await until("it is on", () => !existsSync(off));
    await refused;
    await endAll(processesWith("sleep 31", bench.folder));
    expect(await bench.injector.list(signal())).toEqual([]);
  });

  test("releases everything when it is told to end", async () => {
    const one: Held = { id: "r/f1.0", effect: bench.effect(0) };
    await bench.injector.start(one, LEASE, signal());
    expect(await bench.isThere(one.effect)).toBe(true);
    await close();
    expect(await bench.isThere(one.effect)).toBe(false);
  });
});
