import { messageOf } from "../model/error.ts";
import {
  tailOf,
  utf8Bytes,
  type ArtifactFile,
  type ArtifactIndex,
  type ArtifactLeftOut,
} from "../model/artifact.ts";
import { stableText } from "../model/json.ts";
import type { Clock } from "../ports/clock.ts";
import type { Log } from "../ports/log.ts";
import { within } from "./crew.ts";
import { redact, redactJson } from "./redact.ts";

/** Of one file: the end of a log says more than its beginning. */
export const ARTIFACT_MAX_BYTES = 2 ** 20;
/** Of all files together, the index left out. */
export const ARTIFACTS_MAX_BYTES = 32 * 2 ** 20;
export const ARTIFACT_FILES_MAX = 500;
const LEFT_OUT_MAX = 200;
const WRITE_MAX_MS = 5_000;
/** For the line that says what was cut. */
const NOTE_BYTES = 128;

/**
 * Writes artifacts without their secrets and within their bounds. Nothing here throws: what could
 * not be kept is in the index, with the reason.
 */
export class ArtifactKeeper {
  readonly #clock: Clock;
  readonly #log: Pick<Log, "artifact">;
  readonly #files = new Map<string, ArtifactFile>();
  readonly #leftOut: ArtifactLeftOut[] = [];
  #unsaid = 0;
  #bytes = 0;
  #closed = false;
  /** One after the other: a later text under the same path replaces the earlier one whole. */
  #tail: Promise<void> = Promise.resolve();

  constructor(of: { readonly clock: Clock; readonly log: Pick<Log, "artifact"> }) {
    this.#clock = of.clock;
    this.#log = of.log;
  }

  /** A log: its last whole lines. `cutBytes`: what whoever read it left out already. */
  async text(path: string, text: string, cutBytes: number | null = 0): Promise<void> {
    const raw = tailOf(text, ARTIFACT_MAX_BYTES - NOTE_BYTES);
    const safe = tailOf(redact(raw.text), ARTIFACT_MAX_BYTES - NOTE_BYTES);
    const cut = cutBytes === null ? null : cutBytes + raw.cutBytes + safe.cutBytes;
    const before = cut === 0 ? "" : `<left out: ${cut ?? "an unknown number of"} bytes>\n`;
    await this.#write({ path, text: before + safe.text, cutBytes: cut });
  }

  /** Objects, the oldest first: those are left out where they do not all fit. */
  async objects(path: string, items: readonly unknown[]): Promise<void> {
    const lines = items.map((item) => stableText(redactJson(item)));
    let bytes = NOTE_BYTES;
    let from = lines.length;
    for (; from > 0; from -= 1) {
      bytes += utf8Bytes(lines[from - 1] ?? "") + 2;
      if (bytes > ARTIFACT_MAX_BYTES) break;
    }
    if (from > 0) this.leave(`${from} of ${lines.length} objects of ${path}`, "the file is full");
    const text = `{"leftOut":${from},"items":[\n${lines.slice(from).join(",\n")}\n]}\n`;
    const cutBytes = lines.slice(0, from).reduce((sum, line) => sum + utf8Bytes(line), 0);
    await this.#write({ path, text, cutBytes });
  }

  leave(what: string, why: string): void {
    if (this.#closed) return;
    if (this.#leftOut.length >= LEFT_OUT_MAX) this.#unsaid += 1;
    else this.#leftOut.push({ what, why: redact(why).slice(0, 300) });
  }

  has(path: string): boolean {
    return this.#files.has(path);
  }

  /** From now on nothing is taken; writes the index. */
  async close(of: Pick<ArtifactIndex, "tookMs" | "besideRun">): Promise<void> {
    this.#closed = true;
    await this.#tail;
    const more = { what: `${this.#unsaid} more`, why: "the list is full" };
    const index: ArtifactIndex = {
      schema: 1,
      files: [...this.#files.values()].sort((a, b) => (a.path < b.path ? -1 : 1)),
      leftOut: this.#unsaid > 0 ? [...this.#leftOut, more] : this.#leftOut,
      bytes: this.#bytes,
      ...of,
    };
    const written = this.#log.artifact("index.json", `${stableText(index, 2)}\n`);
    await within(this.#clock.deadline(WRITE_MAX_MS), written).catch(() => {});
  }

  #write(of: {
    readonly path: string;
    readonly text: string;
    readonly cutBytes: number | null;
  }): Promise<void> {
    this.#tail = this.#tail.then(() => this.#writeNow(of));
    return this.#tail;
  }

  async #writeNow(of: {
    readonly path: string;
    readonly text: string;
    readonly cutBytes: number | null;
  }): Promise<void> {
    const { path, text, cutBytes } = of;
    const earlier = this.#files.get(path)?.bytes ?? 0;
    const bytes = utf8Bytes(text);
    if (this.#closed) return;
    if (this.#bytes - earlier + bytes > ARTIFACTS_MAX_BYTES) {
      return this.leave(path, `all artifacts together are at most ${ARTIFACTS_MAX_BYTES} bytes`);
    }
    if (this.#files.size >= ARTIFACT_FILES_MAX && !this.#files.has(path)) {
      return this.leave(path, `there are at most ${ARTIFACT_FILES_MAX} artifacts`);
    }
    try {
      await within(this.#clock.deadline(WRITE_MAX_MS), this.#log.artifact(path, text));
    } catch (error) {
      return this.leave(path, `it could not be written: ${messageOf(error)}`);
    }
    this.#files.set(path, { path, bytes, cutBytes });
    this.#bytes += bytes - earlier;
  }
}
