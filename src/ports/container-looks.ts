// Looks that faults in a container's cgroups share. Reads only; what could not be looked at throws.
import { at, listAt, numberAt, textAt, type Json } from "../model/json.ts";
import type { Target } from "../model/target.ts";
import type { Witness } from "./witness.ts";

/** A container as the API server has it. */
export type ContainerNow = {
  readonly id: string;
  readonly ready: boolean;
  readonly running: boolean;
  /** CPUs that it may use; null: as many as there are. */
  readonly cpuLimit: number | null;
  /** Id of the latest one that was ended for want of memory; "": none. */
  readonly oomKilled: string;
};
/** What it uses, as its kubelet tells about every 10 s. */
export type ContainerUse = {
  readonly cpus: number | null;
  /** What the kernel cannot take back at once. */
  readonly memoryBytes: number | null;
  /** Left of its limit; null: it has none. */
  readonly leftBytes: number | null;
};
export type ContainerSeen = {
  /** Null: no such pod, another one under its name, or no such container. */
  readonly container: ContainerNow | null;
  /** Null: the kubelet tells nothing of it. */
  readonly use: ContainerUse | null;
};

/** `name` "": the pod's only container. */
export async function lookAtContainer(
  witness: Witness,
  target: Target<"pod">,
  name: string,
): Promise<ContainerSeen> {
  const [pod, summary] = await Promise.all([
    witness.object(`api/v1/namespaces/${target.namespace}/pods/${target.name}`),
    witness.object(`api/v1/nodes/${target.node}/proxy/stats/summary`),
  ]);
  const told = listAt(summary, "pods").find((one) => textAt(one, "podRef", "uid") === target.uid);
  const isIt = (one: unknown): boolean => textAt(one, "name") === name;
  const pick = (all: readonly unknown[]): unknown =>
    name === "" && all.length === 1 ? all[0] : all.find(isIt);
  const use = pick(listAt(told, "containers"));
  return {
    container: textAt(pod, "metadata", "uid") === target.uid ? containerIn(pod, pick) : null,
    use:
      use === undefined
        ? null
        : {
            cpus: perCpu(numberAt(use, "cpu", "usageNanoCores")),
            memoryBytes: numberAt(use, "memory", "workingSetBytes") ?? null,
            leftBytes: numberAt(use, "memory", "availableBytes") ?? null,
          },
  };
}

const perCpu = (nanoCores: number | undefined): number | null =>
  nanoCores === undefined ? null : nanoCores / 1e9;

function containerIn(pod: Json, pick: (all: readonly unknown[]) => unknown): ContainerNow | null {
  const status = pick(listAt(pod, "status", "containerStatuses"));
  if (status === undefined) return null;
  const spec = pick(listAt(pod, "spec", "containers"));
  const ends = [at(status, "state", "terminated"), at(status, "lastState", "terminated")];
  const oom = ends.find((end) => textAt(end, "reason") === "OOMKilled");
  return {
    id: textAt(status, "containerID"),
    ready: at(status, "ready") === true,
    running: at(status, "state", "running") !== undefined,
    cpuLimit: cpusIn(at(spec, "resources", "limits", "cpu")),
    oomKilled: textAt(oom, "containerID"),
  };
}

/** `500m`, `1.5` or a number; null: none. */
function cpusIn(quantity: unknown): number | null {
  const written = typeof quantity === "number" ? String(quantity) : quantity;
  const hit = typeof written === "string" ? /^(\d+(?:\.\d+)?)(m?)$/.exec(written) : null;
  return hit === null ? null : Number(hit[1]) / (hit[2] === "m" ? 1_000 : 1);
}
