import { describe, expect, it } from "vitest";
import { addOnsMissing, applyAddOns, deploymentPaths } from "../../src/clusters/local/add-ons.ts";
import type { KubeObject } from "../../src/model/json.ts";
import { FakeApi } from "../../src/testing/fake-cluster.ts";

const object = (kind: string, apiVersion: string): KubeObject => ({
  apiVersion,
  kind,
  metadata: { name: "it", namespace: "kube-system" },
  spec: { replicas: 2, template: { spec: { containers: [] } } },
});
const objects = [object("ServiceAccount", "v1"), object("Deployment", "apps/v1")];
const never = new AbortController().signal;

function world(): FakeApi {
  return new FakeApi({ nodes: 2, gpusPerNode: 0 });
}
async function openNamespace(api: FakeApi): Promise<void> {
  const metadata = { name: "kube-system" };
  await api.apply({ apiVersion: "v1", kind: "Namespace", metadata });
}

describe("what belongs to the cluster", () => {
  it("is applied once the API server has its own namespaces", async () => {
    const api = world();
    const applied = applyAddOns(api, objects, never);
    await openNamespace(api);
    await applied;
    expect(api.pods()).toHaveLength(2);
  });

  it("is given up with the caller", async () => {
    const stop = new AbortController();
    const applied = applyAddOns(world(), objects, stop.signal);
    stop.abort(new Error("told to stop"));
    await expect(applied).rejects.toThrow("told to stop");
  });

  it("is waited for until all of its pods are Ready", async () => {
    const api = world();
    await openNamespace(api);
    const paths = deploymentPaths(objects);
    expect(paths).toEqual(["apis/apps/v1/namespaces/kube-system/deployments/it"]);
    expect(await addOnsMissing(api, paths, never)).toBe(`${paths[0]} has 0 of 1 pods Ready`);
    api.broken.add("it");
    await applyAddOns(api, objects, never);
    expect(await addOnsMissing(api, paths, never)).toBe(`${paths[0]} has 0 of 2 pods Ready`);
    api.broken.clear();
    await applyAddOns(api, objects, never);
    expect(await addOnsMissing(api, paths, never)).toBeNull();
    expect(await addOnsMissing(api, [], never)).toBeNull();
  });
});
