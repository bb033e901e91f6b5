import type { Config } from "./config.ts";
import type { Inference } from "./inference.ts";
import type { ModelVersion } from "./model-folder.ts";
import type { ModelManager } from "./model-manager.ts";
import {
  type PredictBody,
  type Signature,
  parseBody,
  predictText,
  readPredict,
} from "./predict-body.ts";
import type { Wanted } from "./route.ts";
import { type Answer, JSON_TYPE, StatusError, VERSION_HEADER, jsonAnswer } from "./status.ts";

/** TensorFlow Serving's answers: status in every state 200, what is not served 404. */
export class Rest {
  readonly #config: Config;
  readonly #manager: ModelManager;
  readonly #inference: Inference;
  constructor(config: Config, manager: ModelManager, inference: Inference) {
    this.#config = config;
    this.#manager = manager;
    this.#inference = inference;
  }

  status(of: Wanted): Answer {
    const version = this.#versionOf(of);
    const ours = of.model === this.#config.modelName ? this.#manager.statuses() : [];
    const found = ours.filter((each) => version === null || each.version === version);
    if (found.length === 0) {
      throw new StatusError(
        "NOT_FOUND",
        version === null
          ? `Could not find any versions of model ${of.model}`
          : `Could not find version ${version} of model ${of.model}`,
      );
    }
    return jsonAnswer({
      model_version_status: found.map(({ version, state, error }) => ({
        version: String(version),
        state,
        status: { error_code: error?.code ?? "OK", error_message: error?.message ?? "" },
      })),
    });
  }

  metadata(of: Wanted): Answer {
    const model = this.#served(of);
    const tensor = ({ name, columns }: Signature["input"]) => ({
      [name]: {
        dtype: "DT_FLOAT",
        tensor_shape: {
          dim: [-1, columns].map((size) => ({ size: String(size), name: "" })),
          unknown_rank: false,
        },
        name: `${name}:0`,
      },
    });
    const { input, output } = model.signature;
    return jsonAnswer({
      model_spec: { name: of.model, signature_name: "", version: String(model.version) },
      metadata: {
        signature_def: {
          signature_def: {
            serving_default: {
              inputs: tensor(input),
              outputs: tensor(output),
              method_name: "tensorflow/serving/predict",
            },
          },
        },
      },
    });
  }

  async predict(of: Wanted, text: string, signal: AbortSignal): Promise<Answer> {
    const document = parseBody(text);
    const model = this.#served(of);
    const { version } = model;
    let body: PredictBody;
    let output: Float32Array;
    try {
      body = readPredict(document, model.signature, this.#config.batchMax);
      output = await this.#inference.run({ version, rows: body.rows, input: body.input, signal });
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      throw new StatusError(error.code, error.message, version);
    }
    return {
      status: 200,
      body: predictText(body.format, output, model.signature.output.columns),
      headers: { "content-type": JSON_TYPE, [VERSION_HEADER]: String(version) },
    };
  }

  /** Our models have a predict signature only. */
  otherMethod(method: "classify" | "regress", of: Wanted, text: string): never {
    parseBody(text);
    this.#served(of);
    const message = `Expected ${method === "classify" ? "classification" : "regression"} signature method_name to be tensorflow/serving/${method}. Was: tensorflow/serving/predict`;
    throw new StatusError("INVALID_ARGUMENT", message);
  }

  #served(of: Wanted): ModelVersion {
    const version = this.#versionOf(of);
    const model = of.model === this.#config.modelName ? this.#manager.find(version) : null;
    if (model) return model;
    const which = version === null ? `Latest(${of.model})` : `Specific(${of.model}, ${version})`;
    throw new StatusError("NOT_FOUND", `Servable not found for request: ${which}`);
  }

  /** The version that is named, also by a label; null: the newest. */
  #versionOf(of: Wanted): number | null {
    if (of.label === null) return of.version;
    const isOurs = of.model === this.#config.modelName;
    const version = isOurs ? this.#manager.labels.get(of.label) : undefined;
    if (version !== undefined) return version;
    throw new StatusError("INVALID_ARGUMENT", `Unrecognized servable version label: ${of.label}`);
  }
}
