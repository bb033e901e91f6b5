// Every object that is written for Chaos Mesh is accepted by a real API server that has the real
// CRDs, to the last field; and what plan prints for pods that are there can be created as it is.
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseAllDocuments } from "yaml";
import { CARRIED, carryOut } from "../../src/chaos-mesh/carry.ts";
import { kubeApi } from "../../src/clusters/kube/api.ts";
import type { Effect } from "../../src/model/effect.ts";
import { at, textAt, type Json } from "../../src/model/json.ts";
import type { Target } from "../../src/model/target.ts";
import type { Api } from "../../src/ports/api.ts";
import { chaosMeshCrds } from "../support/chaos-mesh-sources.ts";
import { eventually, start } from "../support/ninety.ts";
import { binaryFolder, startApiServer, type ApiServer } from "../support/kube-api-server.ts";

const BUILD_MS = 1_200_000;
const WITHIN_MS = 60_000;
const GROUP = "apis/chaos-mesh.org/v1alpha1";
const CHAOS = `${GROUP}/namespaces/shop`;

const pod: Target<"pod"> = {
  kind: "pod",
  namespace: "shop",
  name: "web-1",
  uid: "u-1",
  node: "n1",
};
const shape: Extract<Effect, { kind: "net-shape" }> = {
  kind: "net-shape",
  pod,
  direction: "out",
  ports: [],
  peers: null,
  delayMs: 0,
  jitterMs: 0,
  lossRatio: 0,
  affectsProbes: true,
};
/** Each way that an effect is written. */
const EFFECTS: readonly Effect[] = [
  { kind: "delete", pod, graceMs: 0 },
  { kind: "delete", pod, graceMs: 30_000 },
  { kind: "container-kill", pod, container: "web" },
  { kind: "cpu-stress", pod, container: "web", workers: 2, loadRatio: 0.8 },
  { kind: "memory-stress", pod, container: "web", to: { bytes: 2 ** 28 } },
  { ...shape, delayMs: 40, jitterMs: 0.5 },
  { ...shape, lossRatio: 0.07 },
  { ...shape, delayMs: 40, lossRatio: 0.5 },
  { ...shape, lossRatio: 1, peers: ["10.0.0.1"] },
];

let server: ApiServer;
let api: Api;
beforeAll(async () => {
  server = await startApiServer(await binaryFolder(AbortSignal.timeout(BUILD_MS)));
  api = kubeApi(server.kubeconfig("admin"));
  const sources = chaosMeshCrds();
  if ("missing" in sources) throw new Error(`no sources of Chaos Mesh: ${sources.missing}`);
  for (const crd of sources.crds)
    await created("apis/apiextensions.k8s.io/v1/customresourcedefinitions", crd as Json);
  await created("api/v1/namespaces", { metadata: { name: "shop" } });
  // A kind is served a moment after its CRD is accepted.
  const served = async (): Promise<boolean> => {
    const { body } = await api.call({ method: "GET", path: GROUP });
    return ["podchaos", "networkchaos", "stresschaos"].every((name) => body.includes(`"${name}"`));
  };
  await eventually("the API server knows Chaos Mesh", served, WITHIN_MS);
}, BUILD_MS);
afterAll(() => server.stop());

async function created(path: string, body: Json): Promise<void> {
  const answer = await api.call({ method: "POST", path, body });
  if (answer.status >= 300) throw new Error(`${path}: ${answer.status} ${answer.body}`);
}

/** Asks for it without making it; fields that the CRD does not know are refused too. */
function tried(object: unknown): ReturnType<Api["call"]> {
  const path = `${CHAOS}/${textAt(object, "kind").toLowerCase()}?dryRun=All&fieldValidation=Strict`;
  return api.call({ method: "POST", path, body: object as Json });
}

const objects = EFFECTS.flatMap((effect) => {
  const step = {
    id: "f01",
    fault: effect.kind,
    forMs: 60_000,
    follow: false,
    effects: [effect],
  } as const;
  const scene = { containers: { "u-1": ["web"] } };
  const { steps, problems } = carryOut([step], { experiment: "shop", seed: "s1", scene });
  if (problems.length > 0) throw new Error(problems.join("\n"));
  return steps.flatMap((one) => one.objects.map((object) => ({ effect, object })));
});

test("there is an object for each kind of effect that may be carried out", () => {
  expect([...new Set(objects.map(({ effect }) => effect.kind))].sort()).toEqual(
    [...CARRIED].sort(),
  );
});

test.each(objects.map(({ effect, object }) => [effect, object] as const))(
  "%j is accepted",
  async (_effect, object) => {
    const { status, body } = await tried(object);
    expect(status, body).toBe(201);
  },
);

test("an object that is not right is refused", async () => {
  const [first] = objects;
  const spec = { ...first?.object.spec, action: "pod-explode" };
  expect((await tried({ ...first?.object, spec })).status).toBe(422);
  const unknown = { ...first?.object.spec, grace: 1 };
  expect((await tried({ ...first?.object, spec: unknown })).status).toBe(400);
});

test("what plan prints for pods that are there can be created as it is", async () => {
  const pods = "api/v1/namespaces/shop/pods";
  for (const name of ["web-1", "web-2", "web-3"]) {
    const containers = [{ name: "web", image: "web" }];
    const metadata = { name, labels: { app: "web" } };
    await created(pods, { metadata, spec: { nodeName: "n1", containers } });
    const status = { phase: "Running", conditions: [{ type: "Ready", status: "True" }] };
    const told = await api.call({
      method: "PATCH",
      path: `${pods}/${name}/status`,
      contentType: "application/merge-patch+json",
      body: { status },
    });
    expect(told.status, told.body).toBe(200);
  }
  const file = "test/support/web-existing.experiment.ts";
  const asked = ["plan", file, "--as", "chaos-mesh", "--context", "test", "--seed", "7"];
  const env = { KUBECONFIG: server.kubeconfig("admin") };
  const { code, stdout, stderr } = await start(asked, undefined, env).ended;
  expect(code, stderr).toBe(0);
  const printed = parseAllDocuments(stdout)
    .map((one) => one.toJSON() as Json)
    .filter((one) => one !== null);
  expect(printed).toHaveLength(1);
  for (const object of printed) {
    await created(`${CHAOS}/podchaos`, object);
    const held = await api.get(`${CHAOS}/podchaos/${textAt(object, "metadata", "name")}`);
    expect(at(held, "spec")).toEqual(at(object, "spec"));
    const [name = ""] = at(held, "spec", "selector", "pods", "shop") as readonly string[];
    const victim = await api.get(`${pods}/${name}`);
    expect(textAt(held, "metadata", "annotations", "ninety/uids")).toBe(
      textAt(victim, "metadata", "uid"),
    );
  }
});
