import type { ServiceDefinition } from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";

/** The messages of device-plugin.proto that are used, as proto-loader gives them. */
export interface RegisterRequest {
  readonly version: string;
  /** File name of the plugin's socket in the plugin folder. */
  readonly endpoint: string;
  readonly resource_name: string;
  readonly options: object;
}
export interface ListAndWatchResponse {
  readonly devices: readonly { readonly ID: string; readonly health: Health }[];
}
export type Health = "Healthy" | "Unhealthy";
export interface AllocateRequest {
  readonly container_requests: readonly { readonly devices_ids: readonly string[] }[];
}
export interface AllocateResponse {
  readonly container_responses: readonly {
    readonly envs: Readonly<Record<string, string>>;
    readonly mounts: readonly {
      readonly container_path: string;
      readonly host_path: string;
      readonly read_only: boolean;
    }[];
  }[];
}

export const API_VERSION = "v1beta1";
/** The kubelet's own socket in the plugin folder. */
export const KUBELET_SOCKET = "kubelet.sock";

/** Node refuses an `:authority` that is a socket path, and so may others. */
export const CLIENT_OPTIONS = { "grpc.default_authority": "localhost" };

const definitions = loadSync(new URL("device-plugin.proto", import.meta.url).pathname, {
  keepCase: true,
  defaults: true,
});

/** Served by the kubelet. */
export const REGISTRATION = definitions[`${API_VERSION}.Registration`] as ServiceDefinition;
/** Served by the plugin. */
export const DEVICE_PLUGIN = definitions[`${API_VERSION}.DevicePlugin`] as ServiceDefinition;
