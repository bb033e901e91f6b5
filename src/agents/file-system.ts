import { processesOf, type ProcessFacts } from "./container-process.ts";

/** One line of a `mountinfo`. */
export interface Mount {
  /** `major:minor` of the file system. */
  readonly device: string;
  /** Where it is mounted, as the process sees it. */
  readonly at: string;
  readonly type: string;
  /** Of the file system itself. */
  readonly options: readonly string[];
}

/** What keeps its bytes on a device, or in memory, of its own. */
const TYPES = ["tmpfs", "ext2", "ext3", "ext4", "xfs"];

/** Pure. */
export function mountsIn(mountinfo: string): readonly Mount[] {
  return mountinfo.split("\n").flatMap((line) => {
    const [left = "", right = ""] = line.split(" - ");
    const [, , device = "", , at = ""] = left.split(" ");
    const [type = "", , options = ""] = right.split(" ");
    return type === "" ? [] : [{ device, at: unescaped(at), type, options: options.split(",") }];
  });
}

/** Blanks are written as `\040`. */
const unescaped = (text: string): string =>
  text.replaceAll(/\\([0-7]{3})/g, (_all, octal: string) =>
    String.fromCharCode(Number.parseInt(octal, 8)),
  );

/** The mount that a path is on, of those that are on top of one another the last. Pure. */
export function mountOf(mountinfo: string, path: string): Mount | null {
  const covers = ({ at }: Mount): boolean => at === "/" || path === at || path.startsWith(`${at}/`);
  return mountsIn(mountinfo)
    .filter(covers)
    .reduce<Mount | null>(
      (best, one) => (best === null || one.at.length >= best.at.length ? one : best),
      null,
    );
}

/**
 * Why a file system is not a pod's own; null: it is. Nobody else may have it mounted: not the node,
 * which sees a pod's volumes below the pod's folder of the kubelet and at the volume's plugin only,
 * and no process of another pod. Pure.
 */
export function whyShared(
  all: readonly ProcessFacts[],
  { uid, mount }: { readonly uid: string; readonly mount: Mount },
): string | null {
  if (!TYPES.includes(mount.type)) {
    return `must be on a file system of type ${TYPES.join(", ")}, got ${mount.type}`;
  }
  const inside = new Set(processesOf(all, { uid, container: "" }).map(({ pid }) => pid));
  for (const { pid, mounts } of all) {
    if (inside.has(pid) || !mounts.includes(` ${mount.device} `)) continue;
    const other = mountsIn(mounts).find(
      ({ device, at }) =>
        device === mount.device &&
        !at.includes(`/pods/${uid}/volumes/`) &&
        !at.includes("/plugins/kubernetes.io/"),
    );
    if (other !== undefined) {
      return (
        `must be on a file system that only this pod has, such as an emptyDir in memory, ` +
        `got ${mount.type} ${mount.device}, which others have at ${other.at}`
      );
    }
  }
  return null;
}
