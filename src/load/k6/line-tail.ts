import { open, type FileHandle } from "node:fs/promises";

const CHUNK_BYTES = 256 * 1_024;
/** A longer line is none that the generator writes. */
const LINE_BYTES_MAX = 64 * 1_024;
const NEWLINE = 10;

/** Follows a file that grows: whole lines only, one chunk in memory. */
export class LineTail {
  readonly #path: string;
  readonly #chunk = Buffer.alloc(CHUNK_BYTES);
  /** Bytes at the chunk's start that belong to a line whose end has not come. */
  #carried = 0;
  #file: FileHandle | null = null;

  constructor(path: string) {
    this.#path = path;
  }

  /** Hands over what was added since the last call; a file that is not there yet has no lines. */
  async read(take: (line: string) => void): Promise<void> {
    const file = (this.#file ??= await open(this.#path).catch(absentIsNull));
    if (!file) return;
    for (;;) {
      const { bytesRead } = await file.read(this.#chunk, this.#carried);
      if (bytesRead === 0) return;
      this.#split(this.#carried + bytesRead, take);
    }
  }

  #split(length: number, take: (line: string) => void): void {
    let from = 0;
    for (;;) {
      const to = this.#chunk.subarray(0, length).indexOf(NEWLINE, from);
      if (to < 0) break;
      take(this.#chunk.toString("utf8", from, to));
      from = to + 1;
    }
    this.#carried = length - from;
    if (this.#carried > LINE_BYTES_MAX) {
      throw new Error(`${this.#path}: a line must be at most ${LINE_BYTES_MAX} bytes`);
    }
    this.#chunk.copyWithin(0, from, length);
  }

  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = null;
  }
}

function absentIsNull(error: NodeJS.ErrnoException): null {
  if (error.code === "ENOENT") return null;
  throw error;
}
