import { EXIT, NinetyError, messageOf } from "../model/error.ts";
import { textAt, type KubeObject } from "../model/json.ts";
import type { PlannedPart } from "../model/plan.ts";
import type { Ms } from "../model/quantity.ts";
import { ApiError, type Api } from "../ports/api.ts";
import type { Clock } from "../ports/clock.ts";
import { RUN_LABEL } from "./inventory.ts";
import { objectName, objectPath, removeCommand } from "./kube-path.ts";
import { isWorkload, missing } from "./readiness.ts";

const READY_MAX_MS = 180_000;
const POLL_MS = 500;
const APPLY_TRIES_MAX = 20;

export interface Deploying {
  readonly api: Api;
  readonly clock: Clock;
  readonly run: string;
  readonly signal: AbortSignal;
}

/** Throws where the run's namespace is there already: it is not ours to use or to remove. */
export async function refuseTaken(namespace: string, { api, signal }: Deploying): Promise<void> {
  const found = await api.get(`api/v1/namespaces/${namespace}`, signal);
  if (found === null) return;
  const run = textAt(found, "metadata", "labels", RUN_LABEL);
  const owner = run === "" ? "somebody else" : `run ${run}`;
  throw new NinetyError(`namespace ${namespace} must be free, it belongs to ${owner}`, {
    exit: EXIT.preflight,
    hint: `if no other run uses it: kubectl delete namespace ${namespace}`,
  });
}

/** Throws with the commands that remove what earlier runs left behind in this cluster. */
export function refuseLeftovers(left: readonly KubeObject[]): void {
  if (left.length === 0) return;
  throw new NinetyError(
    `the cluster must be clean, ${left.length} objects of other runs are there: ` +
      left.slice(0, 10).map(objectName).join(", "),
    {
      exit: EXIT.preflight,
      hint: `if no other run goes on: ${left.slice(0, 10).map(removeCommand).join("; ")}`,
    },
  );
}

/** Namespaces first, then what workloads need to be admitted, then the workloads. */
export async function applyAll(
  objects: readonly KubeObject[],
  deploying: Deploying,
): Promise<void> {
  for (const rank of [0, 1, 2]) {
    const group = objects.filter((object) => rankOf(object) === rank);
    await Promise.all(group.map(async (object) => applyOne(object, deploying)));
  }
}

function rankOf(object: KubeObject): number {
  if (object.kind === "Namespace") return 0;
  return isWorkload(object) || object.kind === "CronJob" ? 2 : 1;
}

/** Again while the API server is not ready for it: the first seconds of a cluster. */
async function applyOne(object: KubeObject, { api, clock, signal }: Deploying): Promise<void> {
  for (let nth = 1; ; nth += 1) {
    try {
      await api.apply(object, signal);
      return;
    } catch (error) {
      signal.throwIfAborted();
      if (nth < APPLY_TRIES_MAX && error instanceof ApiError && isPassing(error.status)) {
        await clock.until(clock.nowMs() + POLL_MS, signal);
        continue;
      }
      throw new NinetyError(`${objectName(object)} could not be applied: ${messageOf(error)}`, {
        exit: EXIT.unknown,
        cause: error,
      });
    }
  }
}

function isPassing(status: number): boolean {
  return status === 0 || status === 409 || status === 429 || status >= 500;
}

/** Resolves when every workload's pods are Ready; throws which are not, and why. */
export async function waitReady(
  objects: readonly KubeObject[],
  deploying: Deploying,
  tell: (what: string) => void,
  forMs: Ms = READY_MAX_MS,
): Promise<void> {
  const { clock, signal } = deploying;
  const untilMs = clock.nowMs() + forMs;
  for (;;) {
    const lacking = await look(objects, deploying);
    if (lacking.length === 0) return;
    tell(`waiting for ${lacking[0]}`);
    if (clock.nowMs() >= untilMs) {
      throw new NinetyError(
        `all pods must be Ready within ${forMs / 1_000} s:\n${lacking.slice(0, 20).join("\n")}`,
        { exit: EXIT.unknown },
      );
    }
    await clock.until(clock.nowMs() + POLL_MS, signal);
  }
}

async function look(
  objects: readonly KubeObject[],
  { api, run, signal }: Deploying,
): Promise<readonly string[]> {
  const label = encodeURIComponent(`${RUN_LABEL}=${run}`);
  const [found, pods] = await Promise.all([
    Promise.all(
      objects
        .filter(isWorkload)
        .map(
          async (object) => ((await api.get(objectPath(object), signal)) ?? object) as KubeObject,
        ),
    ),
    api.list(`api/v1/pods?labelSelector=${label}`, signal),
  ]);
  return missing(found, pods, objects);
}

/** The domain of every cluster but those that were given another one. */
const CLUSTER_DOMAIN = "cluster.local";

/** Where clients reach a part: its Service's ClusterIP or DNS name, and port. */
export async function addressOf(
  part: PlannedPart,
  of: Pick<Deploying, "api" | "signal"> & {
    readonly namespace: string;
    readonly by?: "name" | undefined;
  },
): Promise<string> {
  const { service, existing } = part;
  const { api, signal } = of;
  const inside = existing?.namespace ?? of.namespace;
  if (service && of.by === "name") {
    return `${service.name}.${inside}.svc.${CLUSTER_DOMAIN}:${service.port}`;
  }
  const object =
    service && (await api.get(`api/v1/namespaces/${inside}/services/${service.name}`, signal));
  const ip = textAt(object, "spec", "clusterIP");
  if (service && ip !== "" && ip !== "None") {
    return ip.includes(":") ? `[${ip}]:${service.port}` : `${ip}:${service.port}`;
  }
  throw new NinetyError(
    `service of ${part.part} must have a cluster address, got ${ip === "" ? "none" : ip}`,
    { exit: EXIT.unknown },
  );
}
