/**
 * As much of ONNX's protobuf as a small perceptron needs: field numbers are those of onnx.proto
 * (ModelProto, GraphProto, NodeProto, TensorProto, ValueInfoProto). Same input, same bytes.
 */

/** Weights of x[N,inputs] → hidden (relu) → classes (softmax), row-major, float32. */
export interface Perceptron {
  readonly inputs: number;
  readonly hidden: number;
  readonly classes: number;
  readonly hiddenWeights: Float32Array;
  readonly hiddenBias: Float32Array;
  readonly classWeights: Float32Array;
  readonly classBias: Float32Array;
}

const FLOAT = 1;
const IR_VERSION = 8;
const OPSET = 13;

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 127) {
    bytes.push((rest % 128) | 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return Buffer.from(bytes);
}

function numberField(field: number, value: number): Buffer {
  return Buffer.concat([varint(field * 8), varint(value)]);
}

function bytesField(field: number, value: Uint8Array | string): Buffer {
  const bytes = typeof value === "string" ? Buffer.from(value) : value;
  return Buffer.concat([varint(field * 8 + 2), varint(bytes.length), bytes]);
}

function message(...fields: readonly Buffer[]): Buffer {
  return Buffer.concat(fields);
}

function floatBytes(values: Float32Array): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, index) => bytes.writeFloatLE(value, index * 4));
  return bytes;
}

function tensor(name: string, shape: readonly number[], values: Float32Array): Buffer {
  return message(
    ...shape.map((size) => numberField(1, size)),
    numberField(2, FLOAT),
    bytesField(8, name),
    bytesField(9, floatBytes(values)),
  );
}

function valueInfo(name: string, columns: number): Buffer {
  const batch = bytesField(1, bytesField(2, "N"));
  const shape = message(batch, bytesField(1, numberField(1, columns)));
  const type = bytesField(1, message(numberField(1, FLOAT), bytesField(2, shape)));
  return message(bytesField(1, name), bytesField(2, type));
}

function node(operation: string, inputs: readonly string[], output: string): Buffer {
  return message(
    ...inputs.map((input) => bytesField(1, input)),
    bytesField(2, output),
    bytesField(3, output),
    bytesField(4, operation),
  );
}

/** The model as an ONNX file; input is `x` [N, inputs], output is `y` [N, classes]. */
export function onnxFile(of: Perceptron): Buffer {
  const nodes = [
    node("MatMul", ["x", "hidden_weights"], "hidden_sum"),
    node("Add", ["hidden_sum", "hidden_bias"], "hidden_in"),
    node("Relu", ["hidden_in"], "hidden_out"),
    node("MatMul", ["hidden_out", "class_weights"], "class_sum"),
    node("Add", ["class_sum", "class_bias"], "logits"),
    node("Softmax", ["logits"], "y"),
  ];
  const weights = [
    tensor("hidden_weights", [of.inputs, of.hidden], of.hiddenWeights),
    tensor("hidden_bias", [of.hidden], of.hiddenBias),
    tensor("class_weights", [of.hidden, of.classes], of.classWeights),
    tensor("class_bias", [of.classes], of.classBias),
  ];
  const graph = message(
    ...nodes.map((each) => bytesField(1, each)),
    bytesField(2, "mlp"),
    ...weights.map((each) => bytesField(5, each)),
    bytesField(11, valueInfo("x", of.inputs)),
    bytesField(12, valueInfo("y", of.classes)),
  );
  return message(
    numberField(1, IR_VERSION),
    bytesField(2, "ninety"),
    bytesField(7, graph),
    bytesField(8, message(bytesField(1, ""), numberField(2, OPSET))),
  );
}
