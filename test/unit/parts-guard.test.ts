import { expect, test } from "vitest";
import { guard } from "../../workloads/parts/guard.ts";
import type { EffectKind } from "../../src/model/effect.ts";
import { EFFECT_FACTS } from "../../src/model/effect-facts.ts";
import { guardIn } from "../../src/model/guard-pod.ts";
import { at, listAt, textAt, type KubeObject } from "../../src/model/json.ts";

const objects = guard().planned.objects;
const one = (kind: string): KubeObject => {
  const found = objects.filter((object) => object.kind === kind);
  expect(found).toHaveLength(1);
  return found[0]!;
};

test("its account may do what its kinds of effects take, and nothing else", () => {
  const rules = listAt(one("ClusterRole"), "rules");
  const may = rules.flatMap((rule) =>
    listAt(rule, "resources").flatMap((resource) =>
      listAt(rule, "verbs").map((verb) => `${String(verb)} ${String(resource)}`),
    ),
  );
  expect(may).toEqual([
    "get nodes",
    "patch nodes",
    "get pods",
    "list pods",
    "patch pods",
    "create pods/eviction",
    "get deployments",
    "patch deployments",
  ]);
  const held = (Object.keys(EFFECT_FACTS) as EffectKind[]).filter(
    (kind) => EFFECT_FACTS[kind].doneBy === "api" && !EFFECT_FACTS[kind].once,
  );
  expect(held).toEqual(["cordon", "drain", "taint", "image", "scale"]);
});

test("finds the API server without a name, by its account's token", () => {
  const config = JSON.parse(textAt(one("ConfigMap"), "data", "guard.json")) as object;
  expect(config).toMatchObject({
    api: { server: null, tokenFile: "/var/run/secrets/kubernetes.io/serviceaccount/token" },
    machines: {},
  });
  const container = at(one("Deployment"), "spec", "template", "spec", "containers", 0);
  expect(listAt(container, "env")).toContainEqual({
    name: "NINETY_AGENT_SOCKET",
    value: textAt(config, "socketPath"),
  });
});

test("is asked where it runs", () => {
  const pod = (name: string, more: object = {}, metadata: object = {}): KubeObject => ({
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, labels: { "ninety/part": "guard" }, ...metadata },
    status: { containerStatuses: [{ name: "guard", state: { running: {} } }] },
    ...more,
  });
  const starting = pod("new", { status: {} });
  const going = pod("old", {}, { deletionTimestamp: "2026-01-01T00:00:00Z" });
  const other = pod("agent", {}, { labels: { "ninety/part": "node-agent" } });
  expect(guardIn([other, going, starting])).toBeNull();
  expect(guardIn([other, going, pod("guard-1")])).toEqual({
    namespace: "ninety-system",
    name: "guard-1",
    container: "guard",
  });
});
