import * as fc from "fast-check";
import { expect, test } from "vitest";
import { floatText, parseNumbers } from "../../workloads/programs/model-server/number-text.ts";
import {
  parseBody,
  predictText,
  readPredict,
} from "../../workloads/programs/model-server/predict-body.ts";

const SIGNATURE = { input: { name: "x", columns: 3 }, output: { name: "y", columns: 2 } };
const read = (text: string, rowsMax = 4) => readPredict(parseBody(text), SIGNATURE, rowsMax);

test.each([
  ['{"instances":[[1,2,3]]}', "row", 1, [1, 2, 3]],
  ['{"instances":[[1,2,3],[4,5,6]]}', "row", 2, [1, 2, 3, 4, 5, 6]],
  ['{"instances":[{"x":[1,2,3]}]}', "row", 1, [1, 2, 3]],
  ['{"inputs":[[1,2,3],[4,5,6]]}', "columnar", 2, [1, 2, 3, 4, 5, 6]],
  ['{"inputs":{"x":[[1,2,3]]},"signature_name":"serving_default"}', "columnar", 1, [1, 2, 3]],
  ['{"instances":[[NaN,Infinity,-Infinity]]}', "row", 1, [Number.NaN, Infinity, -Infinity]],
  [
    '{"instances":[[-NaN,Inf,-Inf]],"NaN":"NaN, \\" Inf"}',
    "row",
    1,
    [Number.NaN, Infinity, -Infinity],
  ],
])("%s", (text, format, rows, values) => {
  expect(read(text)).toEqual({ format, rows, input: Float32Array.from(values) });
});

test.each([
  ["", "JSON Parse error: The document is empty"],
  ["{", "JSON Parse error: "],
  ["[1]", "JSON Value: [1] Is not object"],
  ["{}", "Missing 'inputs' or 'instances' key"],
  ['{"instances":[[1,2,3]],"inputs":[[1,2,3]]}', "expecting only one of 'inputs' or 'instances'"],
  ['{"instances":{}}', "Excepting 'instances' to be an list/array"],
  ['{"instances":[]}', "No values in 'instances' array"],
  ['{"instances":[[1,2,3]],"signature_name":1}', "'signature_name' key must be a string value."],
  ['{"instances":[[1,2,3]],"signature_name":"s"}', 'Serving signature name: "s" not found'],
  ['{"instances":[[1,2]]}', "Input x: expecting shape [N,3] but got [1,2]"],
  ['{"instances":[1,2]}', "Input x: expecting shape [N,3] but got [2]"],
  ['{"instances":[[1,2,3],[1,2]]}', "Expecting tensor size: 3 but got: 2"],
  ['{"instances":[[1,2,3],{"x":[1,2,3]}]}', "Expecting value/list but got object at item 1"],
  ['{"instances":[{"x":[1,2,3]},[1,2,3]]}', "Expecting object but got list at item 1"],
  ['{"instances":[{"z":[1,2,3]}]}', "JSON object: does not have named input: z"],
  ['{"instances":[{}]}', "keys must be equal to: x"],
  ['{"instances":[["a",2,3]]}', 'JSON Value: "a" Type: String is not of expected type: float'],
  ['{"instances":[[null,2,3]]}', "Type: Null is not of expected type: float"],
  ['{"instances":[[1e39,2,3]]}', "to float without loss of precision."],
  ['{"instances":[[[1],2,3]]}', "found at incorrect level: 2"],
  ['{"instances":[[1,[2],3]]}', "Encountered list at unexpected level: 1"],
  ['{"inputs":{"z":1}}', "Missing named input: x in 'inputs' object."],
  ['{"inputs":[]}', "Input x: expecting shape [N,3] but got [0]"],
  ['{"inputs":[[[[[[[[[1]]]]]]]]]}', "lists nested deeper than 8"],
  ['{"inputs":[[1,2,3],[1,2,3],[1,2,3],[1,2,3],[1,2,3]]}', "Input x: at most 4 rows, got 5"],
])("%s is refused", (text, message) => {
  expect(() => read(text)).toThrow(message);
});

test("answers by row and by output, with the numbers TensorFlow Serving writes", () => {
  const output = Float32Array.from([0.25, 1, Number.NaN, -Infinity]);
  expect(predictText("row", output, 2)).toBe(
    '{\n    "predictions": [[0.25, 1.0], [NaN, -Infinity]]\n}',
  );
  expect(predictText("columnar", output.subarray(0, 2), 2)).toContain('"outputs": [[0.25, 1.0]]');
  expect(parseNumbers(predictText("row", output.subarray(0, 2), 2))).toEqual({
    predictions: [[0.25, 1]],
  });
});

test("every float32 reads back as itself", () => {
  fc.assert(
    fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
      expect(Math.fround(Number(floatText(value))) + 0).toBe(value + 0);
      expect(floatText(value)).toMatch(/[.e]/);
    }),
  );
});
