import { closeSync, openSync, readdirSync, readSync, statSync } from "node:fs";
import { open, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import type { ClusterLog } from "../../ports/cluster.ts";
import type { Layout } from "./layout.ts";

/** Written so often that no two ends of a log are the same: every line has its time. */
const MARK_BYTES = 512;

/** How far a log had been written. */
interface LogMark {
  readonly bytes: number;
  /** Of what the supervisor had kept aside when it last cut the log; 0: it never did. */
  readonly asideMs: number;
  /** The end of the log: known again where it was moved aside since. */
  readonly end: Buffer;
}
export type LogMarks = ReadonlyMap<string, LogMark>;

type Logs = Pick<Layout, "machines" | "paths">;

/** Where all logs of an instance end now; a log that cannot be read is taken as one that begins. */
export function markLogs(layout: Logs): LogMarks {
  const marks = new Map<string, LogMark>();
  for (const { name, path } of foldersOf(layout)) {
    try {
      for (const file of logsIn(readdirSync(path))) {
        marks.set(`${name}${file}`, markOf(join(path, file)));
      }
    } catch {
      // A machine without a log has written nothing yet.
    }
  }
  return marks;
}

function markOf(log: string): LogMark {
  const { size: bytes } = statSync(log);
  const end = Buffer.alloc(Math.min(bytes, MARK_BYTES));
  const file = openSync(log, "r");
  try {
    readSync(file, end, 0, end.length, bytes - end.length);
  } finally {
    closeSync(file);
  }
  const asideMs = statSync(`${log}.old`, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return { bytes, asideMs, end };
}

/** What was written since; without marks all of it. */
export async function logsSince(
  layout: Logs,
  marks: LogMarks,
  of: { readonly maxBytes: number; readonly signal: AbortSignal },
): Promise<readonly ClusterLog[]> {
  const logs: ClusterLog[] = [];
  for (const { name, path } of foldersOf(layout)) {
    for (const file of logsIn(await readdir(path).catch(() => []))) {
      of.signal.throwIfAborted();
      const mark = marks.get(`${name}${file}`) ?? null;
      const { text, cutBytes } = await writtenSince(join(path, file), mark, of.maxBytes);
      const log = { name: `${name}${file.slice(0, -".log".length)}`, text, cutBytes };
      if (text !== "" || cutBytes !== 0) logs.push(log);
    }
  }
  return logs;
}

/** Each machine has a folder; what runs beside the machines writes into the one above. */
function foldersOf({ machines, paths }: Logs): readonly { name: string; path: string }[] {
  const own = machines.map(({ name, logFolder }) => ({ name: `${name}/`, path: logFolder }));
  return [...own, { name: "", path: paths.logs }];
}

function logsIn(names: readonly string[]): readonly string[] {
  return names.filter((name) => name.endsWith(".log")).sort();
}

async function writtenSince(
  log: string,
  mark: LogMark | null,
  maxBytes: number,
): Promise<Omit<ClusterLog, "name">> {
  const now = await stat(log);
  const aside = await stat(`${log}.old`).catch(() => null);
  const wasCut = aside !== null && aside.mtimeMs !== (mark?.asideMs ?? 0);
  const fromBytes = wasCut ? 0 : Math.min(mark?.bytes ?? 0, now.size);
  const readFrom = Math.max(fromBytes, now.size - maxBytes);
  const latest = await readRange(log, readFrom, now.size);
  if (!wasCut) return wholeLines(latest, readFrom - fromBytes);
  // The supervisor has moved the end of the log aside and begun anew.
  const left = maxBytes - latest.length;
  const earlier = left > 0 ? await ownOf(`${log}.old`, aside.size, mark) : null;
  if (earlier === null) return { text: wholeLines(latest, 1).text, cutBytes: null };
  const both = Buffer.concat([earlier.bytes.subarray(-left), latest]);
  const cutBytes = Math.max(0, earlier.bytes.length - left);
  const { text } = wholeLines(both, cutBytes > 0 || !earlier.isWhole ? 1 : 0);
  return { text, cutBytes: earlier.isWhole ? cutBytes : null };
}

/** What of a log that was moved aside was written after the mark. */
async function ownOf(
  path: string,
  size: number,
  mark: LogMark | null,
): Promise<{ readonly bytes: Buffer; readonly isWhole: boolean }> {
  const bytes = await readRange(path, 0, size);
  const { end = Buffer.alloc(0) } = mark ?? {};
  const at = end.length > 0 ? bytes.lastIndexOf(end) : -1;
  // The mark itself was cut off with what came before it, or there was none.
  if (at < 0) return { bytes, isWhole: false };
  return { bytes: bytes.subarray(at + end.length), isWhole: true };
}

/** `cutBytes` went before: then the first line may be the rest of one. */
function wholeLines(bytes: Buffer, cutBytes: number): Omit<ClusterLog, "name"> {
  const from = cutBytes > 0 ? bytes.indexOf("\n") + 1 : 0;
  return { text: bytes.subarray(from).toString("utf8"), cutBytes: cutBytes + from };
}

async function readRange(path: string, from: number, to: number): Promise<Buffer> {
  const handle = await open(path, "r");
  try {
    const bytes = Buffer.alloc(Math.max(0, to - from));
    let done = 0;
    while (done < bytes.length) {
      const { bytesRead } = await handle.read(bytes, done, bytes.length - done, from + done);
      if (bytesRead === 0) break;
      done += bytesRead;
    }
    return bytes.subarray(0, done);
  } finally {
    await handle.close();
  }
}
