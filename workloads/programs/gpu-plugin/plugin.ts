import { rmSync, statSync } from "node:fs";
import { join } from "node:path";
import {
  type sendUnaryData,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  type ServerWritableStream,
  credentials,
  makeGenericClientConstructor,
  status,
} from "@grpc/grpc-js";
import { messageOf } from "../../../src/model/error.ts";
import type { DeviceFolder } from "../shared/device-folder.ts";
import type { Log } from "../shared/log.ts";
import {
  API_VERSION,
  type AllocateRequest,
  type AllocateResponse,
  CLIENT_OPTIONS,
  DEVICE_PLUGIN,
  type Health,
  KUBELET_SOCKET,
  type ListAndWatchResponse,
  REGISTRATION,
  type RegisterRequest,
} from "./device-plugin-api.ts";
import { allocation, healthOf } from "./devices.ts";

/** How often the devices and the kubelet's socket are looked at. */
const LOOK_MS = 100;
const REGISTER_MS = 5_000;
/** The kubelet holds one; a leak of ours must not grow. */
const STREAMS_MAX = 16;

const RegistrationClient = makeGenericClientConstructor(REGISTRATION, "Registration");
type Stream = ServerWritableStream<object, ListAndWatchResponse>;

export interface PluginOptions {
  readonly pluginFolder: string;
  /** File name of our own socket. */
  readonly socketName: string;
  readonly resourceName: string;
  /** Where the node keeps its devices. */
  readonly deviceRoot: string;
  readonly devices: readonly DeviceFolder[];
  readonly log: Log;
}

/**
 * Offers the devices to the kubelet: serves DevicePlugin on its own socket, registers whenever the
 * kubelet's socket is a new one or ours was removed, and sends the whole list when a health
 * changes.
 */
export class Plugin {
  readonly #options: PluginOptions;
  readonly #streams = new Set<Stream>();
  #server: Server | null = null;
  #registeredWith = "";
  #told = "";
  #busy = false;
  #problem = "";
  #timer: NodeJS.Timeout | undefined;

  constructor(options: PluginOptions) {
    this.#options = options;
  }

  /** Whether the kubelet that runs now knows us. */
  get registered(): boolean {
    return this.#registeredWith !== "" && this.#registeredWith === this.#kubelet();
  }

  start(): void {
    this.#look();
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  /**
   * Ends the streams: the kubelet takes the devices for unhealthy until somebody registers anew.
   */
  stop(): void {
    clearInterval(this.#timer);
    this.#server?.forceShutdown();
    rmSync(this.#socketPath(), { force: true });
  }

  #look(): void {
    this.#tell();
    if (!this.#busy) void this.#register();
  }

  async #register(): Promise<void> {
    const kubelet = this.#kubelet();
    if (kubelet === "" || (kubelet === this.#registeredWith && this.#socketIsThere())) return;
    this.#busy = true;
    try {
      await this.#serve();
      await this.#call();
      this.#registeredWith = kubelet;
      this.#problem = "";
      const { resourceName, devices } = this.#options;
      this.#options.log("registered", { resourceName, devices: devices.map(({ id }) => id) });
    } catch (error) {
      const message = messageOf(error);
      if (message !== this.#problem) this.#options.log("register-failed", { message });
      this.#problem = message;
    } finally {
      this.#busy = false;
    }
  }

  async #serve(): Promise<void> {
    this.#server?.forceShutdown();
    this.#streams.clear();
    rmSync(this.#socketPath(), { force: true });
    const server = new Server();
    this.#server = server;
    server.addService(DEVICE_PLUGIN, {
      GetDevicePluginOptions: answerWith({}),
      GetPreferredAllocation: answerWith({}),
      PreStartContainer: answerWith({}),
      ListAndWatch: (stream: Stream) => this.#listAndWatch(stream),
      Allocate: (
        call: ServerUnaryCall<AllocateRequest, AllocateResponse>,
        answer: sendUnaryData<AllocateResponse>,
      ) => this.#allocate(call.request, answer),
    });
    await new Promise<void>((resolve, reject) => {
      server.bindAsync(
        `unix://${this.#socketPath()}`,
        ServerCredentials.createInsecure(),
        (error) => (error ? reject(error) : resolve()),
      );
    });
  }

  async #call(): Promise<void> {
    const { pluginFolder, socketName, resourceName } = this.#options;
    const client = new RegistrationClient(
      `unix://${join(pluginFolder, KUBELET_SOCKET)}`,
      credentials.createInsecure(),
      CLIENT_OPTIONS,
    );
    const request: RegisterRequest = {
      version: API_VERSION,
      endpoint: socketName,
      resource_name: resourceName,
      options: {},
    };
    try {
      await new Promise<void>((resolve, reject) => {
        const register = client["Register"]?.bind(client);
        const deadline = Date.now() + REGISTER_MS;
        register?.(request, { deadline }, (error: Error | null) =>
          error ? reject(error) : resolve(),
        );
      });
    } finally {
      client.close();
    }
  }

  #listAndWatch(stream: Stream): void {
    if (this.#streams.size >= STREAMS_MAX) {
      stream.destroy(new Error(`at most ${STREAMS_MAX} streams`));
      return;
    }
    this.#streams.add(stream);
    for (const event of ["cancelled", "close", "error"]) {
      stream.on(event, () => this.#streams.delete(stream));
    }
    const list = this.#list();
    this.#options.log("list-and-watch", { streams: this.#streams.size, devices: list.devices });
    stream.write(list);
  }

  #allocate(request: AllocateRequest, answer: sendUnaryData<AllocateResponse>): void {
    const { devices, deviceRoot, log } = this.#options;
    const asked = request.container_requests.map((each) => each.devices_ids);
    const unknown = asked.flat().find((id) => !devices.some((device) => device.id === id));
    log("allocate", { devices: asked, ...(unknown === undefined ? {} : { unknown }) });
    if (unknown !== undefined) {
      answer({ code: status.INVALID_ARGUMENT, details: `no such device: ${unknown}` });
      return;
    }
    answer(null, { container_responses: asked.map((ids) => allocation(deviceRoot, ids)) });
  }

  #tell(): void {
    const list = this.#list();
    const text = JSON.stringify(list);
    if (text === this.#told) return;
    const first = this.#told === "";
    this.#told = text;
    if (first) return;
    this.#options.log("health", { devices: list.devices, streams: this.#streams.size });
    for (const stream of this.#streams) stream.write(list);
  }

  #list(): { readonly devices: readonly { readonly ID: string; readonly health: Health }[] } {
    return {
      devices: this.#options.devices.map((device) => ({
        ID: device.id,
        health: healthOf(device.now()),
      })),
    };
  }

  /** A restarted kubelet empties the folder and makes a new socket. "": there is none. */
  #kubelet(): string {
    const stat = statSync(join(this.#options.pluginFolder, KUBELET_SOCKET), {
      throwIfNoEntry: false,
    });
    return stat ? `${stat.ino}:${stat.ctimeMs}` : "";
  }

  #socketIsThere(): boolean {
    return statSync(this.#socketPath(), { throwIfNoEntry: false }) !== undefined;
  }

  #socketPath(): string {
    return join(this.#options.pluginFolder, this.#options.socketName);
  }
}

function answerWith(response: object) {
  return (_call: unknown, answer: sendUnaryData<object>): void => answer(null, response);
}
