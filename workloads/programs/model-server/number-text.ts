/** Stands for a bare NaN token after parsing: JSON has no other way to carry one. */
export const NAN_MARK = "\u0000NaN";

const STRING_OR_TOKEN = /"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity|Inf)\b/g;

/**
 * Parses JSON that may hold the bare tokens NaN, Inf and Infinity, as TensorFlow Serving does: an
 * infinity becomes a number that overflows, NaN becomes NAN_MARK. Throws SyntaxError.
 */
export function parseNumbers(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const replaced = text.replace(STRING_OR_TOKEN, (found) => {
      if (found.startsWith('"')) return found;
      if (found.includes("NaN")) return JSON.stringify(NAN_MARK);
      return found.startsWith("-") ? "-1e999" : "1e999";
    });
    if (replaced === text) throw error;
    return JSON.parse(replaced);
  }
}

/**
 * A float32 as TensorFlow Serving writes it: six digits where they read back as the same float,
 * nine elsewhere, a point in whole numbers, bare NaN, Infinity and -Infinity (no valid JSON).
 */
export function floatText(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  const short = Number(value.toPrecision(6));
  const text = String(Math.fround(short) === value ? short : Number(value.toPrecision(9)));
  return /[.e]/.test(text) ? text : `${text}.0`;
}
