// Effects on pods by a real API server.
import { setTimeout as sleep } from "node:timers/promises";

import { kubeApi } from "../../../src/clusters/kube/api.ts";
import type { Effect } from "../../../src/model/effect.ts";
import { textAt } from "../../../src/model/json.ts";
import type { Target } from "../../../src/model/target.ts";
import type { EffectBench } from "../effect-bench.ts";
import { until } from "../holder-process.ts";
import type { ApiServer } from "../kube-api-server.ts";

let made = 0;

/** Two pods that are made again under their names, as by a controller, and counted. */
export async function removalBench(
  server: ApiServer,
  kind: "delete" | "evict",
): Promise<EffectBench> {
  const api = kubeApi(server.kubeconfig("admin"));
  const pods = "api/v1/namespaces/default/pods";
  const [one, two] = await Promise.all([keptPod(), keptPod()]);
  const keptOf = (effect: Effect): typeof one =>
    "pod" in effect && effect.pod.name === two.target.name ? two : one;

  async function keptPod(): Promise<{
    readonly target: Target<"pod">;
    readonly madeAgain: () => number;
    readonly close: () => Promise<void>;
  }> {
    made += 1;
    const name = `kept-${process.pid}-${made}`;
    const body = {
      apiVersion: "v1",
      kind: "Pod",
      metadata: { name },
      spec: { containers: [{ name: "server", image: "none" }] },
    };
    await until("the pod is made", async () => {
      const { status } = await api.call({ method: "POST", path: pods, body });
      return status === 201;
    });
    const uid = textAt(await api.get(`${pods}/${name}`), "metadata", "uid");
    const stop = new AbortController();
    let again = 0;
    const keep = async (): Promise<void> => {
      while (!stop.signal.aborted) {
        const { status } = await api.call({ method: "POST", path: pods, body });
        if (status === 201) again += 1;
        await sleep(200, undefined, { signal: stop.signal }).catch(() => {});
      }
    };
    const keeping = keep();
    return {
      target: { kind: "pod", namespace: "default", name, uid, node: "n1" },
      madeAgain: () => again,
      close: async () => {
        stop.abort();
        await keeping;
        await api.call({ method: "DELETE", path: `${pods}/${name}` });
      },
    };
  }

  return {
    effect: (nth) => ({ kind, pod: (nth === 0 ? one : two).target, graceMs: 0 }),
    mark: (effect) => `"name":"${keptOf(effect).target.name}"`,
    isThere: async (effect) => (await api.get(`${pods}/${keptOf(effect).target.name}`)) === null,
    times: (effect) => keptOf(effect).madeAgain(),
    guard: { api: server.asGuard, machines: {} },
    close: async () => {
      await one.close();
      await two.close();
    },
  };
}
