import { createWriteStream, type WriteStream } from "node:fs";
import { mkdir, open, rename, writeFile, type FileHandle } from "node:fs/promises";
import { dirname, join } from "node:path";
import { finished } from "node:stream/promises";
import { createGzip, type Gzip } from "node:zlib";
import { artifactPathProblem } from "../model/artifact.ts";
import type { Event, EventBody } from "../model/event.ts";
import { stableText } from "../model/json.ts";
import type { Request, RequestsEnd, Sample } from "../model/request.ts";
import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";

export interface RunLog extends Log {
  readonly folder: string;
  /** Live listeners: the progress view; they must not throw. */
  listen(listener: LogListener): void;
}

interface LogListener {
  readonly event: (event: Event) => void;
  readonly request: (request: Request) => void;
  readonly sample: (sample: Sample) => void;
}

/** Opens the record of a new run; the folder is made and must be empty of a record. */
export async function openRunLog(folder: string, clock: Clock): Promise<RunLog> {
  await mkdir(folder, { recursive: true });
  return new FileLog(folder, clock, await open(join(folder, "events.ndjson"), "ax"));
}

/** Opens the record of an earlier run to append what healing does. */
export async function reopenRunLog(
  folder: string,
  clock: Clock,
  earlier: readonly Event[],
): Promise<RunLog> {
  const log = new FileLog(folder, clock, await open(join(folder, "events.ndjson"), "a"));
  log.seed(earlier);
  return log;
}

/** The bytes that a document of the record has. */
export function documentText(data: unknown): string {
  return `${stableText(data, 2)}\n`;
}

/** Written beside and renamed: a reader sees the old document or the new one. */
export async function writeDocument(folder: string, name: string, text: string): Promise<void> {
  const path = join(folder, name);
  const handle = await open(`${path}.tmp`, "w");
  try {
    await handle.writeFile(text);
    await handle.datasync();
  } finally {
    await handle.close();
  }
  await rename(`${path}.tmp`, path);
}

class FileLog implements RunLog {
  readonly folder: string;
  readonly #clock: Clock;
  readonly #handle: FileHandle;
  readonly #events: Event[] = [];
  readonly #listeners: LogListener[] = [];
  #tail: Promise<void> = Promise.resolve();
  #requests: { readonly gzip: Gzip; readonly file: WriteStream; count: number } | null = null;
  #samples: WriteStream | null = null;
  #broken: Error | null = null;

  constructor(folder: string, clock: Clock, handle: FileHandle) {
    this.folder = folder;
    this.#clock = clock;
    this.#handle = handle;
  }

  seed(events: readonly Event[]): void {
    this.#events.push(...events);
  }

  listen(listener: LogListener): void {
    this.#listeners.push(listener);
  }

  events(): readonly Event[] {
    return this.#events;
  }

  append(body: EventBody): Promise<void> {
    const event: Event = { atUs: this.#clock.nowUs(), ...body };
    // One at a time and in order: a line is on disk before the next step may happen.
    const written = this.#tail.then(async () => {
      await this.#handle.appendFile(`${JSON.stringify(event)}\n`);
      await this.#handle.datasync();
    });
    this.#tail = written.catch(() => {});
    // Known to us from now on even if the disk is full: healing reads this list.
    this.#events.push(event);
    for (const listener of this.#listeners) listener.event(event);
    return written;
  }

  write(name: string, data: unknown): Promise<void> {
    return writeDocument(this.folder, name, documentText(data));
  }

  async artifact(path: string, text: string): Promise<void> {
    const problem = artifactPathProblem(path);
    if (problem !== null) throw new Error(problem);
    const file = join(this.folder, "artifacts", path);
    await mkdir(dirname(file), { recursive: true });
    // Not synced: an artifact that is lost with the machine proves nothing.
    await writeFile(`${file}.tmp`, text);
    await rename(`${file}.tmp`, file);
  }

  request(request: Request): void {
    this.#requests ??= this.#openRequests();
    this.#requests.count += 1;
    this.#requests.gzip.write(`${JSON.stringify(request)}\n`);
    for (const listener of this.#listeners) listener.request(request);
  }

  sample(sample: Sample): void {
    this.#samples ??= this.#guarded(createWriteStream(join(this.folder, "samples.ndjson")));
    this.#samples.write(`${JSON.stringify(sample)}\n`);
    for (const listener of this.#listeners) listener.sample(sample);
  }

  async close(complete: boolean): Promise<void> {
    await this.#tail;
    await this.#handle.close();
    if (this.#requests) {
      const { gzip, file, count } = this.#requests;
      const end: RequestsEnd = { end: true, requests: count };
      gzip.end(complete ? `${JSON.stringify(end)}\n` : "");
      await finished(file);
    }
    if (this.#samples) {
      this.#samples.end();
      await finished(this.#samples);
    }
    if (this.#broken) throw this.#broken;
  }

  #openRequests(): { gzip: Gzip; file: WriteStream; count: number } {
    const gzip = createGzip({ level: 6 });
    const file = this.#guarded(createWriteStream(join(this.folder, "requests.ndjson.gz")));
    gzip.on("error", (error) => (this.#broken ??= error));
    gzip.pipe(file);
    return { gzip, file, count: 0 };
  }

  /** A stream without a listener would end the process; a full disk must let it heal first. */
  #guarded(stream: WriteStream): WriteStream {
    return stream.on("error", (error) => (this.#broken ??= error));
  }
}
