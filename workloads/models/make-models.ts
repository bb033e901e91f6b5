/**
 * Writes the models that are served: mlp/<version>/{model.onnx, metadata.json, expected.json}.
 * They are committed data. To remake them: `node workloads/models/make-models.ts [folder]`; the
 * bytes are the same on every machine, and a test says so.
 *
 * metadata.json: name, version, sha256 of the model, sha256 of the expected answers, input and
 * output with their shapes. It is written last: a version folder without it is not complete.
 * expected.json: cases of an input that no training saw with the answer that perceptron.ts computed
 * (not the runtime that serves the model), and how far an answer may be off, per number.
 */
import { createHash } from "node:crypto";
import { mkdir, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { onnxFile } from "./onnx-file.ts";
import { forward, seeded, seededPerceptron } from "./perceptron.ts";

const SIZE = { inputs: 16, hidden: 128, classes: 4 } as const;
const SEED_BY_VERSION = { 1: 101, 2: 202 } as const;
const INPUT_SEED = 303;
const HELD_OUT = 64;
const TOLERANCE = 1e-4;
const NAME = "mlp";

const sha256 = (bytes: Uint8Array | string): string =>
  createHash("sha256").update(bytes).digest("hex");

/** Four decimals: the text is the number, whoever reads it. */
const rounded = (value: number, digits: number): number => Number(value.toFixed(digits));

function heldOutInputs(): readonly (readonly number[])[] {
  const draw = seeded(INPUT_SEED);
  return Array.from({ length: HELD_OUT }, () =>
    Array.from({ length: SIZE.inputs }, () => rounded(draw(), 4)),
  );
}

/** All files, by path below the folder; metadata.json of a version comes after what it tells of. */
export function modelFiles(): ReadonlyMap<string, Uint8Array> {
  const files = new Map<string, Uint8Array>();
  for (const [version, seed] of Object.entries(SEED_BY_VERSION)) {
    const perceptron = seededPerceptron(seed, SIZE);
    const model = onnxFile(perceptron);
    const inputs = heldOutInputs();
    const cases = inputs.map((input) => ({
      input,
      output: forward(perceptron, input.map(Math.fround)).map((value) => rounded(value, 7)),
    }));
    const expected = Buffer.from(`${JSON.stringify({ tolerance: TOLERANCE, cases })}\n`);
    const metadata = {
      name: NAME,
      version: Number(version),
      sha256: sha256(model),
      expectedSha256: sha256(expected),
      input: { name: "x", type: "float32", shape: [null, SIZE.inputs] },
      output: { name: "y", type: "float32", shape: [null, SIZE.classes] },
      createdBy: "workloads/models/make-models.ts",
    };
    files.set(`${NAME}/${version}/model.onnx`, model);
    files.set(`${NAME}/${version}/expected.json`, expected);
    files.set(
      `${NAME}/${version}/metadata.json`,
      Buffer.from(`${JSON.stringify(metadata, null, 2)}\n`),
    );
  }
  return files;
}

/** Writes them below `folder`, each beside its place and then renamed. */
export async function writeModels(folder: string): Promise<void> {
  for (const [path, bytes] of modelFiles()) {
    const target = join(folder, path);
    await mkdir(join(target, ".."), { recursive: true });
    await writeFile(`${target}.new`, bytes);
    await rename(`${target}.new`, target);
  }
}

if (import.meta.main) await writeModels(process.argv[2] ?? import.meta.dirname);
