/** artifacts/index.json: what was kept for those who look for the cause, and what was not. */
export interface ArtifactIndex {
  readonly schema: 1;
  /** Sorted by path. */
  readonly files: readonly ArtifactFile[];
  readonly leftOut: readonly ArtifactLeftOut[];
  /** Of all files. */
  readonly bytes: number;
  /** How long the collecting at the end took. */
  readonly tookMs: number;
  /** Logs that were read beside the run, of pods that might be gone at its end. */
  readonly besideRun: { readonly reads: number; readonly readMs: number };
}

export interface ArtifactFile {
  /** Below `artifacts/`. */
  readonly path: string;
  readonly bytes: number;
  /** Left out before what was kept; null: some was, and nobody knows how much. */
  readonly cutBytes: number | null;
}

export interface ArtifactLeftOut {
  readonly what: string;
  readonly why: string;
}

const PATH_MAX_CHARACTERS = 400;

/** Why a path must not be written below `artifacts/`, or null. */
export function artifactPathProblem(path: string): string | null {
  const parts = path.split("/");
  const safe = parts.every((part) => /^[A-Za-z0-9_][A-Za-z0-9._-]*$/.test(part));
  if (safe && path.length <= PATH_MAX_CHARACTERS) return null;
  return (
    `an artifact's path must be of A-Z a-z 0-9 . _ - in parts that begin with none of . and -, ` +
    `at most ${PATH_MAX_CHARACTERS} characters, got ${JSON.stringify(path.slice(0, 100))}`
  );
}

/** A name as one part of such a path. */
export function artifactName(name: string): string {
  const plain = name.replace(/[^A-Za-z0-9._-]/g, "_").slice(0, 100);
  return /^[A-Za-z0-9_]/.test(plain) ? plain : `_${plain.slice(0, 99)}`;
}

/** Length in UTF-8. */
export function utf8Bytes(text: string): number {
  let bytes = text.length;
  for (let at = 0; at < text.length; at += 1) {
    const unit = text.charCodeAt(at);
    // Two units of a pair are four bytes together.
    if (unit >= 0x800) bytes += unit >= 0xd800 && unit <= 0xdfff ? 1 : 2;
    else if (unit >= 0x80) bytes += 1;
  }
  return bytes;
}

/** The last whole lines of a text that fit, and how much went before them. */
export function tailOf(
  text: string,
  maxBytes: number,
): { readonly text: string; readonly cutBytes: number } {
  const all = utf8Bytes(text);
  if (all <= maxBytes) return { text, cutBytes: 0 };
  // Never more bytes than three times the characters: far less has to be counted.
  let from = text.indexOf("\n", Math.max(0, text.length - maxBytes)) + 1;
  let kept = from === 0 ? "" : text.slice(from);
  for (let bytes = utf8Bytes(kept); bytes > maxBytes; bytes = utf8Bytes(kept)) {
    const over = Math.max(1, Math.ceil((bytes - maxBytes) / 3));
    from = kept.indexOf("\n", over) + 1;
    kept = from === 0 ? "" : kept.slice(from);
  }
  return { text: kept, cutBytes: all - utf8Bytes(kept) };
}
