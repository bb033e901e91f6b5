import { at, listAt, numberAt, textAt, type Json, type KubeObject } from "../model/json.ts";
import type { ClusterPlan } from "../model/plan.ts";
import { ApiError, type Api, type ExecSession } from "../ports/api.ts";
import type { Cluster, ClusterProvider, LoadHost, Progress } from "../ports/cluster.ts";

const GPU = "nvidia.com/gpu";

/**
 * An API server in memory that plays controllers and kubelets as well: a Deployment's pods are
 * there and Ready at once, one after the other over the nodes, with devices where they ask for
 * some. Deleting a namespace takes along what is in it. It has no watch and no exec.
 */
export class FakeApi implements Api {
  readonly objects = new Map<string, KubeObject>();
  /** Pods of these workloads never get Ready. */
  readonly broken = new Set<string>();
  /** What containers say, by `<pod>` or, of the one before, `<pod> previous`. */
  readonly logs = new Map<string, string>();
  readonly #nodes: readonly string[];
  #made = 0;

  constructor(options: { readonly nodes: number; readonly gpusPerNode: number }) {
    this.#nodes = Array.from({ length: options.nodes }, (_, nth) => `n${nth + 1}`);
    for (const name of this.#nodes) {
      this.#put({
        apiVersion: "v1",
        kind: "Node",
        metadata: { name },
        spec: {},
        status: {
          conditions: [{ type: "Ready", status: "True" }],
          allocatable: { [GPU]: String(options.gpusPerNode) },
        },
      });
    }
  }

  async get(path: string): Promise<Json> {
    await Promise.resolve();
    if (path === "version") return { gitVersion: "v1.36.0" };
    return (this.objects.get(path) ?? null) as Json;
  }

  async list(path: string): Promise<readonly KubeObject[]> {
    await Promise.resolve();
    const [base = "", query = ""] = path.split("?", 2);
    const selector = new URLSearchParams(query).get("labelSelector") ?? "";
    const plural = base.split("/").at(-1) ?? "";
    const group = base.slice(0, -plural.length - 1);
    return [...this.objects]
      .filter(([key, object]) => {
        const parts = key.split("/");
        return key.startsWith(`${group}/`) && parts.at(-2) === plural && has(object, selector);
      })
      .map(([, object]) => object);
  }

  async apply(object: KubeObject): Promise<KubeObject> {
    await Promise.resolve();
    const { namespace } = object.metadata;
    if (namespace !== undefined && !this.objects.has(`api/v1/namespaces/${namespace}`)) {
      throw new ApiError(`namespaces "${namespace}" not found`, 404);
    }
    this.#put(object);
    if (object.kind === "Deployment" || object.kind === "DaemonSet") this.#run(object);
    if (object.kind === "Service") {
      this.#put({ ...object, spec: { clusterIP: "10.96.0.7", ...(object["spec"] as object) } });
    }
    return object;
  }

  async call(request: {
    readonly method: string;
    readonly path: string;
    readonly body?: Json;
  }): Promise<{ readonly status: number; readonly body: string }> {
    await Promise.resolve();
    if (request.path.includes("/leases")) return this.#lease(request);
    const [, pod, query = ""] = /\/pods\/([^/]+)\/log\?(.*)$/.exec(request.path) ?? [];
    const log = this.logs.get(query.includes("previous=true") ? `${pod} previous` : `${pod}`);
    if (request.method === "GET" && log !== undefined) return { status: 200, body: log };
    if (request.method !== "DELETE") return { status: 405, body: "" };
    const gone = this.objects.get(request.path);
    this.objects.delete(request.path);
    if (gone?.kind === "Namespace") {
      for (const [path, { metadata }] of this.objects) {
        if (metadata.namespace === gone.metadata.name) this.objects.delete(path);
      }
    }
    return { status: gone ? 200 : 404, body: "" };
  }

  /** Leases are made, changed and taken away as they are asked to be. */
  #lease(request: { readonly method: string; readonly path: string; readonly body?: Json }): {
    readonly status: number;
    readonly body: string;
  } {
    const { method, path, body = null } = request;
    if (method === "POST") {
      const made = body as unknown as KubeObject;
      const key = `${path}/${made.metadata.name}`;
      if (this.objects.has(key)) return { status: 409, body: "" };
      return this.#store(key, made);
    }
    const there = this.objects.get(path);
    if (there === undefined) return { status: 404, body: "" };
    if (method === "DELETE") {
      this.objects.delete(path);
      return { status: 200, body: "" };
    }
    const version = textAt(body, "metadata", "resourceVersion");
    if (version !== "" && version !== textAt(there, "metadata", "resourceVersion")) {
      return { status: 409, body: "" };
    }
    const metadata = { ...there.metadata, ...(at(body, "metadata") as object) };
    const spec = { ...(there["spec"] as object), ...(at(body, "spec") as object) };
    return this.#store(path, { ...there, metadata, spec });
  }

  #store(path: string, object: KubeObject): { readonly status: number; readonly body: string } {
    this.#made += 1;
    const metadata = { ...object.metadata, resourceVersion: String(this.#made) };
    this.objects.set(path, { ...object, metadata });
    return { status: 200, body: JSON.stringify(this.objects.get(path)) };
  }

  async watch(_path: string, _on: unknown, signal: AbortSignal): Promise<void> {
    await new Promise<void>((resolve) => {
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
  }

  async exec(): Promise<ExecSession> {
    await Promise.resolve();
    throw new ApiError("there is no kubelet here", 501);
  }

  /** A pod goes, and another takes its place on the next node, as a ReplicaSet would have it. */
  replacePod(name: string): void {
    for (const [path, pod] of this.objects) {
      if (pod.kind !== "Pod" || pod.metadata.name !== name) continue;
      this.objects.delete(path);
      this.#pod(pod.metadata, pod["spec"] as object, true);
    }
  }

  pods(): readonly KubeObject[] {
    return [...this.objects.values()].filter(({ kind }) => kind === "Pod");
  }

  #run(workload: KubeObject): void {
    const { kind, metadata } = workload;
    const spec = at(workload, "spec", "template", "spec") as object;
    const labels = at(workload, "spec", "template", "metadata", "labels");
    const wanted =
      kind === "DaemonSet" ? this.#nodes.length : (numberAt(workload, "spec", "replicas") ?? 1);
    const ready = !this.broken.has(metadata.name);
    for (let nth = 0; nth < wanted; nth += 1) {
      this.#pod({ ...metadata, labels: labels as Record<string, string> }, spec, ready);
    }
    const many = ready ? wanted : 0;
    this.#put({
      ...workload,
      status: {
        readyReplicas: many,
        desiredNumberScheduled: wanted,
        numberReady: many,
      },
    });
  }

  #pod(like: KubeObject["metadata"], spec: object, ready: boolean): void {
    const nth = this.#made++;
    const node = this.#nodes[nth % this.#nodes.length] ?? "";
    const asked = listAt(spec, "containers").reduce<number>(
      (sum, one) => sum + (numberAt(one, "resources", "limits", GPU) ?? 0),
      0,
    );
    const devices = Array.from({ length: asked }, (_, index) => `GPU-${node}-${index}`);
    const waiting = { waiting: { reason: "ImagePullBackOff", message: "no such image" } };
    this.#put({
      apiVersion: "v1",
      kind: "Pod",
      metadata: {
        ...like,
        name: `${like.name.replace(/-\d+$/, "")}-${nth}`,
        uid: `uid-${nth}`,
      } as KubeObject["metadata"],
      spec: { ...spec, nodeName: node },
      status: {
        phase: ready ? "Running" : "Pending",
        conditions: [{ type: "Ready", status: ready ? "True" : "False" }],
        containerStatuses: [
          {
            name: "any",
            ready,
            restartCount: 0,
            state: ready ? { running: {} } : waiting,
            allocatedResourcesStatus: [
              {
                name: GPU,
                resources: devices.map((resourceID) => ({ resourceID, health: "Healthy" })),
              },
            ],
          },
        ],
      },
    });
  }

  #put(object: KubeObject): void {
    const { name, namespace } = object.metadata;
    const group = object.apiVersion.includes("/") ? "apis" : "api";
    const kind = object.kind.toLowerCase();
    const plural = kind.endsWith("y") ? `${kind.slice(0, -1)}ies` : `${kind}s`;
    const inside = namespace === undefined ? "" : `/namespaces/${namespace}`;
    this.objects.set(`${group}/${object.apiVersion}${inside}/${plural}/${name}`, object);
  }
}

function has(object: KubeObject, selector: string): boolean {
  if (selector === "") return true;
  return selector.split(",").every((term) => {
    const [key = "", value] = term.split("=", 2);
    const found = object.metadata.labels?.[key];
    return value === undefined ? found !== undefined : found === value;
  });
}

/** A provider of one cluster over a FakeApi; `calls` is what it was asked for, in order. */
export class FakeProvider implements ClusterProvider {
  readonly kind: Cluster["kind"];
  readonly calls: string[] = [];
  readonly api: FakeApi;

  constructor(api: FakeApi, kind: Cluster["kind"] = "local") {
    this.api = api;
    this.kind = kind;
  }

  async prepare(): Promise<void> {
    await Promise.resolve();
    this.calls.push("prepare");
  }

  async up(_plan: ClusterPlan, progress: Progress): Promise<Cluster> {
    await Promise.resolve();
    progress({ what: "coming up" });
    this.calls.push("up");
    return this.cluster();
  }

  cluster(): Cluster {
    const { api, calls, kind } = this;
    const noHost: LoadHost = {
      start: () => {
        throw new Error("there is no load host here");
      },
    };
    return {
      kind,
      instance: "fake",
      level: "simulated",
      kubeconfigPath: "/nowhere",
      api,
      loadHost: noHost,
      guard: { socketPath: null, machines: ["n1", "n2", "n3"], components: [] },
      images: { programs: "registry.invalid/programs:1" },
      describe: async () => {
        const nodes = await api.list("api/v1/nodes");
        return {
          kind,
          instance: "fake",
          kubernetes: "v1.36.0",
          nodes: nodes.map((node) => ({ name: textAt(node, "metadata", "name") })),
          differences: ["nothing runs"],
          versions: { fake: "1" },
        };
      },
      ready: async () => {
        await Promise.resolve();
        calls.push("ready");
      },
      down: async () => {
        await Promise.resolve();
        calls.push("down");
      },
    };
  }
}
