import { AGENT, AGENT_NODE, agentOn, agentPods } from "../model/agent-pod.ts";
import { nodeOf, type Effect } from "../model/effect.ts";
import { EFFECT_FACTS } from "../model/effect-facts.ts";
import { EXIT, messageOf, NinetyError } from "../model/error.ts";
import { textAt, type KubeObject } from "../model/json.ts";
import type { Us } from "../model/quantity.ts";
import type { Api, ExecSession } from "../ports/api.ts";
import type { Injector } from "../ports/injector.ts";
import { HolderClient } from "./holder-client.ts";

const CONNECT = [...AGENT_NODE, "/app/src/agents/connect.ts"] as const;

export interface NodeAgentInjectorOptions {
  readonly api: Api;
  /** CLOCK_MONOTONIC at the start of the run. */
  readonly monotonicStartUs: Us;
}

/**
 * What must be done on a node, by the agent there: one long exec a node, opened when first needed
 * and kept. `close` ends the sessions; what is held stays held under its lease.
 */
export function nodeAgentInjector(options: NodeAgentInjectorOptions): Injector & { close(): void } {
  const agents = new Agents(options);
  return {
    name: "node-agent",
    accepts: meansOf,
    start(held, lease, signal) {
      const node = nodeOf(held.effect);
      agents.nodeOf.set(held.id, node);
      return agents.on(node).start(held, lease, signal);
    },
    async renew(ids, signal) {
      const known = ids.filter((id) => agents.nodeOf.has(id));
      const shares = Map.groupBy(known, (id) => agents.nodeOf.get(id) ?? "");
      const renewed = await Promise.all(
        [...shares].map(([node, share]) => agents.on(node).renew(share, signal)),
      );
      return renewed.flat();
    },
    async stop(held, signal) {
      await agents.on(nodeOf(held.effect)).stop(held, signal);
      agents.nodeOf.delete(held.id);
    },
    async list(signal) {
      const nodes = await agents.nodes(signal);
      const lists = await Promise.allSettled(nodes.map((node) => agents.on(node).list(signal)));
      const failed = lists.flatMap((one, nth) =>
        one.status === "rejected" ? [`${nodes[nth] ?? ""}: ${messageOf(one.reason)}`] : [],
      );
      if (failed.length > 0) {
        throw new NinetyError(
          `list of held effects: every agent must answer, got ${failed.join("; ")}`,
          {
            exit: EXIT.unknown,
            hint: "is the node Ready, and its node-agent pod in ninety-system running?",
          },
        );
      }
      return lists.flatMap((one) => (one.status === "fulfilled" ? one.value : []));
    },
    close: () => agents.close(),
  };
}

function meansOf({ kind }: Effect): ReturnType<Injector["accepts"]> {
  const { doneBy, means } = EFFECT_FACTS[kind];
  return doneBy === "node" ? { means } : { refused: `${kind} is not done on a node` };
}

class Agents {
  readonly nodeOf = new Map<string, string>();
  readonly #clients = new Map<string, HolderClient>();
  readonly #options: NodeAgentInjectorOptions;

  constructor(options: NodeAgentInjectorOptions) {
    this.#options = options;
  }

  on(node: string): HolderClient {
    const known = this.#clients.get(node);
    if (known !== undefined) return known;
    const open = (signal: AbortSignal): Promise<ExecSession> => this.#open(node, signal);
    const { monotonicStartUs } = this.#options;
    const client = new HolderClient(`node-agent on ${node}`, open, monotonicStartUs);
    this.#clients.set(node, client);
    return client;
  }

  /** Nodes that an agent is on. */
  async nodes(signal: AbortSignal): Promise<readonly string[]> {
    const pods = agentPods(await this.#pods(signal));
    return [...new Set(pods.map((pod) => textAt(pod, "spec", "nodeName")))];
  }

  close(): void {
    for (const client of this.#clients.values()) client.close();
  }

  #pods(signal: AbortSignal): Promise<readonly KubeObject[]> {
    return this.#options.api.list(`api/v1/namespaces/${AGENT.namespace}/pods`, signal);
  }

  /** Anew for every session: the pod may have been replaced. */
  async #open(node: string, signal: AbortSignal): Promise<ExecSession> {
    const agent = agentOn(node, await this.#pods(signal));
    return this.#options.api.exec(agent, CONNECT, signal);
  }
}
