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

/** A process in a container: which pod's, and the container's name. */
export interface Inside extends ProcessFacts {
  readonly uid: string;
  readonly name: string;
}

/** All processes of that container, or of all of the pod's where none is named. Pure. */
export function processesOf(
  all: readonly ProcessFacts[],
  { uid, container }: ContainerName,
): readonly Inside[] {
  return insideOf(all, (one) => one.uid === uid && (container === "" || one.name === container));
}

/** All processes of containers that have something mounted at that very path. Pure. */
export function processesWithMount(
  all: readonly ProcessFacts[],
  { path, container }: { readonly path: string; readonly container: string },
): readonly Inside[] {
  return insideOf(all, (one) => {
    const isThere = one.mounts.split("\n").some((line) => line.split(" ")[4] === path);
    return isThere && (container === "" || one.name === container);
  });
}

function insideOf(all: readonly ProcessFacts[], is: (one: Inside) => boolean): readonly Inside[] {
  return all.flatMap((one) =>
    containersIn(one.mounts)
      .map((container) => ({ ...one, ...container }))
      .filter(is)
      .slice(0, 1),
  );
}

/** The containers of pods whose own files a process sees: its own, and no other as a rule. */
function containersIn(mounts: string): readonly { readonly uid: string; readonly name: string }[] {
  return mounts.split("\n").flatMap((line) => {
    const root = line.split(" ")[3] ?? "";
    const [, uid, name] = /\/pods\/([^/]+)\/containers\/([^/]+)\/[^/]+$/.exec(root) ?? [];
    return uid !== undefined && name !== undefined ? [{ uid, name }] : [];
  });
}

function fieldOf(status: string, name: string): string {
  return new RegExp(`^${name}:\\s*(.*)$`, "m").exec(status)?.[1]?.trim() ?? "";
}
