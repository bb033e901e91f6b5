import { rmSync } from "node:fs";
import { join } from "node:path";
import {
  type Client,
  type ClientReadableStream,
  type sendUnaryData,
  Server,
  ServerCredentials,
  type ServerUnaryCall,
  credentials,
  makeGenericClientConstructor,
} from "@grpc/grpc-js";
import {
  type AllocateRequest,
  type AllocateResponse,
  CLIENT_OPTIONS,
  DEVICE_PLUGIN,
  KUBELET_SOCKET,
  type ListAndWatchResponse,
  REGISTRATION,
  type RegisterRequest,
} from "../../workloads/programs/gpu-plugin/device-plugin-api.ts";

const PluginClient = makeGenericClientConstructor(DEVICE_PLUGIN, "DevicePlugin");

/** The kubelet's half of the device plugin API on a socket in a folder of the test. */
export class Kubelet {
  readonly registrations: RegisterRequest[] = [];
  readonly #folder: string;
  #server: Server | null = null;

  constructor(folder: string) {
    this.#folder = folder;
  }

  async start(): Promise<void> {
    const server = new Server();
    server.addService(REGISTRATION, {
      Register: (call: ServerUnaryCall<RegisterRequest, object>, answer: sendUnaryData<object>) => {
        this.registrations.push(call.request);
        answer(null, {});
      },
    });
    await new Promise<void>((resolve, reject) => {
      server.bindAsync(
        `unix://${join(this.#folder, KUBELET_SOCKET)}`,
        ServerCredentials.createInsecure(),
        (error) => (error ? reject(error) : resolve()),
      );
    });
    this.#server = server;
  }

  stop(): void {
    this.#server?.forceShutdown();
    rmSync(join(this.#folder, KUBELET_SOCKET), { force: true });
  }

  /** Dials back, as the kubelet does after a registration. */
  dial(endpoint: string): PluginConnection {
    return new PluginConnection(`unix://${join(this.#folder, endpoint)}`);
  }
}

/** One client of a plugin, with every list that it was sent. */
export class PluginConnection {
  readonly lists: ListAndWatchResponse[] = [];
  ended = false;
  readonly #client: Client;
  readonly #stream: ClientReadableStream<ListAndWatchResponse>;

  constructor(address: string) {
    const client = new PluginClient(address, credentials.createInsecure(), CLIENT_OPTIONS);
    this.#client = client;
    const watch = client["ListAndWatch"]?.bind(client);
    if (!watch) throw new Error("no ListAndWatch");
    this.#stream = watch({});
    this.#stream.on("data", (list: ListAndWatchResponse) => this.lists.push(list));
    for (const event of ["end", "error"]) this.#stream.on(event, () => (this.ended = true));
  }

  /** `id=health,…` of the last list. */
  health(): string {
    return (this.lists.at(-1)?.devices ?? []).map(({ ID, health }) => `${ID}=${health}`).join();
  }

  allocate(request: AllocateRequest): Promise<AllocateResponse> {
    return this.#call("Allocate", request) as Promise<AllocateResponse>;
  }
  options(): Promise<object> {
    return this.#call("GetDevicePluginOptions", {});
  }
  close(): void {
    this.#stream.cancel();
    this.#client.close();
  }

  #call(method: string, request: object): Promise<object> {
    return new Promise((resolve, reject) => {
      const client = this.#client as Client & Readonly<Record<string, unknown>>;
      const call = client[method] as (
        request: object,
        answer: (error: Error | null, response: object) => void,
      ) => void;
      call.call(client, request, (error, response) => (error ? reject(error) : resolve(response)));
    });
  }
}
