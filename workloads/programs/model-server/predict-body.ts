import { NAN_MARK, floatText, parseNumbers } from "./number-text.ts";
import { StatusError } from "./status.ts";

/** The one input and the one output of a served model. */
export interface Signature {
  readonly input: { readonly name: string; readonly columns: number };
  readonly output: { readonly name: string; readonly columns: number };
}

/** A batch as the caller wrote it: `row` is answered by row, `columnar` by output. */
export interface PredictBody {
  readonly format: "row" | "columnar";
  readonly rows: number;
  readonly input: Float32Array;
}

/** Deeper lists than this are refused instead of walked. */
const DEPTH_MAX = 8;
/** How much of a value an error message repeats. */
const SHOWN_MAX = 200;

/** The outer object, before it is known which model is asked. Throws INVALID_ARGUMENT. */
export function parseBody(text: string): Readonly<Record<string, unknown>> {
  if (text === "") refuse("JSON Parse error: The document is empty");
  let document: unknown;
  try {
    document = parseNumbers(text);
  } catch (error) {
    refuse(`JSON Parse error: ${error instanceof Error ? error.message : String(error)}`);
  }
  if (!isObject(document)) refuse(`JSON Value: ${shown(document)} Is not object`);
  const name = document["signature_name"];
  if (name !== undefined && typeof name !== "string") {
    refuse(
      `JSON Value: ${shown(document)} not formatted correctly. 'signature_name' key must be a string value.`,
    );
  }
  return document;
}

/** The batch in it, for a model with this signature. Throws INVALID_ARGUMENT. */
export function readPredict(
  document: Readonly<Record<string, unknown>>,
  signature: Signature,
  batchMax: number,
): PredictBody {
  const asked = document["signature_name"];
  if (typeof asked === "string" && asked !== "" && asked !== "serving_default") {
    refuse(`Serving signature name: "${asked}" not found in signature def`);
  }
  const instances = document["instances"];
  const inputs = document["inputs"];
  if (instances !== undefined && inputs !== undefined) {
    refuse(
      `JSON Value: ${shown(document)} Not formatted correctly expecting only one of 'inputs' or 'instances' keys to exist `,
    );
  }
  if (instances === undefined && inputs === undefined) {
    refuse("Missing 'inputs' or 'instances' key");
  }
  const [format, tensor] =
    instances === undefined
      ? (["columnar", readInputs(inputs, signature)] as const)
      : (["row", readInstances(instances, document, signature)] as const);
  const { columns, name } = signature.input;
  const [rows = 0, width] = tensor.shape;
  if (tensor.shape.length !== 2 || width !== columns || rows === 0) {
    refuse(`Input ${name}: expecting shape [N,${columns}] but got [${tensor.shape.join(",")}]`);
  }
  if (rows > batchMax) refuse(`Input ${name}: at most ${batchMax} rows, got ${rows}`);
  return { format, rows, input: Float32Array.from(tensor.values) };
}

/** The body of a good answer. */
export function predictText(
  format: PredictBody["format"],
  output: Float32Array,
  columns: number,
): string {
  const rows: string[] = [];
  for (let start = 0; start < output.length; start += columns) {
    rows.push(`[${Array.from(output.subarray(start, start + columns), floatText).join(", ")}]`);
  }
  return `{\n    "${format === "row" ? "predictions" : "outputs"}": [${rows.join(", ")}]\n}`;
}

interface Tensor {
  readonly shape: readonly number[];
  readonly values: number[];
}

function readInputs(inputs: unknown, signature: Signature): Tensor {
  if (!isObject(inputs)) return readTensor(inputs);
  const { name } = signature.input;
  if (inputs[name] === undefined) refuse(`Missing named input: ${name} in 'inputs' object.`);
  return readTensor(inputs[name]);
}

function readInstances(
  instances: unknown,
  document: Readonly<Record<string, unknown>>,
  { input: { name } }: Signature,
): Tensor {
  if (!Array.isArray(instances)) {
    refuse(`JSON Value: ${shown(document)} Excepting 'instances' to be an list/array`);
  }
  if (instances.length === 0) {
    refuse(`JSON Value: ${shown(document)} No values in 'instances' array`);
  }
  const named = isObject(instances[0]);
  const values: number[] = [];
  let first: readonly number[] | null = null;
  for (const [index, element] of (instances as readonly unknown[]).entries()) {
    const item = named ? fieldOf(element, index, name) : valueOf(element, index);
    const where = `Failed to process element: ${index}${named ? ` key: ${name}` : ""} of 'instances' list. Error: INVALID_ARGUMENT: `;
    const tensor = readTensor(item, where);
    first ??= tensor.shape;
    if (tensor.shape.join(",") !== first.join(",")) {
      const [expected, got] = [product(first), product(tensor.shape)];
      refuse(
        expected === got
          ? `${where}Expecting shape [${first.join(",")}] but got: [${tensor.shape.join(",")}]`
          : `${where}Expecting tensor size: ${expected} but got: ${got}`,
      );
    }
    for (const value of tensor.values) values.push(value);
  }
  return { shape: [instances.length, ...(first ?? [])], values };
}

function fieldOf(element: unknown, index: number, name: string): unknown {
  if (!isObject(element)) {
    refuse(`Expecting object but got list at item ${index} of input list`);
  }
  const process = `Failed to process element: ${index}`;
  const unknown = Object.keys(element).find((key) => key !== name);
  if (unknown !== undefined) {
    refuse(
      `${process} key: ${unknown} of 'instances' list. Error: INVALID_ARGUMENT: JSON object: does not have named input: ${unknown}`,
    );
  }
  if (element[name] === undefined) {
    refuse(
      `${process} of 'instances' list. JSON object: ${shown(element)} keys must be equal to: ${name}`,
    );
  }
  return element[name];
}

function valueOf(element: unknown, index: number): unknown {
  if (isObject(element)) {
    refuse(`Expecting value/list but got object at item ${index} of input list`);
  }
  return element;
}

/** The shape is that of the first elements; every other list must have the same. */
function readTensor(value: unknown, where = ""): Tensor {
  const shape: number[] = [];
  for (let here = value; Array.isArray(here); here = (here as readonly unknown[])[0]) {
    if (shape.length === DEPTH_MAX) refuse(`${where}lists nested deeper than ${DEPTH_MAX}`);
    shape.push(here.length);
  }
  const values: number[] = [];
  fill(value, 0, { shape, values, where });
  return { shape, values };
}

function fill(value: unknown, level: number, into: Tensor & { readonly where: string }): void {
  const { shape, where } = into;
  if (!Array.isArray(value)) {
    if (level !== shape.length) {
      refuse(
        `${where}JSON Value: ${shown(value)} found at incorrect level: ${level + 1} in the JSON DOM. Expected at level: ${shape.length}`,
      );
    }
    into.values.push(readFloat(value, where));
    return;
  }
  if (level >= shape.length) {
    refuse(`${where}Encountered list at unexpected level: ${level} expected < ${shape.length}`);
  }
  if (value.length !== shape[level]) {
    refuse(
      `${where}Encountered list at unexpected size: ${value.length} at level: ${level} expected size: ${shape[level] ?? 0}`,
    );
  }
  for (const each of value as readonly unknown[]) fill(each, level + 1, into);
}

const FLOAT_MAX = 3.4028234663852886e38;

function readFloat(value: unknown, where: string): number {
  if (value === NAN_MARK) return Number.NaN;
  if (typeof value !== "number") {
    refuse(
      `${where}JSON Value: ${shown(value)} Type: ${typeName(value)} is not of expected type: float`,
    );
  }
  if (Number.isFinite(value) && Math.abs(value) > FLOAT_MAX) {
    refuse(
      `${where}Cannot convert JSON value: ${shown(value)} to float without loss of precision.`,
    );
  }
  return value;
}

function typeName(value: unknown): string {
  if (value === null) return "Null";
  if (typeof value === "boolean") return value ? "True" : "False";
  return typeof value === "string" ? "String" : isObject(value) ? "Object" : "Array";
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function product(shape: readonly number[]): number {
  return shape.reduce((size, each) => size * each, 1);
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "undefined";
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
}

function refuse(message: string): never {
  throw new StatusError("INVALID_ARGUMENT", message);
}
