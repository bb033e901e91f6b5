// Of what shape a value from a file must be, for files that any tool may have written.

/** One thing that is not as it must be. `name`: `steps[0].injectMs`; "" is the value itself. */
export interface Wrong {
  readonly name: string;
  readonly rule: string;
  readonly got: unknown;
}
export type Shape = (value: unknown, name?: string) => readonly Wrong[];

const is =
  (rule: string, holds: (value: unknown) => boolean): Shape =>
  (value, name = "") =>
    holds(value) ? [] : [{ name, rule, got: value }];

const isNumber = (value: unknown): value is number =>
  typeof value === "number" && Number.isFinite(value);
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const text = is("text", (value) => typeof value === "string");
export const word = is("text that is not empty", (one) => typeof one === "string" && one !== "");
export const flag = is("true or false", (value) => typeof value === "boolean");
export const number = is("a number", isNumber);
export const notNegative = is("a number of at least 0", (value) => isNumber(value) && value >= 0);
export const positive = is("a number above 0", (value) => isNumber(value) && value > 0);
export const share = is("0 to 1", (value) => isNumber(value) && value >= 0 && value <= 1);
export const count = is(
  "a whole number of at least 0",
  (value) => Number.isSafeInteger(value) && Number(value) >= 0,
);
export const object = is("an object", isObject);
/** Of JSON's values any, but one that is there. */
export const present = is("there", (value) => value !== undefined);

export const oneOf = (...values: readonly (string | number)[]): Shape =>
  is(values.join(" | "), (value) => values.some((one) => one === value));

export const orNull =
  (shape: Shape): Shape =>
  (value, name) =>
    value === null ? [] : shape(value, name);

/** May be away. */
export const maybe =
  (shape: Shape): Shape =>
  (value, name) =>
    value === undefined ? [] : shape(value, name);

export const listOf =
  (shape: Shape): Shape =>
  (value, name = "") =>
    Array.isArray(value)
      ? value.flatMap((one, nth) => shape(one, `${name}[${nth}]`))
      : [{ name, rule: "a list", got: value }];

/** An object with these fields; others are nobody's business. */
export const fields =
  (of: Readonly<Record<string, Shape>>): Shape =>
  (value, name = "") =>
    isObject(value)
      ? Object.entries(of).flatMap(([key, shape]) =>
          shape(value[key], name === "" ? key : `${name}.${key}`),
        )
      : [{ name, rule: "an object", got: value }];

/** The shape that the word at `key` says. */
export const byWord =
  (key: string, shapes: Readonly<Record<string, Shape>>): Shape =>
  (value, name) => {
    const said = isObject(value) ? value[key] : undefined;
    const known = typeof said === "string" && Object.hasOwn(shapes, said);
    return known
      ? shapes[said]!(value, name)
      : fields({ [key]: oneOf(...Object.keys(shapes)) })(value, name);
  };

const SHOWN_MAX = 60;

/** `steps[0].injectMs must be a number of at least 0, got null` */
export function showWrong({ name, rule, got }: Wrong): string {
  const what = name === "" ? "it" : name;
  const number = typeof got === "number" ? String(got) : JSON.stringify(got);
  return `${what} must be ${rule}, got ${(number ?? "nothing").slice(0, SHOWN_MAX)}`;
}

/** Whether no number in it is one that JSON cannot have written. */
export function isFiniteAll(value: unknown): boolean {
  if (typeof value === "number") return Number.isFinite(value);
  if (typeof value !== "object" || value === null) return true;
  return Object.values(value).every(isFiniteAll);
}
