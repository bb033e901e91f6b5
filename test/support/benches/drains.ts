// Drains of nodes by a real API server.
import { setTimeout as sleep } from "node:timers/promises";

import { kubeApi } from "../../../src/clusters/kube/api.ts";
import type { Effect } from "../../../src/model/effect.ts";
import { textAt } from "../../../src/model/json.ts";
import { makeNamespace, makeNode, makePod, NAMESPACE } from "../api-objects.ts";
import type { EffectBench } from "../effect-bench.ts";
import { until } from "../holder-process.ts";
import type { ApiServer } from "../kube-api-server.ts";

/** A drain asks every second: one that goes on takes a pod that often. */
const TAKES_WITHIN_MS = 1_500;
const LOOK_MS = 100;
const NOW = { apiVersion: "v1", kind: "DeleteOptions", gracePeriodSeconds: 0 };

let made = 0;

/**
 * Two cordoned nodes, each with a pod that is made there again whenever it is taken, which says
 * that a drain goes on: what has gone is not brought back, so that nothing else shows its end.
 */
export async function drainBench(server: ApiServer): Promise<EffectBench> {
  const api = kubeApi(server.kubeconfig("admin"));
  await until("the namespace is made", () =>
    makeNamespace(api).then(
      () => true,
      () => false,
    ),
  );
  const nodes = await Promise.all([drained(), drained()]);
  const nodeOf = (effect: Effect): (typeof nodes)[number] =>
    "node" in effect && effect.node === nodes[1].name ? nodes[1] : nodes[0];

  async function drained(): Promise<{
    readonly name: string;
    readonly isTaken: () => boolean;
    readonly close: () => Promise<void>;
  }> {
    made += 1;
    const name = `drained-${process.pid}-${made}`;
    const pod = `api/v1/namespaces/${NAMESPACE}/pods/${name}`;
    const node = `api/v1/nodes/${name}`;
    await makeNode(api, name);
    await api.call({ method: "PATCH", path: node, body: { spec: { unschedulable: true } } });
    await makePod(api, { name, node: name });
    const stop = new AbortController();
    let takenMs = -Infinity;
    const keep = async (): Promise<void> => {
      while (!stop.signal.aborted) {
        const there = await api.get(pod);
        if (textAt(there, "metadata", "deletionTimestamp") !== "") {
          takenMs = performance.now();
          await api.call({ method: "DELETE", path: pod, body: NOW });
          await makePod(api, { name, node: name });
        }
        await sleep(LOOK_MS, undefined, { signal: stop.signal }).catch(() => {});
      }
    };
    const keeping = keep();
    return {
      name,
      isTaken: () => performance.now() - takenMs < TAKES_WITHIN_MS,
      close: async () => {
        stop.abort();
        await keeping;
        for (const path of [pod, node]) await api.call({ method: "DELETE", path, body: NOW });
      },
    };
  }

  return {
    effect: (nth) => ({ kind: "drain", node: nodes[nth].name }),
    mark: (effect) => JSON.stringify(effect),
    isThere: (effect) => nodeOf(effect).isTaken(),
    guard: { api: server.asGuard, machines: {} },
    close: async () => {
      for (const one of nodes) await one.close();
    },
  };
}
