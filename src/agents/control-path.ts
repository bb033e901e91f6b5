import { readdirSync, readFileSync, readlinkSync } from "node:fs";

import { NODE_PROCESS } from "./node-addresses.ts";

const ESTABLISHED = "01";
const KUBELET_PORT = 10_250;

/** One connection in the text of `tcp` or `tcp6`. */
export interface Connection {
  readonly near: { readonly address: string; readonly port: number };
  readonly far: { readonly address: string; readonly port: number };
  readonly inode: string;
}

/**
 * Where the API server is for this node: the other ends of connections that its kubelet has opened
 * to elsewhere. Throws where none is found, as behind a proxy of the node's own: its way could then
 * not be left alone.
 */
export function apiServerAddresses(): readonly string[] {
  const kubelets = readdirSync("/proc").filter((name) => /^\d+$/.test(name) && isKubelet(name));
  const inodes = new Set(kubelets.flatMap(socketsOf));
  const read = (file: string): string => {
    try {
      return readFileSync(`/proc/${NODE_PROCESS}/net/${file}`, "utf8");
    } catch {
      return "";
    }
  };
  const all = [...connectionsIn(read("tcp")), ...connectionsIn(read("tcp6"))];
  const found = all
    .filter(({ inode, near }) => inodes.has(inode) && near.port !== KUBELET_PORT)
    .map(({ far }) => far.address)
    .filter((address) => !/^(127\.|::1$|::ffff:127\.)/.test(address));
  if (found.length === 0) {
    throw new Error(
      "the kubelet must have a connection to the API server, so that it can be left alone, got none " +
        `of ${kubelets.length} kubelets`,
    );
  }
  return [...new Set(found)];
}

/** The established ones. Pure. */
export function connectionsIn(tcp: string): readonly Connection[] {
  return tcp.split("\n").flatMap((line) => {
    const [, near = "", far = "", state, , , , , , inode = ""] = line.trim().split(/\s+/);
    if (state !== ESTABLISHED) return [];
    return [{ near: endOf(near), far: endOf(far), inode }];
  });
}

/** `0100007F:1F90`, words in the order of this machine, which is little-endian. */
function endOf(text: string): Connection["near"] {
  const [digits = "", port = ""] = text.split(":");
  const words = digits.match(/.{8}/g) ?? [];
  const bytes = words.flatMap((word) => (word.match(/../g) ?? []).toReversed());
  return { address: addressOf(bytes), port: Number.parseInt(port, 16) };
}

function addressOf(bytes: readonly string[]): string {
  const v4 = (of: readonly string[]): string => of.map((one) => Number.parseInt(one, 16)).join(".");
  if (bytes.length === 4) return v4(bytes);
  const isMapped = /^(00){10}ffff$/i.test(bytes.slice(0, 12).join(""));
  if (isMapped) return v4(bytes.slice(12));
  if (/^(00){15}01$/.test(bytes.join(""))) return "::1";
  const groups = bytes.join("").toLowerCase().match(/.{4}/g) ?? [];
  return groups.join(":");
}

function isKubelet(pid: string): boolean {
  try {
    return readFileSync(`/proc/${pid}/comm`, "utf8").trim() === "kubelet";
  } catch {
    return false;
  }
}

function socketsOf(pid: string): readonly string[] {
  const folder = `/proc/${pid}/fd`;
  try {
    return readdirSync(folder).flatMap((fd) => {
      try {
        return /^socket:\[(\d+)\]$/.exec(readlinkSync(`${folder}/${fd}`))?.[1] ?? [];
      } catch {
        return [];
      }
    });
  } catch {
    return [];
  }
}
