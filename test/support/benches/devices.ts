// Devices that the agent marks: two in a folder.
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

import { nowUs } from "../../../src/agents/monotonic.ts";
import { deviceNow, type DeviceFile } from "../../../src/model/device.ts";
import type { Effect } from "../../../src/model/effect.ts";
import type { EffectBench } from "../effect-bench.ts";
import { NODE } from "../local-agent-api.ts";

export function deviceBench(devices = mkdtempSync(join(tmpdir(), "ninety-devices-"))): EffectBench {
  const device = (effect: Effect): string => (effect.kind === "gpu-state" ? effect.gpu.device : "");
  for (const nth of [0, 1]) mkdirSync(join(devices, `GPU-n1-${nth}`), { recursive: true });
  return {
    effect: (nth) => gpuState(`GPU-n1-${nth}`),
    mark: (effect) => `"device":"${device(effect)}"`,
    isThere: (effect) => isDisturbed(join(devices, device(effect), "state.json")),
    env: { NINETY_DEVICE_ROOT: devices },
    close: async () => rmSync(devices, { recursive: true, force: true }),
  };
}

export const gpuState = (device: string): Extract<Effect, { kind: "gpu-state" }> => ({
  kind: "gpu-state",
  gpu: { kind: "gpu", node: NODE, device, holder: null },
  state: "crash",
  signal: true,
  symptom: true,
});

function isDisturbed(path: string): boolean {
  let text: string;
  try {
    text = readFileSync(path, "utf8");
  } catch {
    return false;
  }
  return deviceNow(JSON.parse(text) as DeviceFile, nowUs()).state !== "ok";
}
