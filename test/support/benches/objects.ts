// Effects that are changes of API objects, by a real API server.
import { kubeApi } from "../../../src/clusters/kube/api.ts";
import { at, listAt, textAt } from "../../../src/model/json.ts";
import { markedPath, type MarkedEffect } from "../../../src/model/marked.ts";
import { makeDeployment, makeNamespace, makeNode, makePod, NAMESPACE } from "../api-objects.ts";
import type { EffectBench } from "../effect-bench.ts";
import { until } from "../holder-process.ts";
import type { ApiServer } from "../kube-api-server.ts";

const OTHER_IMAGE = "registry.invalid/none:none";

let made = 0;

/** Two objects of their own, which nobody else works on. */
export async function objectBench(
  server: ApiServer,
  kind: MarkedEffect["kind"],
): Promise<EffectBench> {
  const api = kubeApi(server.kubeconfig("admin"));
  await until("the namespace is made", () =>
    makeNamespace(api).then(
      () => true,
      () => false,
    ),
  );
  const make = async (): Promise<MarkedEffect> => {
    made += 1;
    const name = `met-${process.pid}-${made}`;
    if (kind === "image") {
      const pod = await makePod(api, { name, node: "n1" });
      return { kind, pod, container: "", image: OTHER_IMAGE };
    }
    if (kind === "scale") {
      await makeDeployment(api, name, 3);
      return { kind, namespace: NAMESPACE, deployment: name, replicas: 0 };
    }
    await makeNode(api, name);
    return kind === "cordon"
      ? { kind, node: name }
      : { kind, node: name, key: "k", value: "v", effect: "NoExecute" };
  };
  const effects = [await make(), await make()] as const;
  return {
    effect: (nth) => effects[nth],
    mark: (effect) => JSON.stringify(effect),
    isThere: async (effect) => {
      const object = await api.get(markedPath(effect as MarkedEffect));
      if (kind === "cordon") return at(object, "spec", "unschedulable") === true;
      if (kind === "scale") return at(object, "spec", "replicas") === 0;
      if (kind === "image") {
        return textAt(object, "spec", "containers", 0, "image") === OTHER_IMAGE;
      }
      return listAt(object, "spec", "taints").some((one) => textAt(one, "key") === "k");
    },
    guard: { api: server.asGuard, machines: {} },
    close: async () => {
      const body = { apiVersion: "v1", kind: "DeleteOptions", gracePeriodSeconds: 0 };
      for (const effect of effects) {
        await api.call({ method: "DELETE", path: markedPath(effect), body });
      }
    },
  };
}
