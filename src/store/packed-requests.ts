import type { Requests } from "../model/record.ts";
import { requestKind, type Request, type RequestOutcome } from "../model/request.ts";

/** Rows of one chunk: memory grows by whole chunks and is never copied. */
const ROWS = 65_536;
const NAMES_MAX = 65_535;
/** Stands for null or for a field that is not there, where no such number can be. */
const NONE_32 = -(2 ** 31);
const NONE_16 = NAMES_MAX;
const NONE_8 = 255;

function newChunk() {
  return {
    intendedUs: new Float64Array(ROWS),
    id: new Uint32Array(ROWS),
    /** Since the intended start; the next two since the start. */
    lagUs: new Int32Array(ROWS),
    tookUs: new Int32Array(ROWS),
    firstByteUs: new Int32Array(ROWS),
    status: new Uint16Array(ROWS),
    scenario: new Uint16Array(ROWS),
    backend: new Uint16Array(ROWS),
    outcome: new Uint8Array(ROWS),
    reused: new Uint8Array(ROWS),
    attempts: new Uint8Array(ROWS),
  };
}
type Chunk = ReturnType<typeof newChunk>;

/** Texts that come again and again, as numbers. */
class Names {
  readonly #texts: string[] = [];
  readonly #known = new Map<string, number>();

  /** Null: there are too many. */
  numberOf(text: string): number | null {
    const known = this.#known.get(text);
    if (known !== undefined) return known;
    if (this.#texts.length >= NAMES_MAX) return null;
    this.#known.set(text, this.#texts.length);
    return this.#texts.push(text) - 1;
  }

  text(number: number): string {
    return this.#texts[number] ?? "";
  }
}

type Line = Readonly<Record<string, unknown>>;

/**
 * Requests in 33 bytes each instead of an object each. Fields that no request of its outcome has
 * are left out; a line that does not fit, or that is wrong, is kept as it is.
 */
export class PackedRequests implements Requests {
  readonly #chunks: Chunk[] = [];
  readonly #odd = new Map<number, Request>();
  readonly #scenarios = new Names();
  readonly #backends = new Names();
  readonly #outcomes = new Names();
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(line: Line): void {
    const row = this.#length;
    const inChunk = row % ROWS;
    if (inChunk === 0) this.#chunks.push(newChunk());
    const fits = this.#pack(line, this.#chunks.at(-1)!, inChunk);
    if (!fits) this.#odd.set(row, line as unknown as Request);
    this.#length += 1;
  }

  at(index: number): Request | undefined {
    const row = index < 0 ? this.#length + index : index;
    if (!(row >= 0 && row < this.#length)) return undefined;
    const odd = this.#odd.size === 0 ? undefined : this.#odd.get(row);
    return odd ?? this.#unpack(this.#chunks[Math.floor(row / ROWS)]!, row % ROWS);
  }

  *[Symbol.iterator](): Generator<Request> {
    for (let row = 0; row < this.#length; row += 1) yield this.at(row)!;
  }

  #pack(line: Line, to: Chunk, row: number): boolean {
    const { id, intendedUs, outcome, attempts } = line;
    const kind = requestKind(outcome);
    const outcomeNumber = kind === undefined ? null : this.#outcomes.numberOf(outcome as string);
    const scenario = this.#scenarios.numberOf(line["scenario"] as string);
    if (kind === undefined || outcomeNumber === null || scenario === null) return false;
    if (!isCount(id, 2 ** 32 - 1)) return false;
    if (attempts !== undefined && !isCount(attempts, NONE_8 - 1)) return false;
    if (!isCount(intendedUs, Number.MAX_SAFE_INTEGER)) return false;
    to.id[row] = id;
    to.intendedUs[row] = intendedUs;
    to.attempts[row] = attempts ?? NONE_8;
    to.outcome[row] = outcomeNumber;
    to.scenario[row] = scenario;
    if (kind === "dropped") return true;
    if (!put(to.lagUs, row, line["startUs"], intendedUs)) return false;
    if (kind === "open") return true;
    const startUs = line["startUs"] as number;
    if (!put(to.tookUs, row, line["endUs"], startUs)) return false;
    return kind === "unconnected" || this.#packConnected(line, kind, to, row);
  }

  #packConnected(line: Line, kind: "cut" | "answered", to: Chunk, row: number): boolean {
    const { connection, firstByteUs, status, backend } = line;
    if (connection !== "new" && connection !== "reused") return false;
    to.reused[row] = connection === "reused" ? 1 : 0;
    if (kind === "cut" && firstByteUs === null) {
      to.firstByteUs[row] = NONE_32;
      return true;
    }
    if (!put(to.firstByteUs, row, firstByteUs, line["startUs"] as number)) return false;
    if (kind === "cut") return true;
    if (!isCount(status, NONE_16 - 1)) return false;
    const name = typeof backend === "string" ? this.#backends.numberOf(backend) : null;
    if (name === null && backend !== undefined) return false;
    to.status[row] = status;
    to.backend[row] = name ?? NONE_16;
    return true;
  }

  #unpack(of: Chunk, row: number): Request {
    const outcome = this.#outcomes.text(of.outcome[row]!) as RequestOutcome;
    const kind = requestKind(outcome);
    const intendedUs = of.intendedUs[row]!;
    const request: Record<string, unknown> = {
      id: of.id[row]!,
      scenario: this.#scenarios.text(of.scenario[row]!),
      intendedUs,
      outcome,
    };
    const attempts = of.attempts[row]!;
    if (attempts !== NONE_8) request["attempts"] = attempts;
    if (kind === "dropped") return request as unknown as Request;
    const startUs = intendedUs + of.lagUs[row]!;
    request["startUs"] = startUs;
    if (kind === "open") return request as unknown as Request;
    request["endUs"] = startUs + of.tookUs[row]!;
    if (kind === "unconnected") return request as unknown as Request;
    request["connection"] = of.reused[row] === 1 ? "reused" : "new";
    const firstByteUs = of.firstByteUs[row]!;
    request["firstByteUs"] = firstByteUs === NONE_32 ? null : startUs + firstByteUs;
    if (kind === "cut") return request as unknown as Request;
    request["status"] = of.status[row]!;
    const backend = of.backend[row]!;
    if (backend !== NONE_16) request["backend"] = this.#backends.text(backend);
    return request as unknown as Request;
  }
}

function isCount(value: unknown, max: number): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= max;
}

/** As a difference; false: it is no whole number, or too far away. */
function put(to: Int32Array, row: number, value: unknown, since: number): boolean {
  if (typeof value !== "number" || !Number.isInteger(value)) return false;
  const away = value - since;
  if (Math.abs(away) >= 2 ** 31) return false;
  to[row] = away;
  return true;
}
