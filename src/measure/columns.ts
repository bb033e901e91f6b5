import type { Us } from "../model/quantity.ts";
import { OUTCOMES, requestKind, type Request, type RequestOutcome } from "../model/request.ts";

/** Of each outcome its place in OUTCOMES. */
const NUMBERS: ReadonlyMap<RequestOutcome, number> = new Map(
  OUTCOMES.map((outcome, number) => [outcome, number]),
);
const CONNECTIONS = [null, "new", "reused"] as const;

/** Requests of one scenario as estimators read them, a typed array a field: 26 bytes each. */
export class Columns {
  /** Ascending. */
  readonly intendedUs: Float64Array;
  /** NaN: never sent. */
  readonly startUs: Float64Array;
  /** NaN: it did not end. */
  readonly endUs: Float64Array;
  readonly #outcomes: Uint8Array;
  readonly #connections: Uint8Array;

  constructor(length: number) {
    this.intendedUs = new Float64Array(length);
    this.startUs = new Float64Array(length);
    this.endUs = new Float64Array(length);
    this.#outcomes = new Uint8Array(length);
    this.#connections = new Uint8Array(length);
  }

  get length(): number {
    return this.intendedUs.length;
  }

  outcome(index: number): RequestOutcome {
    return OUTCOMES[this.#outcomes[index]!]!;
  }

  /** Null: there was none. */
  connection(index: number): "new" | "reused" | null {
    return CONNECTIONS[this.#connections[index]!]!;
  }

  set(index: number, request: Request): void {
    const kind = requestKind(request.outcome);
    this.intendedUs[index] = request.intendedUs;
    this.startUs[index] = "startUs" in request && kind !== "dropped" ? request.startUs : NaN;
    this.endUs[index] = "endUs" in request && kind !== "open" ? request.endUs : NaN;
    this.#outcomes[index] = NUMBERS.get(request.outcome)!;
    const connected = "connection" in request && (kind === "cut" || kind === "answered");
    this.#connections[index] = !connected ? 0 : request.connection === "new" ? 1 : 2;
  }

  /** Another one with these rows, in this order. */
  pick(rows: Uint32Array): Columns {
    const out = new Columns(rows.length);
    for (let i = 0; i < rows.length; i += 1) {
      const row = rows[i]!;
      out.intendedUs[i] = this.intendedUs[row]!;
      out.startUs[i] = this.startUs[row]!;
      out.endUs[i] = this.endUs[row]!;
      out.#outcomes[i] = this.#outcomes[row]!;
      out.#connections[i] = this.#connections[row]!;
    }
    return out;
  }

  /** The same and room for more. */
  grown(length: number): Columns {
    const out = new Columns(length);
    out.intendedUs.set(this.intendedUs);
    out.startUs.set(this.startUs);
    out.endUs.set(this.endUs);
    out.#outcomes.set(this.#outcomes);
    out.#connections.set(this.#connections);
    return out;
  }
}

const ROOM = 1_024;

/** Columns that grow, in the order of the record's lines. */
export class ColumnsBuilder {
  #columns = new Columns(ROOM);
  #ids = new Float64Array(ROOM);
  #lines = new Uint32Array(ROOM);
  #length = 0;

  /** `line`: its place in the record. */
  push(request: Request, line: number): void {
    const row = this.#length;
    if (row === this.#columns.length) this.#grow(row * 2);
    this.#columns.set(row, request);
    this.#ids[row] = request.id;
    this.#lines[row] = line;
    this.#length += 1;
  }

  idOf(row: number): number {
    return this.#ids[row]!;
  }

  lineOf(row: number): number {
    return this.#lines[row]!;
  }

  intendedOf(row: number): Us {
    return this.#columns.intendedUs[row]!;
  }

  /** All rows in that order; of equal ones the earlier line first. */
  rowsBy(compare: (a: number, b: number) => number): Uint32Array {
    const rows = Uint32Array.from({ length: this.#length }, (_, row) => row);
    let sorted = true;
    for (let row = 1; row < this.#length && sorted; row += 1) sorted = compare(row - 1, row) <= 0;
    return sorted ? rows : rows.sort((a, b) => compare(a, b) || a - b);
  }

  /** What was built, with these rows in this order; the builder is done then. */
  columns(rows: Uint32Array): Columns {
    const out = this.#columns.pick(rows);
    this.#columns = new Columns(ROOM);
    this.#length = 0;
    return out;
  }

  #grow(length: number): void {
    this.#columns = this.#columns.grown(length);
    const ids = new Float64Array(length);
    ids.set(this.#ids);
    this.#ids = ids;
    const lines = new Uint32Array(length);
    lines.set(this.#lines);
    this.#lines = lines;
  }
}
