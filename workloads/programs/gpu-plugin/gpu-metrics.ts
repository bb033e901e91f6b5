import { Gauge, Registry } from "prom-client";
import type { DeviceFolder } from "../shared/device-folder.ts";
import { healthOf, memoryOf, xidOf, type MemoryNow } from "./devices.ts";

const LABELS = ["gpu", "UUID", "device", "Hostname", "simulated"] as const;

/**
 * Metrics of the virtual devices under DCGM's names, each series labelled `simulated="true"`. Only
 * what the device state tells is here: there is no load or temperature to measure.
 */
export class GpuMetrics {
  readonly #registry = new Registry();
  readonly #devices: readonly DeviceFolder[];
  readonly #node: string;
  readonly #lastXid = new Map<string, number>();
  readonly #wasBad = new Map<string, boolean>();
  readonly #changes = new Map<string, number>();

  constructor(node: string, devices: readonly DeviceFolder[]) {
    this.#node = node;
    this.#devices = devices;
    this.#gauge(
      "DCGM_FI_DEV_XID_ERRORS",
      "Value of the last XID error encountered; never resets.",
      (device) => this.#lastXid.get(device.id) ?? 0,
    );
    this.#gauge("ninety_gpu_healthy", "1 if the device plugin reports Healthy.", (device) =>
      healthOf(device.now()) === "Healthy" ? 1 : 0,
    );
    this.#gauge("ninety_gpu_held", "1 while a fault holds the device, well or not.", (device) =>
      device.now().by === null ? 0 : 1,
    );
    this.#gauge(
      "ninety_gpu_changes_total",
      "How often the device has gone bad or well since the plugin was started.",
      (device) => this.#changes.get(device.id) ?? 0,
    );
    this.#memory();
    const state = new Gauge({
      name: "ninety_gpu_state",
      help: "1 for the state that the device is in.",
      labelNames: [...LABELS, "state", "signal", "symptom"],
      registers: [this.#registry],
      collect: () => {
        state.reset();
        for (const [index, device] of this.#devices.entries()) {
          const now = device.now();
          const { signal, symptom } = now;
          const labels = { state: now.state, signal: String(signal), symptom: String(symptom) };
          state.set({ ...this.#labels(device, index), ...labels }, 1);
        }
      },
    });
  }

  get contentType(): string {
    return this.#registry.contentType;
  }
  text(): Promise<string> {
    this.look();
    return this.#registry.metrics();
  }

  /** XIDs and changes are events: they must be seen while they are there, and then stay. */
  look(): void {
    for (const device of this.#devices) {
      const { id } = device;
      const now = device.now();
      const xid = xidOf(now);
      if (xid !== null) this.#lastXid.set(id, xid);
      const isBad = now.state !== "ok";
      if (isBad !== (this.#wasBad.get(id) ?? false)) {
        this.#changes.set(id, (this.#changes.get(id) ?? 0) + 1);
      }
      this.#wasBad.set(id, isBad);
    }
  }

  #memory(): void {
    const gauge = (name: string, help: string, value: (now: MemoryNow) => number): void =>
      this.#gauge(name, help, (device) => value(memoryOf(device.now())));
    gauge("DCGM_FI_DEV_FB_USED", "Framebuffer memory used, in MiB.", (now) => now.usedMiB);
    gauge("DCGM_FI_DEV_FB_FREE", "Framebuffer memory free, in MiB.", (now) => now.freeMiB);
    gauge(
      "DCGM_FI_DEV_ECC_DBE_VOL_TOTAL",
      "Uncorrectable ECC errors since the last reset.",
      (now) => now.uncorrectable,
    );
    gauge("DCGM_FI_DEV_ROW_REMAP_PENDING", "1 if a reset is to remap a row.", (now) =>
      Number(now.remapPending),
    );
    gauge("DCGM_FI_DEV_ROW_REMAP_FAILURE", "1 if remapping of rows has failed.", (now) =>
      Number(now.remapFailed),
    );
  }

  #gauge(name: string, help: string, value: (device: DeviceFolder) => number): void {
    const gauge: Gauge = new Gauge({
      name,
      help,
      labelNames: LABELS,
      registers: [this.#registry],
      collect: () => {
        for (const [index, device] of this.#devices.entries()) {
          gauge.set(this.#labels(device, index), value(device));
        }
      },
    });
  }

  #labels(device: DeviceFolder, index: number): Record<(typeof LABELS)[number], string> {
    return {
      gpu: String(index),
      UUID: device.id,
      device: `virtual${index}`,
      Hostname: this.#node,
      simulated: "true",
    };
  }
}
