import { existsSync } from "node:fs";
import { EXIT, NinetyError } from "../../../model/error.ts";
import { mountsBelow } from "./mount.ts";
import { inNamespace, run, tryRun } from "./command.ts";
import { configure } from "./namespace.ts";
import { note } from "./journal.ts";

/** The end of the host link inside the control plane's namespace. */
const HOST_PORT = "host";

/**
 * The first free host link: the kernel refuses a name that exists, so its name is the machine-wide
 * claim of a slot. Answers the index; null when all are taken.
 */
export async function claimHostLink(of: {
  readonly journalPath: string;
  readonly namespacePath: string;
  readonly slots: number;
  readonly nameOf: (index: number) => string;
}): Promise<number | null> {
  note(of.journalPath, { undo: "link", namespacePath: of.namespacePath, name: HOST_PORT });
  for (let index = 0; index < of.slots; index++) {
    if (existsSync(`/sys/class/net/${of.nameOf(index)}`)) continue;
    const add = ["link", "add", of.nameOf(index), "type", "veth"];
    const made = await tryRun(["ip", ...add, "peer", "name", HOST_PORT, "netns", of.namespacePath]);
    if (made.status === 0) return index;
    if (!made.stderr.includes("File exists"))
      throw new NinetyError(`host link failed: ${of.nameOf(index)}: ${made.stderr.trim()}`, {
        exit: EXIT.preflight,
        hint: "the kernel needs veth links (modprobe veth)",
      });
  }
  return null;
}

/** Addresses on both ends. The alias says on the host whose link it is: the state folder. */
export async function openHostLink(of: {
  readonly namespacePath: string;
  readonly link: string;
  readonly hostAddress: string;
  readonly controlAddress: string;
  readonly alias: string;
}): Promise<void> {
  const lines = [
    `link set ${of.link} alias ${of.alias}`,
    `addr add ${of.hostAddress}/30 dev ${of.link}`,
    `link set ${of.link} up`,
  ];
  await run(["ip", "-batch", "-"], { input: `${lines.join("\n")}\n` });
  await configure(of.namespacePath, [
    `addr add ${of.controlAddress}/30 dev ${HOST_PORT}`,
    `link set ${HOST_PORT} up`,
  ]);
}

/** Idempotent; the pair goes with either end. */
export async function removeLink(namespacePath: string, name: string): Promise<void> {
  if (mountsBelow(namespacePath).length === 0) return;
  const shown = await tryRun(inNamespace(namespacePath, ["ip", "link", "show", name]));
  if (shown.status === 0) await run(inNamespace(namespacePath, ["ip", "link", "del", name]));
}

/** State folders of all instances on this machine, of any cache, from the links' aliases. */
export async function liveStates(prefix: string): Promise<string[]> {
  const links = JSON.parse(await run(["ip", "-json", "link", "show"])) as {
    readonly ifname: string;
    readonly ifalias?: string;
  }[];
  return links.flatMap(({ ifname, ifalias }) =>
    ifname.startsWith(prefix) && ifalias !== undefined ? [ifalias] : [],
  );
}
