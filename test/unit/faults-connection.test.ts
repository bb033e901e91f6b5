import { describe, expect, test } from "vitest";
import { connectionReset } from "../../src/faults/connection-reset.ts";
import { dependencySlow } from "../../src/faults/dependency-slow.ts";
import { dnsFailure } from "../../src/faults/dns-failure.ts";
import { dnsWrong } from "../../src/faults/dns-wrong.ts";
import { newConnectionsRefused } from "../../src/faults/new-connections-refused.ts";
import { read } from "../../src/model/fields.ts";
import type { AnyFault } from "../../src/ports/fault.ts";
import type { Asked, Witness } from "../../src/ports/witness.ts";
import { connectionWorld } from "../support/connection-worlds.ts";
import { caller, world } from "../support/dependency-worlds.ts";
import { eyesOf } from "../../src/testing/fault-contract.ts";

function problemsOf(fault: AnyFault, options: object): readonly string[] {
  const problems: string[] = [];
  const params = read("fault", fault.params, options, problems);
  return [...problems, ...(fault.problems?.(params as never) ?? [])];
}

describe("a wrong address is nobody's outside of the cluster", () => {
  test.each([
    "127.0.0.1",
    "10.96.0.10",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "192.0.2.1",
    "198.51.100.255",
    "203.0.113.9",
  ])("%s", (address) => {
    expect(problemsOf(dnsWrong.definition, { name: "server", address })).toEqual([]);
  });
  test.each([
    "8.8.8.8",
    "172.15.0.1",
    "172.32.0.1",
    "192.0.3.1",
    "10.0.0.256",
    "10.0.0.01",
    "10.0.0",
    "127.0.0.1.example",
    "server",
    "::1",
  ])("%s is refused", (address) => {
    expect(problemsOf(dnsWrong.definition, { name: "server", address })).toEqual([
      expect.stringMatching(/^fault\.address must be an IPv4 address of loopback, .* got "/),
    ]);
  });
});

test("rules between fields", () => {
  expect(problemsOf(dnsFailure.definition, { name: "*" })).toEqual([
    "lookup must be given where name is *, got none",
  ]);
  expect(problemsOf(dnsFailure.definition, { name: "*.shop" })).toEqual([
    'fault.name must be a DNS name or *, got "*.shop"',
  ]);
  const late = { host: "server", delay: "2s" };
  expect(problemsOf(dependencySlow.definition, late)).toEqual([]);
  expect(problemsOf(dependencySlow.definition, { ...late, rate: "50%" })).toEqual([
    "delay must be at most 1000ms where rate is below 100%, got 2000ms",
  ]);
});

test("many late answers are asked for at once, so that a look is over in time", async () => {
  const rows: { readonly outside: boolean; readonly count: number }[] = [];
  const eyes = eyesOf(world("", { pod: 404 }));
  const counting: Witness = {
    ...eyes,
    fromPod: (pod, ask) => {
      rows.push({ outside: ask.outside ?? false, count: ask.count });
      return eyes.fromPod(pod, ask);
    },
  };
  const look = async (options: object): Promise<readonly number[]> => {
    rows.length = 0;
    const { definition } = dependencySlow;
    const params = read("fault", definition.params, { host: "server.shop", ...options }, []);
    await definition.observe(counting, caller as never, params as never);
    return rows.filter(({ outside }) => !outside).map(({ count }) => count);
  };
  expect(await look({ delay: "50ms" })).toEqual([4]);
  expect(await look({ delay: "4s" })).toEqual([1, 1, 1, 1]);
  expect(await look({ delay: "1s", rate: "25%" })).toEqual([9, 9, 9, 9]);
});

describe("looks at connections", () => {
  const lookBy = async (fault: AnyFault, eyes: Partial<Witness>): Promise<unknown> => {
    const params = read("fault", fault.params, {}, []);
    const well = eyesOf(connectionWorld("", {}));
    return fault.observe({ ...well, ...eyes }, caller as never, params as never);
  };
  const pod = (status: object): Witness["object"] => {
    return async () => ({ metadata: { uid: caller.uid }, status: { ...status } });
  };

  test("need the pod's address, and put one of IPv6 into brackets", async () => {
    const reset = connectionReset.definition;
    await expect(lookBy(reset, { object: pod({}) })).rejects.toThrow("must have an address");
    const urls: string[] = [];
    const fromPod: Witness["fromPod"] = async (_pod, { url }): Promise<readonly Asked[]> => {
      urls.push(url);
      return [];
    };
    await lookBy(reset, { object: pod({ podIP: "fd00::5" }), fromPod });
    const refused = newConnectionsRefused.definition;
    await lookBy(refused, { object: pod({ podIP: "10.1.1.1" }), fromPod });
    expect(urls).toEqual([
      "http://[fd00::5]:8501/",
      "http://[fd00::5]:8501/",
      "tcp://10.1.1.1:8501",
      "tcp://10.1.1.1:8501",
    ]);
  });
});
