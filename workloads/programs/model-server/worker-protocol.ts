import type { StatusCode } from "./status.ts";

/** What the server asks of the process that holds the native runtime. `id` names the answer. */
export type WorkerAsk = { readonly id: number } & (
  | { readonly do: "load"; readonly version: number; readonly path: string }
  | { readonly do: "unload"; readonly version: number }
  | {
      readonly do: "run";
      readonly version: number;
      readonly rows: number;
      readonly input: Float32Array;
    }
);

/** What computes, by ONNX Runtime's names; with a virtual device the CPU plays both. */
export type Provider = "CUDAExecutionProvider" | "CPUExecutionProvider";

export type WorkerAnswer = { readonly re: number } & (
  | { readonly ok: true; readonly output?: Float32Array; readonly provider?: Provider }
  | {
      readonly ok: false;
      readonly code: StatusCode;
      readonly message: string;
      /** The device does not answer at all: a process that needs it cannot start. */
      readonly deviceGone?: boolean;
    }
);

/** Exit code of a process that ended like one that called abort(). */
export const ABORTED = 134;
