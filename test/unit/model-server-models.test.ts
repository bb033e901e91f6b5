import { readFileSync } from "node:fs";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { expect, test } from "vitest";
import { modelFiles } from "../../workloads/models/make-models.ts";
import { ModelFolder } from "../../workloads/programs/model-server/model-folder.ts";
import { distorted } from "../../workloads/programs/model-server/device-symptom.ts";
import { worstDifference } from "../../workloads/programs/model-server/canary.ts";

const FOLDER = new URL("../../workloads/models/", import.meta.url).pathname;

test("the script remakes the committed models to the byte", () => {
  const files = modelFiles();
  expect(files.size).toBe(6);
  for (const [path, bytes] of files) {
    expect(Buffer.from(bytes).equals(readFileSync(FOLDER + path)), path).toBe(true);
  }
});

test("both committed versions are complete", async () => {
  const scan = await new ModelFolder(`${FOLDER}mlp`, "mlp").scan();
  expect(scan.problems).toEqual([]);
  expect(scan.versions.map((each) => each.version)).toEqual([2, 1]);
  expect(scan.versions.map((each) => each.expected.cases.length)).toEqual([64, 64]);
});

test.each([1, 2])("the runtime agrees with the answers computed without it: %i", async (number) => {
  const { versions } = await new ModelFolder(`${FOLDER}mlp`, "mlp").scan();
  const version = versions.find((each) => each.version === number);
  const { cases = [], tolerance = 0 } = version?.expected ?? {};
  const session = await InferenceSession.create(`${FOLDER}mlp/${number}/model.onnx`, {
    intraOpNumThreads: 1,
  });
  expect(cases.length).toBe(64);
  const classes = new Set<number>();
  for (const { input, output } of cases) {
    const x = new Tensor("float32", Float32Array.from(input), [1, 16]);
    const answer = (await session.run({ x }))["y"]?.data as Float32Array;
    expect(worstDifference(answer, output)).toBeLessThan(tolerance / 10);
    // What a device with wrong answers gives must be told from what a right one gives.
    expect(worstDifference(distorted(answer, 4), output)).toBeGreaterThan(tolerance * 100);
    classes.add(output.indexOf(Math.max(...output)));
  }
  expect(classes.size).toBe(4);
});

test("the versions answer the same inputs differently", async () => {
  const { versions } = await new ModelFolder(`${FOLDER}mlp`, "mlp").scan();
  const [newer, older] = versions.map((each) => each.expected);
  for (const [index, { input, output }] of (newer?.cases ?? []).entries()) {
    const other = older?.cases[index];
    expect(other?.input).toEqual(input);
    expect(worstDifference(Float32Array.from(other?.output ?? []), output)).toBeGreaterThan(0.01);
  }
});
