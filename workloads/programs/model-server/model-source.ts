import { readFile } from "node:fs/promises";
import { EXIT, NinetyError, messageOf } from "../../../src/model/error.ts";
import type { Log } from "../shared/log.ts";
import type { Config } from "./config.ts";
import { type ModelConfig, chosen, parseModelConfig } from "./model-config.ts";
import { ModelFolder, type ModelVersion } from "./model-folder.ts";

/** What is to be served, and what of it is there and whole, newest first. */
export interface Wanted {
  readonly versions: readonly ModelVersion[];
  readonly labels: Readonly<Record<string, number>>;
}

/**
 * Where it stands which versions are to be served: a file that is read again at every look, or the
 * environment alone; and the folders that hold them.
 */
export class ModelSource {
  readonly #config: Config;
  readonly #log: Log;
  #wanted: ModelConfig;
  #folder: ModelFolder;
  #text = "";
  #problems = "";

  private constructor(config: Config, log: Log, wanted: ModelConfig) {
    this.#config = config;
    this.#log = log;
    this.#wanted = wanted;
    this.#folder = new ModelFolder(wanted.basePath, config.modelName);
  }

  /** Throws a NinetyError when the file is not there or wrong: nothing starts on a guess. */
  static async open(config: Config, log: Log): Promise<ModelSource> {
    const { modelConfigFile, modelName } = config;
    if (modelConfigFile === "") return new ModelSource(config, log, environmentConfig(config));
    try {
      const text = await readFile(modelConfigFile, "utf8");
      const source = new ModelSource(config, log, parseModelConfig(text, modelName));
      source.#text = text;
      return source;
    } catch (error) {
      throw new NinetyError(`${modelConfigFile}: ${messageOf(error)}`, { exit: EXIT.usage });
    }
  }

  /** A file that became wrong is told, and what it said before holds. */
  async look(): Promise<Wanted> {
    if (this.#config.modelConfigFile !== "") await this.#reread();
    const { versions, problems } = await this.#folder.scan();
    const wanted = chosen(this.#wanted.policy, versions);
    const { policy } = this.#wanted;
    const missing =
      policy.kind === "specific"
        ? policy.versions.filter((one) => !wanted.some(({ version }) => version === one))
        : [];
    const told = [...problems, ...missing.map((one) => `version ${one} is wanted and not there`)];
    if (told.join("; ") !== this.#problems && told.length > 0) {
      this.#log("model-folder-problem", { problems: told });
    }
    this.#problems = told.join("; ");
    return { versions: wanted, labels: this.#wanted.labels };
  }

  async #reread(): Promise<void> {
    const { modelConfigFile, modelName } = this.#config;
    let text = "";
    try {
      text = await readFile(modelConfigFile, "utf8");
      if (text === this.#text) return;
      const wanted = parseModelConfig(text, modelName);
      if (wanted.basePath !== this.#wanted.basePath) {
        this.#folder = new ModelFolder(wanted.basePath, modelName);
      }
      this.#wanted = wanted;
      this.#log("model-config", { ...wanted });
    } catch (error) {
      const message = messageOf(error);
      // Told once for each text; an unreadable file is as good as an empty one.
      if (text !== this.#text) this.#log("model-config-problem", { modelConfigFile, message });
    }
    this.#text = text;
  }
}

function environmentConfig({ basePath, onlyVersion }: Config): ModelConfig {
  return {
    basePath,
    policy:
      onlyVersion === 0
        ? { kind: "latest", count: 1 }
        : { kind: "specific", versions: [onlyVersion] },
    labels: {},
  };
}
