import { at, listAt, textAt, type KubeObject } from "./json.ts";

/** The pods of the node agent. */
export const AGENT = {
  namespace: "ninety-system",
  part: "node-agent",
  container: "agent",
} as const;

/** How a program of ours is started in the agent's container. */
export const AGENT_NODE = ["/bin/node", "--disable-warning=ExperimentalWarning"] as const;

/** Of pods in its namespace, those of the agent that are on a node to stay. Pure. */
export function agentPods(pods: readonly KubeObject[]): readonly KubeObject[] {
  return pods.filter(
    (pod) =>
      pod.metadata.labels?.["ninety/part"] === AGENT.part &&
      at(pod, "metadata", "deletionTimestamp") === undefined &&
      textAt(pod, "spec", "nodeName") !== "",
  );
}

/** Where to exec on that node. Throws where no agent runs there. Pure. */
export function agentOn(
  node: string,
  pods: readonly KubeObject[],
): { readonly namespace: string; readonly name: string; readonly container: string } {
  const there = agentPods(pods).filter((pod) => textAt(pod, "spec", "nodeName") === node);
  const running = there.find((pod) =>
    listAt(pod, "status", "containerStatuses").some(
      (status) =>
        textAt(status, "name") === AGENT.container && at(status, "state", "running") !== undefined,
    ),
  );
  if (running === undefined) {
    throw new Error(`node ${node} must have a running agent, got ${there.length} agent pods`);
  }
  const { namespace = AGENT.namespace, name } = running.metadata;
  return { namespace, name, container: AGENT.container };
}
