import { at, listAt, numberAt, textAt, type KubeObject } from "../model/json.ts";
import type { Plan, PlannedPart } from "../model/plan.ts";
import type { Api } from "../ports/api.ts";
import { isTrue } from "./inventory.ts";
import { selectsBy } from "./selector.ts";

/** Whether a run brings nothing of its own: all that it meets is there already. */
export function bringsNothing({ stack }: Pick<Plan, "stack">): boolean {
  return stack.every(({ objects }) => objects.length === 0);
}

export interface Found {
  /** The plan's parts, those that were there with their pods counted and their budgets read. */
  readonly stack: readonly PlannedPart[];
  /** What is wrong with what is there: field, rule and value each. */
  readonly problems: readonly string[];
}

/** Looks at the parts that are there already. Touches nothing; throws ApiError. */
export async function findExisting(
  plan: Plan,
  of: {
    readonly api: Api;
    /** Clients use another address than the Service's. */
    readonly addressGiven: boolean;
    readonly signal: AbortSignal;
  },
): Promise<Found> {
  const found = await Promise.all(
    plan.stack.map(async (part) =>
      part.existing ? lookAt(part, part.existing.namespace, of) : { part, problems: [] },
    ),
  );
  return {
    stack: found.map(({ part }) => part),
    problems: found.flatMap(({ problems }) => problems),
  };
}

async function lookAt(
  part: PlannedPart,
  namespace: string,
  of: { readonly api: Api; readonly addressGiven: boolean; readonly signal: AbortSignal },
): Promise<{ readonly part: PlannedPart; readonly problems: readonly string[] }> {
  const { api, signal } = of;
  const core = `api/v1/namespaces/${namespace}`;
  const name = part.service?.name ?? "";
  const [service, pods, budgets] = await Promise.all([
    api.get(`${core}/services/${name}`, signal),
    api.list(`${core}/pods?labelSelector=${encodeURIComponent(part.selector ?? "")}`, signal),
    api.list(`apis/policy/v1/namespaces/${namespace}/poddisruptionbudgets`, signal),
  ]);
  const there = pods.filter((pod) => textAt(pod, "metadata", "deletionTimestamp") === "");
  const own = budgets.filter((budget) =>
    there.some(({ metadata }) => selectsBy(at(budget, "spec", "selector"), metadata.labels ?? {})),
  );
  const problems = [
    ...(service === null
      ? [`${part.part}.service must be in namespace ${namespace}, got none named ${name}`]
      : serviceProblems(part, service, { pods: there, addressGiven: of.addressGiven })),
    ...podProblems(part, namespace, there),
  ];
  const objects = own.map((budget): KubeObject => ({ ...budget, kind: "PodDisruptionBudget" }));
  const replicas = part.replicas ?? there.length;
  return { part: { ...part, objects, replicas }, problems };
}

function serviceProblems(
  { part, selector, service: asked }: PlannedPart,
  service: unknown,
  of: { readonly pods: readonly KubeObject[]; readonly addressGiven: boolean },
): readonly string[] {
  const problems: string[] = [];
  const ip = textAt(service, "spec", "clusterIP");
  if (!of.addressGiven && (ip === "" || ip === "None")) {
    problems.push(`${part}.service must have a cluster IP, got ${ip || "none"}`);
  }
  const ports = listAt(service, "spec", "ports").map((one) => numberAt(one, "port"));
  if (!of.addressGiven && !ports.includes(asked?.port)) {
    problems.push(`${part}.port must be one of ${ports.join(", ")}, got ${asked?.port}`);
  }
  const labels = (at(service, "spec", "selector") ?? {}) as Readonly<Record<string, string>>;
  const met = of.pods.filter((pod) =>
    selectsBy({ matchLabels: labels }, pod.metadata.labels ?? {}),
  );
  if (Object.keys(labels).length > 0 && of.pods.length > 0 && met.length === 0) {
    problems.push(
      `${part}.selector must select pods of the Service, which selects ` +
        `${Object.entries(labels)
          .map((pair) => pair.join("="))
          .join(",")}, got ${selector}`,
    );
  }
  return problems;
}

function podProblems(
  { part, selector }: PlannedPart,
  namespace: string,
  pods: readonly KubeObject[],
): readonly string[] {
  if (pods.some((pod) => isTrue(pod, "Ready"))) return [];
  return [
    `${part}.selector must match at least one Ready pod in ${namespace}, ` +
      `got ${pods.length} pods of ${selector}, none of them Ready`,
  ];
}
