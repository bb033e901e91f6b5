/** One structured line on standard output; `event` is a short kebab-case name. */
export type Log = (event: string, fields?: Readonly<Record<string, unknown>>) => void;

/** CLOCK_MONOTONIC in whole microseconds: the same clock in every process of one machine. */
export function monotonicUs(): number {
  return Number(process.hrtime.bigint() / 1_000n);
}

/** JSON lines `{"monoUs":…,"program":…,"event":…}`; `write` takes one line with its end. */
export function jsonLog(
  program: string,
  write: (line: string) => void = (line) => void process.stdout.write(line),
): Log {
  return (event, fields = {}) =>
    write(`${JSON.stringify({ monoUs: monotonicUs(), program, event, ...fields })}\n`);
}
