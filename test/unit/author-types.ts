// Wrong uses that must not compile. Nothing here runs: the compiler is the test.
import { all, between, defineFault, exactly, experiment, one, suite } from "../../src/index.ts";
import { duration, count, choice } from "../../src/model/fields.ts";
import { defineCheck } from "../../src/ports/check.ts";
import { defineLoad } from "../../src/ports/load.ts";
import type { GpuWorkload, Workload } from "../../src/ports/author.ts";

declare const server: GpuWorkload;
declare const cpu: Workload;

const unclear = { effect: "unclear", by: "", saw: null, needed: "" } as const;
const gpuLost = defineFault({
  name: "gpu-lost",
  about: "A device that works no more.",
  on: "gpu",
  lasts: "held",
  kinds: ["gpu-state"],
  evidence: "What is seen.",
  params: { symptom: choice(["crash", "hang"], { about: "what it feels", default: "crash" }) },
  effects: ({ symptom }, gpu) => [
    { kind: "gpu-state", gpu, state: symptom, signal: true, symptom: true },
  ],
  observe: async (witness, gpu) => witness.object(`api/v1/nodes/${gpu.node}`),
  proof: () => unclear,
});
const podKill = defineFault({
  name: "pod-kill",
  about: "Deletes a pod.",
  on: "pod",
  lasts: "once",
  kinds: ["delete"],
  evidence: "What is seen.",
  params: { grace: duration({ about: "grace", max: "10m" }) },
  effects: ({ graceMs }, pod) => [{ kind: "delete", pod, graceMs }],
  observe: async () => Promise.resolve(1),
  proof: () => unclear,
});
const powerLoss = defineFault({
  name: "power-loss",
  about: "Cuts a node's power.",
  on: "node",
  lasts: "held",
  kinds: ["power"],
  evidence: "What is seen.",
  params: {},
  effects: (_params, { node }) => [{ kind: "power", node }],
  observe: async () => Promise.resolve(1),
  proof: () => unclear,
});
const cut = defineFault({
  name: "cut",
  about: "Cuts a link.",
  on: "link",
  lasts: "held",
  kinds: [],
  evidence: "What is seen.",
  params: { lost: count({ about: "packets" }) },
  effects: () => [],
  observe: async () => Promise.resolve(1),
  proof: () => unclear,
});
const jam = defineFault({
  name: "jam",
  about: "Cuts a pod, a node or a link.",
  on: ["pod", "node", "link"],
  lasts: "held",
  kinds: [],
  evidence: "What is seen.",
  params: {},
  effects: (_params, target) =>
    target.kind === "link" ? [] : [{ kind: "power", node: target.node }],
  observe: async (_witness, target) => Promise.resolve(target.kind),
  proof: () => unclear,
});
const darkness = defineFault({
  name: "darkness",
  about: "Stops the control plane.",
  on: "cluster",
  lasts: "held",
  kinds: [],
  evidence: "What is seen.",
  params: {},
  effects: () => [],
  observe: async () => Promise.resolve(1),
  proof: () => unclear,
});
const recovery = defineCheck({
  name: "recovery",
  about: "How long it took.",
  params: { service: duration({ about: "of the service" }) },
  judge: () => [],
});
const offer = defineLoad({
  name: "offer",
  about: "Offers.",
  params: { requests: count({ about: "how many" }) },
  plan: ({ requests }, to) => ({
    load: "offer",
    to,
    rateRps: requests,
    timeoutMs: 1_000,
    scenarios: [{ name: "new", connection: "new" }],
    options: {},
  }),
});

// Right.
const held = gpuLost({ on: one(server.gpus), for: "60s", follow: true });
podKill({ on: exactly(2, cpu.pods), grace: "0s", at: "1.5m" });
powerLoss({ on: all(server.nodes), for: "1m" });
cut({ on: between(one(server.pods), all(cpu.pods)), for: "1m", lost: 3 });
jam({ on: one(server.pods), for: "1m", follow: true });
jam({ on: one(server.nodes), for: "1m" });
jam({ on: between(one(server.pods), all(cpu.pods)), for: "1m" });
darkness({ for: "1m" });
const load = offer({ to: server, requests: 3 });
const base = {
  hypothesis: "It holds.",
  stack: [server],
  load,
  slo: { within: "1s", good: "99%" },
  observe: "1m",
} as const;
const faults = [held] as const;
const expect = [recovery({ service: "20s" })] as const;
experiment({ ...base, faults, expect });

// Wrong: units.
// @ts-expect-error a number without a unit
podKill({ on: one(server.pods), grace: 0 });
// @ts-expect-error a share where a duration belongs
podKill({ on: one(server.pods), grace: "20%" });
// @ts-expect-error bare digits
podKill({ on: one(server.pods), grace: "200" });
// @ts-expect-error a value instead of text with a unit
recovery({ service: 20 });
// @ts-expect-error a share is a percentage
experiment({ ...base, slo: { within: "1s", good: 0.99 }, faults, expect });
// @ts-expect-error text where a number belongs
offer({ to: server, requests: "3" });

// Wrong: targets.
// @ts-expect-error a GPU fault on pods
gpuLost({ on: one(server.pods), for: "60s" });
// @ts-expect-error a stack without GPUs has none to lose
gpuLost({ on: one(cpu.gpus), for: "60s" });
// @ts-expect-error a link needs two ends
cut({ on: all(server.pods), for: "1m", lost: 1 });
// @ts-expect-error links are between pods
between(one(server.nodes), all(server.pods));
// @ts-expect-error one of three kinds, and not this one
jam({ on: one(server.gpus), for: "1m" });
// @ts-expect-error there is one cluster
darkness({ on: one(server.nodes), for: "1m" });
// @ts-expect-error a label is no handle
podKill({ on: "app=server", grace: "0s" });

// Wrong: time.
// @ts-expect-error it happens once and has no length
podKill({ on: one(server.pods), grace: "0s", for: "1m" });
// @ts-expect-error it is held and needs a length
gpuLost({ on: one(server.gpus) });
// @ts-expect-error nothing replaces a node
powerLoss({ on: one(server.nodes), for: "1m", follow: true });
// @ts-expect-error nothing replaces a node, whatever else the fault may meet
jam({ on: one(server.nodes), for: "1m", follow: true });
// @ts-expect-error nothing replaces a link
cut({ on: between(one(server.pods), all(cpu.pods)), for: "1m", lost: 3, follow: true });
// @ts-expect-error what happens once follows nothing
podKill({ on: one(server.pods), grace: "0s", follow: true });

// Wrong: parameters.
// @ts-expect-error a required one is missing
podKill({ on: one(server.pods) });
// @ts-expect-error an unknown one
gpuLost({ on: one(server.gpus), for: "1m", symtom: "crash" });
// @ts-expect-error an unknown choice
gpuLost({ on: one(server.gpus), for: "1m", symptom: "explode" });
// @ts-expect-error an unknown limit
recovery({ total: "3s" });

// Wrong: experiments.
// @ts-expect-error nothing is expected
experiment({ ...base, faults, expect: [] });
// @ts-expect-error nothing is done
experiment({ ...base, faults: [], expect });
// @ts-expect-error an unknown field
experiment({ ...base, faults, expect, retries: 3 });
// @ts-expect-error an unknown damage
experiment({ ...base, faults, expect, accepts: ["anything"] });
experiment({ ...base, faults, expect, minimumReady: [exactly(2, server.pods)] });
// @ts-expect-error a minimum is of pods
experiment({ ...base, faults, expect, minimumReady: [exactly(2, server.gpus)] });

// Suites.
const contrast = { title: "t", lane: "capacity", why: "w" } as const;
const runs = {
  slow: { must: "fail", service: { new: "UNRECOVERED" } },
  fast: { must: "pass" },
} as const;
suite({ about: "a", runs, contrasts: [{ ...contrast, before: "slow", after: "fast" }] });
// @ts-expect-error a contrast with a run that is not there
suite({ about: "a", runs, contrasts: [{ ...contrast, before: "slow", after: "quick" }] });
// @ts-expect-error an unknown outcome
suite({ about: "a", runs: { one: { must: "explode" } } });
// @ts-expect-error an unknown class
suite({ about: "a", runs: { one: { must: "pass", capacity: "GONE" } } });
// @ts-expect-error no class at all
suite({ about: "a", runs: { one: { must: "pass", capacity: [] } } });
// @ts-expect-error a claim without units
suite({ about: "a", runs, claim: { source: "s", text: "t", before: 15, after: "90s" } });

// Wrong: plug-ins.
defineFault({
  name: "x",
  about: "",
  on: "pod",
  lasts: "held",
  kinds: ["delete"],
  evidence: "What is seen.",
  params: { delay: duration({ about: "d" }) },
  // @ts-expect-error a witness has no hands
  observe: async (witness) => witness.delete("api/v1/pods/x"),
  effects: ({ delayMs }, pod) => [{ kind: "delete", pod, graceMs: delayMs }],
  proof: () => unclear,
});
defineFault({
  name: "x",
  about: "",
  on: "pod",
  lasts: "once",
  kinds: ["delete"],
  evidence: "What is seen.",
  params: { delay: duration({ about: "d" }) },
  observe: async () => Promise.resolve(1),
  // @ts-expect-error the unit is in the name
  effects: ({ delay }, pod) => [{ kind: "delete", pod, graceMs: delay }],
  proof: () => unclear,
});
defineFault({
  name: "x",
  about: "",
  on: "node",
  lasts: "once",
  kinds: ["delete"],
  evidence: "What is seen.",
  params: {},
  observe: async () => Promise.resolve(1),
  // @ts-expect-error a node is not a pod
  effects: (_params, node) => [{ kind: "delete", pod: node, graceMs: 0 }],
  proof: () => unclear,
});
defineFault({
  name: "x",
  about: "",
  on: "pod",
  lasts: "held",
  kinds: [],
  evidence: "What is seen.",
  params: {},
  observe: async () => Promise.resolve(1),
  // @ts-expect-error an effect that nobody knows
  effects: (_params, pod) => [{ kind: "explode", pod }],
  proof: () => unclear,
});
