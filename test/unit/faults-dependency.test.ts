import { describe, expect, test } from "vitest";
import { dependencyError } from "../../src/faults/dependency-error.ts";
import { dependencyHang } from "../../src/faults/dependency-hang.ts";
import { kubeWitness } from "../../src/clusters/kube/witness.ts";
import { read } from "../../src/model/fields.ts";
import type { Json, KubeObject } from "../../src/model/json.ts";
import type { Api, ExecSession } from "../../src/ports/api.ts";
import { caller, world } from "../support/dependency-worlds.ts";
import { eyesOf } from "../../src/testing/fault-contract.ts";

function problemsOf(fault: typeof dependencyError | typeof dependencyHang, options: object) {
  const problems: string[] = [];
  read("fault", fault.definition.params, options, problems);
  return problems;
}

describe("options", () => {
  test.each([
    ["server", []],
    ["api.example.com.", []],
    ["10.0.0.1", []],
    ["http://server", ['fault.host must be a DNS name or an IPv4 address, got "http://server"']],
    ["", ['fault.host must be a DNS name or an IPv4 address, got ""']],
  ])("host %j", (host, problems) => {
    expect(problemsOf(dependencyHang, { host })).toEqual(problems);
  });

  test("every problem at once", () => {
    expect(
      problemsOf(dependencyError, { port: 0, path: "x", status: 200, rate: "5%", delay: "1s" }),
    ).toEqual([
      "fault.delay is not a field; known: host, port, path, status, rate",
      expect.stringMatching(/^fault\.host is missing/),
      "fault.port must be a whole number, 1 to 65535, got 0",
      'fault.path must be a path that begins with /, got "x"',
      "fault.status must be a whole number, 400 to 599, got 200",
      "fault.rate must be 10% to 100%, got 5%",
    ]);
  });
});

describe("errors at a rate", () => {
  const params = { host: "server.shop", port: 80, path: "/", status: 503, rateRatio: 0.1 };
  const { definition } = dependencyError;
  const look = (pod: Parameters<typeof world>[1]["pod"]): Promise<unknown> =>
    definition.observe(eyesOf(world("", { pod })), caller as never, params as never);
  const says = (before: unknown, now: unknown): string =>
    definition.proof(before as never, now as never, params as never, caller as never).effect;

  test("looks so often that it misses none, and adds up what it saw", async () => {
    const before = (await look(404)) as { readonly pod: { readonly asked: number } };
    // 0.9 to the 88th is 1e-4.
    expect(before.pod.asked).toBe(88);
    const one = await look({ status: 503, every: 60 });
    expect(says(before, one)).toBe("present");
    // Two of 88 are likely enough, but not 30 looks in a row.
    let seen: unknown = one;
    for (let nth = 0; nth < 30; nth += 1) seen = definition.gather?.(seen as never, one as never);
    expect(says(before, seen)).toBe("unclear");
  });
});

describe("the witness in a pod", () => {
  const agent: KubeObject = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: {
      name: "agent-1",
      namespace: "ninety-system",
      labels: { "ninety/part": "node-agent" },
    },
    spec: { nodeName: "n1" },
    status: { containerStatuses: [{ name: "agent", state: { running: {} } }] },
  };
  const refuse = (): never => {
    throw new Error("it must only list pods and exec");
  };
  function apiThat(ends: { readonly lines: readonly Json[]; readonly code: number }): {
    readonly api: Api;
    readonly execs: unknown[];
  } {
    const execs: unknown[] = [];
    const session: ExecSession = {
      send: refuse,
      onLine: (take) => ends.lines.forEach((line) => take(JSON.stringify(line))),
      ended: Promise.resolve({ code: ends.code, stderr: ends.code === 0 ? "" : "no process" }),
      close: () => {},
    };
    const api: Api = {
      get: refuse,
      apply: refuse,
      call: refuse,
      watch: refuse,
      list: async () => [agent],
      exec: async (pod, argv) => {
        execs.push(pod, JSON.parse(argv.at(-1) ?? "") as unknown);
        return session;
      },
    };
    return { api, execs };
  }
  const ask = { url: "tcp://server:80", count: 1, withinMs: 100 };
  const told = {
    answered: false,
    status: 0,
    tookMs: 3,
    why: "refused",
    ended: "none",
    bodyBytes: 0,
    address: "",
  };

  test("asks by the agent on the pod's node", async () => {
    const { api, execs } = apiThat({ lines: [told], code: 0 });
    expect(await kubeWitness(api).fromPod(caller, ask)).toEqual([told]);
    expect(execs).toEqual([
      { namespace: "ninety-system", name: "agent-1", container: "agent" },
      { pod: caller, ask },
    ]);
  });

  test("looks into a container by the agent on the pod's node", async () => {
    const look = { at: "files", container: "web" } as const;
    const { api, execs } = apiThat({ lines: [{ main: "7 from 1", spare: 0 }], code: 0 });
    expect(await kubeWitness(api).inContainer(caller, look)).toEqual({
      main: "7 from 1",
      spare: 0,
    });
    expect(execs.at(-1)).toEqual({ pod: caller, ...look });
    const silent = apiThat({ lines: [], code: 0 }).api;
    await expect(kubeWitness(silent).inContainer(caller, look)).rejects.toThrow(
      "look at files in pod shop/front-1: must be told, got nothing",
    );
  });

  test("reads what the pod's kernel has counted", async () => {
    const { api, execs } = apiThat({ lines: [{ "Tcp.InSegs": 7, "Tcp.OutSegs": 9 }], code: 0 });
    expect(await kubeWitness(api).counters(caller)).toEqual({ "Tcp.InSegs": 7, "Tcp.OutSegs": 9 });
    expect(execs.at(-1)).toEqual({ pod: caller });
    const silent = apiThat({ lines: [], code: 0 }).api;
    await expect(kubeWitness(silent).counters(caller)).rejects.toThrow("must name Tcp.InSegs");
    const gone = apiThat({ lines: [], code: 1 }).api;
    await expect(kubeWitness(gone).counters(caller)).rejects.toThrow("no process");
  });

  test("what could not be looked at throws", async () => {
    for (const [ends, message] of [
      [{ lines: [], code: 1 }, "no process"],
      [{ lines: [], code: 0 }, "must be told of 1 asks, got 0"],
      [{ lines: [{ answered: true, ended: "well" }], code: 0 }, "must end in a known way, got {"],
    ] as const) {
      const { api } = apiThat(ends);
      await expect(kubeWitness(api).fromPod(caller, ask)).rejects.toThrow(message);
    }
    const { api } = apiThat({ lines: [told], code: 0 });
    await expect(kubeWitness(api).fromPod({ ...caller, node: "n2" }, ask)).rejects.toThrow(
      "node n2 must have a running agent, got 0 agent pods",
    );
  });
});
