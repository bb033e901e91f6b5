// What the node agent does to the connections and the names of a pod, between two network
// namespaces: seen by the faults' own proofs, and held as every effect is. No cluster.
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";

import { connectionReset } from "../../src/faults/connection-reset.ts";
import { dependencyReset } from "../../src/faults/dependency-reset.ts";
import { dependencySlow } from "../../src/faults/dependency-slow.ts";
import { dependencyTruncate } from "../../src/faults/dependency-truncate.ts";
import { dnsFailure } from "../../src/faults/dns-failure.ts";
import { dnsSlow } from "../../src/faults/dns-slow.ts";
import { dnsWrong } from "../../src/faults/dns-wrong.ts";
import { newConnectionsRefused } from "../../src/faults/new-connections-refused.ts";
import type { Effect } from "../../src/model/effect.ts";
import { read } from "../../src/model/fields.ts";
import type { AnyFault } from "../../src/ports/fault.ts";
import type { Asked, Witness } from "../../src/ports/witness.ts";
import { injectorContract } from "../../src/testing/injector-contract.ts";
import { agentBench } from "../support/agent-bench.ts";
import { connectionsBench, dnsBench } from "../support/benches/networks.ts";
import { processesWith, until } from "../support/holder-process.ts";
import {
  netEffectsPath,
  netPair,
  noNamespaces,
  SERVER_PORT,
  tablesIn,
  type NetPair,
} from "../support/net-pair.ts";

const called = { host: "10.98.0.2", port: SERVER_PORT };
const LONG = { leaseMs: 60_000, deadlineMs: 120_000 };
const why = noNamespaces();
let program = "";
const never = (): never => {
  throw new Error("nobody asks for that here");
};

beforeAll(async () => {
  program = await netEffectsPath();
  process.env["NINETY_NET_EFFECTS"] = program;
}, 300_000);

describe.skipIf(why !== null)(`connections and names${why === null ? "" : `: ${why}`}`, () => {
  injectorContract("node-agent that resets", async () =>
    agentBench(await connectionsBench(program)),
  );
  injectorContract("node-agent with a resolver", async () => agentBench(await dnsBench(program)));

  let pair: NetPair;
  let bench: Awaited<ReturnType<typeof agentBench>>;
  beforeEach(async () => {
    pair = await netPair(program);
    bench = await agentBench({
      effect: never,
      mark: never,
      isThere: never,
      env: { NINETY_NET_EFFECTS: program },
      close: () => pair.close(),
    });
  });
  afterEach(() => bench.close());

  test.each<[string, AnyFault, object, "client" | "server"]>([
    ["refused", newConnectionsRefused.definition, { port: SERVER_PORT }, "server"],
    ["reset", connectionReset.definition, { port: SERVER_PORT, every: "500ms" }, "server"],
    ["late answers", dependencySlow.definition, { ...called, delay: "300ms" }, "client"],
    ["answers reset", dependencyReset.definition, called, "client"],
    ["answers cut", dependencyTruncate.definition, { ...called, rate: "50%" }, "client"],
    ["unknown", dnsFailure.definition, { name: "api", code: "NXDOMAIN" }, "client"],
    ["failed", dnsFailure.definition, { name: "api.shop.test" }, "client"],
    ["late", dnsSlow.definition, { name: "*", lookup: "api", delay: "300ms" }, "client"],
    ["misled", dnsWrong.definition, { name: "test", lookup: "api" }, "client"],
  ])("%s, by the fault's own proof, and then not any more", async (_about, fault, options, on) => {
    const target = pair[on].pod;
    const params = read(fault.name, fault.params, options, []);
    const look = (): Promise<unknown> =>
      fault.observe(witnessOf(pair, on), target as never, params as never);
    const says = (before: unknown, now: unknown): string =>
      fault.proof(before as never, now as never, params as never, target as never).effect;
    const before = await look();
    expect(says(before, await look())).toBe("absent");
    const [effect] = fault.effects(params as never, target as never);
    const held = { id: "f01.0", effect: { ...effect, affectsProbes: true } as Effect };
    await bench.injector.start(held, LONG, AbortSignal.timeout(10_000));
    let now = await look();
    await until("it is seen", async () => {
      if (says(before, now) === "present") return true;
      const next = await look();
      now = fault.gather?.(now as never, next as never) ?? next;
      return false;
    });
    await bench.injector.stop(held, AbortSignal.timeout(10_000));
    expect(tablesIn(pair[on])).toEqual([]);
    expect(processesWith(program, `"id":"f01.0"`)).toEqual([]);
    await until("it is seen to be over", async () => says(before, await look()) === "absent");
  });
});

/** Eyes in both namespaces: inside the pod is one of them, beside it the other. */
function witnessOf(pair: NetPair, on: "client" | "server"): Witness {
  const beside = on === "client" ? "server" : "client";
  const status = {
    podIP: on === "client" ? pair.clientAddress : pair.serverAddress,
    conditions: [{ type: "Ready", status: "True" }],
    containerStatuses: [{ restartCount: 0, state: { running: {} } }],
  };
  return {
    object: async () => ({ metadata: { uid: pair[on].pod.uid }, status }),
    http: never,
    kubelet: never,
    inContainer: never,
    counters: never,
    apiServer: never,
    fromPod: async (_pod, { outside = false, ...ask }) => {
      const told = await pair.ask({ ...ask, from: pair[outside ? beside : on] });
      return told.map(({ why: reason = "", ...one }) => ({ ...one, why: reason }) as Asked);
    },
  };
}
