/**
 * The text of the kernel's `snmp` and `netstat`: for each group a line of names and one of numbers.
 * Gives `Tcp.InCsumErrors: 3`. Pure.
 */
export function countersIn(lines: readonly string[]): Readonly<Record<string, number>> {
  const names = new Map<string, readonly string[]>();
  const found: Record<string, number> = {};
  for (const line of lines) {
    const [, group = "", rest = ""] = /^(\w+): (.*)$/.exec(line) ?? [];
    const words = rest.split(" ");
    const named = names.get(group);
    if (named === undefined) {
      names.set(group, words);
      continue;
    }
    for (const [nth, name] of named.entries()) found[`${group}.${name}`] = Number(words[nth]);
    names.delete(group);
  }
  return found;
}
