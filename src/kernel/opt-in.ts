import { textAt } from "../model/json.ts";
import type { Plan } from "../model/plan.ts";
import type { Api } from "../ports/api.ts";
import type { Cluster } from "../ports/cluster.ts";

/** Whoever owns a namespace of a shared cluster lets runs disturb it by this label. */
const OPT_IN_LABEL = "ninety/opt-in";

/** Namespaces that the parts of a plan are in already. */
export function existingNamespaces({ stack }: Pick<Plan, "stack">): readonly string[] {
  return stack.flatMap(({ existing }) => (existing ? [existing.namespace] : []));
}

/** The command by which a namespace opts in. */
export const optInCommand = (namespace: string): string =>
  `kubectl label namespace ${namespace} ${OPT_IN_LABEL}=true`;

/**
 * Those of these namespaces that have not opted in; none on a local cluster, which is ours alone.
 * One that is not there is told by those who look for what is in it.
 */
export async function notOptedIn(
  { kind, api }: Pick<Cluster, "kind"> & { readonly api: Api },
  namespaces: readonly string[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (kind !== "kube") return [];
  const asked = await Promise.all(
    [...new Set(namespaces)].map(async (name) => {
      const found = await api.get(`api/v1/namespaces/${name}`, signal);
      const label = textAt(found, "metadata", "labels", OPT_IN_LABEL);
      return { name, closed: found !== null && label !== "true" };
    }),
  );
  return asked.filter(({ closed }) => closed).map(({ name }) => name);
}

/** What a refusal says of them. */
export function optInProblems(closed: readonly string[]): readonly string[] {
  return closed.map(
    (name) => `namespace ${name} must have opted in by label ${OPT_IN_LABEL}=true, got none`,
  );
}
