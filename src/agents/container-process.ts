/** One process as /proc tells it. */
export interface ProcessFacts {
  readonly pid: number;
  /** Text of `status`. */
  readonly status: string;
  /** Text of `mountinfo`. */
  readonly mounts: string;
}

/** Which container; `container` "": the pod's only one. */
export interface ContainerName {
  readonly uid: string;
  readonly container: string;
}

/**
 * The first process of a pod's container. It is known by what every kubelet mounts into one,
 * whatever the runtime and the version of cgroups: its termination log, a file below
 * `pods/<uid>/containers/<name>/`. Of the processes that see it the first one is number 1 of its
 * own pid namespace, or, where the pod shares one, the only one whose parent does not see it. Pure.
 */
export function mainProcess(
  all: readonly ProcessFacts[],
  of: ContainerName,
): { readonly pid: number } | { readonly why: string } {
  const inside = processesOf(all, of);
  const names = [...new Set(inside.map(({ name }) => name))].sort();
  if (names.length === 0) {
    const which = of.container === "" ? "" : ` named ${of.container}`;
    return { why: `must run on this node, got no process of one${which}` };
  }
  if (names.length > 1) return { why: `must be named, got ${names.join(", ")}` };
  const firsts = inside.filter(
    ({ status }) => fieldOf(status, "NSpid").split(/\s+/).at(-1) === "1",
  );
  const pids = new Set(inside.map(({ pid }) => pid));
  const heads = inside.filter(({ status }) => !pids.has(Number(fieldOf(status, "PPid"))));
  const [head, ...more] = firsts.length === 1 ? firsts : heads;
  if (head === undefined || more.length > 0) {
    return { why: `must have one first process, got ${heads.length} in ${names[0]}` };
  }
  return { pid: head.pid };
}

/** All processes of that container, or of all of the pod's where none is named. Pure. */
export function processesOf(
  all: readonly ProcessFacts[],
  of: ContainerName,
): readonly (ProcessFacts & { readonly name: string })[] {
  return all.flatMap((one) => {
    const name = containerOf(one.mounts, of.uid);
    return name === null || (of.container !== "" && name !== of.container)
      ? []
      : [{ ...one, name }];
  });
}

/** Name of the container of that pod that a process is in, or null. */
function containerOf(mounts: string, uid: string): string | null {
  for (const line of mounts.split("\n")) {
    const root = line.split(" ")[3] ?? "";
    const [, found, name] = /\/pods\/([^/]+)\/containers\/([^/]+)\/[^/]+$/.exec(root) ?? [];
    if (found === uid && name !== undefined) return name;
  }
  return null;
}

function fieldOf(status: string, name: string): string {
  return new RegExp(`^${name}:\\s*(.*)$`, "m").exec(status)?.[1]?.trim() ?? "";
}
