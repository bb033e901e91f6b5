import { readFileSync } from "node:fs";

/** A process in the node's own network: the first one, where tests have no other. */
export const NODE_PROCESS = Number(process.env["NINETY_NODE_PROCESS"] ?? 1);

/**
 * All addresses of this node, by what its first process sees: the kubelet's probes come from one
 * of them, mostly that of the bridge or the interface that the pod hangs on. Throws where they
 * cannot be read.
 */
export function nodeAddresses(): readonly string[] {
  const read = (file: string): string => readFileSync(`/proc/${NODE_PROCESS}/net/${file}`, "utf8");
  let v6 = "";
  try {
    v6 = read("if_inet6");
  } catch {
    // No IPv6 on this node.
  }
  const found = [...addressesV4(read("fib_trie")), ...addressesV6(v6)];
  if (found.length === 0) throw new Error("addresses of the node must be readable, got none");
  return found;
}

/** The local ones in the text of `fib_trie`, which has each in more than one table. Pure. */
export function addressesV4(fibTrie: string): readonly string[] {
  const found = new Set<string>();
  let last = "";
  for (const line of fibTrie.split("\n")) {
    last = /\|-- (\d+\.\d+\.\d+\.\d+)/.exec(line)?.[1] ?? last;
    if (/\/32 host LOCAL/.test(line)) found.add(last);
  }
  return [...found];
}

/** Those in the text of `if_inet6`, 32 hexadecimal digits a line. Pure. */
export function addressesV6(ifInet6: string): readonly string[] {
  return ifInet6.split("\n").flatMap((line) => {
    const digits = /^[0-9a-f]{32}\b/.exec(line)?.[0];
    return digits === undefined ? [] : [(digits.match(/.{4}/g) ?? []).join(":")];
  });
}
