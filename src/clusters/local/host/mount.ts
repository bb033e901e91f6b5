import { readFileSync } from "node:fs";
import { run } from "./command.ts";

/** Where something is mounted at or below `path`, in the order it was mounted. */
export function mountsBelow(
  path: string,
  mountinfo = readFileSync("/proc/self/mountinfo", "utf8"),
): string[] {
  return mountinfo.split("\n").flatMap((line) => {
    const written = line.split(" ")[4] ?? "";
    // mountinfo writes blanks and the like as octal.
    const folder = written.replace(/\\(\d{3})/g, (_all, octal: string) =>
      String.fromCharCode(Number.parseInt(octal, 8)),
    );
    return folder === path || folder.startsWith(`${path}/`) ? [folder] : [];
  });
}

/** Idempotent. */
export async function unmount(path: string): Promise<void> {
  for (const mounted of mountsBelow(path)
    .filter((folder) => folder === path)
    .reverse())
    await run(["umount", mounted]);
}
