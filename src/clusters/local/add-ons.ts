import { messageOf } from "../../model/error.ts";
import { numberAt, type KubeObject } from "../../model/json.ts";
import type { Api } from "../../ports/api.ts";
import { waitUntil } from "./wait.ts";

/** What belongs to the cluster and to no run: its objects, with full image references. Pure. */
export type AddOns = (cluster: {
  readonly images: Readonly<Record<string, string>>;
  readonly dnsAddress: string;
  readonly nodes: number;
}) => readonly KubeObject[];

/** An API server that has just come up lacks its own namespaces for a moment. */
const APPLY_WITHIN_MS = 20_000;
const APPLY_EVERY_MS = 100;

/** All at once: what a Deployment needs is there before its first pod is. */
export async function applyAddOns(
  api: Api,
  objects: readonly KubeObject[],
  signal: AbortSignal,
): Promise<void> {
  await Promise.all(
    objects.map((object) =>
      waitUntil(
        `add-on ${object.kind} ${object.metadata.name}`,
        () =>
          api.apply(object, signal).then(
            () => null,
            (error: unknown) => messageOf(error),
          ),
        { withinMs: APPLY_WITHIN_MS, everyMs: APPLY_EVERY_MS, signal },
      ),
    ),
  );
}

export const deploymentPaths = (objects: readonly KubeObject[]): string[] =>
  objects
    .filter(({ kind }) => kind === "Deployment")
    .map(
      ({ metadata }) =>
        `apis/apps/v1/namespaces/${metadata.namespace ?? "default"}/deployments/${metadata.name}`,
    );

/** Null: all pods of the Deployments are Ready; else the first that is not whole. */
export async function addOnsMissing(
  api: Api,
  paths: readonly string[],
  signal: AbortSignal,
): Promise<string | null> {
  try {
    for (const path of paths) {
      const found = await api.get(path, signal);
      const wanted = numberAt(found, "spec", "replicas") ?? 1;
      const ready = numberAt(found, "status", "readyReplicas") ?? 0;
      if (ready < wanted) return `${path} has ${ready} of ${wanted} pods Ready`;
    }
    return null;
  } catch (error) {
    signal.throwIfAborted();
    return messageOf(error);
  }
}
