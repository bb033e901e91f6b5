import type { Config } from "./config.ts";
import type { Inference } from "./inference.ts";
import type { ModelVersion } from "./model-folder.ts";
import type { ModelManager } from "./model-manager.ts";
import { type Signature, parseBody, predictText, readPredict } from "./predict-body.ts";
import type { Wanted } from "./route.ts";
import { type Answer, JSON_TYPE, StatusError, jsonAnswer } from "./status.ts";

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
    refuseLabel(of);
    const ours = of.model === this.#config.modelName ? this.#manager.statuses() : [];
    const found = ours.filter((each) => of.version === null || each.version === of.version);
    if (found.length === 0) {
      throw new StatusError(
        "NOT_FOUND",
        of.version === null
          ? `Could not find any versions of model ${of.model}`
          : `Could not find version ${of.version} of model ${of.model}`,
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
    const body = readPredict(document, model.signature, this.#config.batchMax);
    const { version } = model;
    const output = await this.#inference
      .run({ version, rows: body.rows, input: body.input, signal })
      .catch((error: unknown) => {
        // Unloaded between the look and the run: the newer one is asked by the caller's next try.
        if (error instanceof StatusError && error.code === "NOT_FOUND") throw notServed(of);
        throw error;
      });
    return {
      status: 200,
      body: predictText(body.format, output, model.signature.output.columns),
      headers: { "content-type": JSON_TYPE, "x-model-version": String(version) },
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
    refuseLabel(of);
    const model = of.model === this.#config.modelName ? this.#manager.available : null;
    if (!model || (of.version !== null && of.version !== model.version)) throw notServed(of);
    return model;
  }
}

function notServed(of: Wanted): StatusError {
  const which =
    of.version === null ? `Latest(${of.model})` : `Specific(${of.model}, ${of.version})`;
  return new StatusError("NOT_FOUND", `Servable not found for request: ${which}`);
}

/** Labels are given in a configuration that this server does not have. */
function refuseLabel(of: Wanted): void {
  if (of.label === null) return;
  throw new StatusError("INVALID_ARGUMENT", `Unrecognized servable version label: ${of.label}`);
}
