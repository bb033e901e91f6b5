import { cp, mkdir, mkdtemp, rename, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type DeviceFile, okDevice } from "../../src/model/device.ts";
import { parseNumbers } from "../../workloads/programs/model-server/number-text.ts";
import { ProgramProcess } from "./program-process.ts";
import { until } from "./until.ts";

const MODELS = new URL("../../workloads/models/mlp", import.meta.url).pathname;
export const DEVICE = "GPU-n1-0";

/** A model server with a folder of its own: models, one device, termination log. */
export class ModelServerProcess {
  readonly folder: string;
  readonly process: ProgramProcess;
  readonly url: string;

  private constructor(folder: string, process: ProgramProcess, port: number) {
    this.folder = folder;
    this.process = process;
    this.url = `http://127.0.0.1:${port}`;
  }

  /** Starts it and waits until it listens, or only starts it with `listens: false`. */
  static async start(
    folder: string,
    env: Readonly<Record<string, string>> = {},
    { listens = true } = {},
  ): Promise<ModelServerProcess> {
    const process = new ProgramProcess("model-server/main.ts", {
      PORT: "0",
      HOST: "127.0.0.1",
      POD_NAME: "server-a",
      MODEL_BASE_PATH: join(folder, "models"),
      MODEL_POLL_MS: "50",
      TERMINATION_LOG: join(folder, "termination-log"),
      DRAIN_QUIET_MS: "100",
      ...env,
    });
    return new ModelServerProcess(folder, process, listens ? await process.port() : -1);
  }

  async get(path: string): Promise<{ status: number; body: unknown; headers: Headers }> {
    const response = await fetch(this.url + path, { headers: { "user-agent": "kube-probe/1.36" } });
    return { status: response.status, headers: response.headers, body: await bodyOf(response) };
  }
  async post(
    path: string,
    body: string,
    signal?: AbortSignal,
  ): Promise<{ status: number; body: unknown; headers: Headers }> {
    const response = await fetch(this.url + path, {
      method: "POST",
      body,
      ...(signal ? { signal } : {}),
    });
    return { status: response.status, headers: response.headers, body: await bodyOf(response) };
  }
  /** So many rows of the same input. */
  predict(rows = 1, signal?: AbortSignal): ReturnType<ModelServerProcess["post"]> {
    const instances = Array.from({ length: rows }, () => Array.from({ length: 16 }, () => 0.5));
    return this.post("/v1/models/mlp:predict", JSON.stringify({ instances }), signal);
  }
  async ready(): Promise<void> {
    await until("ready", async () => (await this.get("/health/ready")).status === 200);
  }
}

async function bodyOf(response: Response): Promise<unknown> {
  const text = await response.text();
  return response.headers.get("content-type") === "application/json" ? parseNumbers(text) : text;
}

/** A temporary folder with these versions of the model and a device that is ok. */
export async function serverFolder(versions: readonly number[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "ninety-model-server-"));
  await mkdir(join(folder, "models"));
  for (const version of versions) {
    await cp(join(MODELS, String(version)), join(folder, "models", String(version)), {
      recursive: true,
    });
  }
  await mkdir(join(folder, "gpus", DEVICE), { recursive: true });
  await setDevice(folder, {});
  return folder;
}

/** Environment of a server that was given the device. */
export function withDevice(folder: string): Readonly<Record<string, string>> {
  return { NVIDIA_VISIBLE_DEVICES: DEVICE, DEVICE_FOLDER: join(folder, "gpus") };
}

/** Replaces the state of the device by rename, as its owner does. */
export async function setDevice(folder: string, state: Partial<DeviceFile>): Promise<void> {
  const path = join(folder, "gpus", DEVICE, "state.json");
  await writeFile(`${path}.new`, JSON.stringify({ ...okDevice(DEVICE), ...state }));
  await rename(`${path}.new`, path);
}

export async function removeFolder(folder: string): Promise<void> {
  await rm(folder, { recursive: true, force: true });
}
