import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { EXIT, messageOf, NinetyError } from "../../model/error.ts";
import { textAt } from "../../model/json.ts";
import type { ClusterPlan } from "../../model/plan.ts";
import { ApiError, type Api } from "../../ports/api.ts";
import type { Cluster, ClusterProvider, LoadHost } from "../../ports/cluster.ts";
import { kubeApi } from "./api.ts";
import { Connection } from "./connection.ts";
import { differences, hasRealGpus, notReady, showNode } from "./inventory.ts";
import { processHost } from "./load-host.ts";
import {
  missingPermissions,
  permissionsFor,
  showPermission,
  type Permission,
} from "./permissions.ts";
import { pause } from "./time-limit.ts";

export interface KubeOptions {
  /** Default: the first file of KUBECONFIG, else `~/.kube/config`. */
  readonly kubeconfigPath?: string;
  /** Default: the kubeconfig's current one. */
  readonly context?: string;
  /** Full references by short name: nothing is built or pushed here. Default: none. */
  readonly images?: Readonly<Record<string, string>>;
  /** Whether a run brings objects of its own, and needs the permissions to. Default true. */
  readonly changes?: boolean;
  /** Whether a guard is among them: nobody may give it what he has not. Default false. */
  readonly guarded?: boolean;
  /** Whether pods are evicted. Default false. */
  readonly evicts?: boolean;
  /** Default: plain processes of this machine. */
  readonly loadHost?: LoadHost;
}

/** Sockets for exec need the channel protocol that API servers speak from here on. */
const MIN_MINOR = 30;
const READY_WITHIN_MS = 180_000;
const READY_EVERY_MS = 1_000;

/** A cluster that is there already, by way of a kubeconfig: nothing of it is made or unmade. */
export function kubeProvider(options: KubeOptions = {}): ClusterProvider {
  const path = options.kubeconfigPath ?? defaultKubeconfig();
  return {
    kind: "kube",
    prepare: async (progress, signal) => {
      progress({ what: `asking the cluster of ${path}` });
      const context = await contextName(path, options.context);
      const api = kubeApi(path, context);
      await versionOf(api, context, signal);
      const { changes = true, guarded = false, evicts = false } = options;
      await mayAll(api, permissionsFor({ changes, guarded, evicts }), context, signal);
    },
    up: async (plan, progress, signal) => {
      const context = await contextName(path, options.context);
      progress({ what: `connecting to ${context}` });
      return connect({ path, context, options, plan, signal });
    },
  };
}

function defaultKubeconfig(): string {
  const [first] = (process.env["KUBECONFIG"] ?? "").split(delimiter);
  return first === undefined || first === "" ? join(homedir(), ".kube", "config") : first;
}

async function contextName(path: string, context: string | undefined): Promise<string> {
  const { config } = await new Connection(path, context).config();
  return config.getCurrentContext();
}

interface Version {
  readonly git: string;
  readonly minor: number;
}

/** Throws NinetyError with exit 4 where the server does not answer or is too old. */
async function versionOf(api: Api, context: string, signal: AbortSignal): Promise<Version> {
  const said = await asked(api.get("version", signal), context);
  const minor = Number.parseInt(textAt(said, "minor"), 10);
  const git = textAt(said, "gitVersion");
  if (!(minor >= MIN_MINOR)) {
    throw new NinetyError(
      `context ${context}: Kubernetes must be 1.${MIN_MINOR} or newer, got ${git || "no version"}`,
      { exit: EXIT.preflight },
    );
  }
  return { git, minor };
}

async function asked<T>(work: Promise<T>, context: string): Promise<T> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    throw new NinetyError(`context ${context}: the API server must answer: ${messageOf(error)}`, {
      exit: EXIT.preflight,
      hint: "kubectl get --raw /version with the same kubeconfig and context",
      cause: error,
    });
  }
}

async function mayAll(
  api: Api,
  needed: readonly Permission[],
  context: string,
  signal: AbortSignal,
): Promise<void> {
  const missing = await asked(missingPermissions(api, needed, signal), context);
  if (missing.length === 0) return;
  const lines = missing.map(
    (one) => `context ${context}: must be allowed to ${showPermission(one)}`,
  );
  throw new NinetyError(lines.join("\n"), {
    exit: EXIT.preflight,
    hint: "bind a ClusterRole with these verbs to the user of the kubeconfig",
  });
}

async function connect(of: {
  readonly path: string;
  readonly context: string;
  readonly options: KubeOptions;
  readonly plan: ClusterPlan;
  readonly signal: AbortSignal;
}): Promise<Cluster> {
  const { path, context, options, plan, signal } = of;
  const api = kubeApi(path, context);
  const version = await versionOf(api, context, signal);
  const [nodes, daemonSets] = await asked(
    Promise.all([
      api.list("api/v1/nodes", signal),
      api.list("apis/apps/v1/daemonsets", signal),
    ] as const),
    context,
  );
  return {
    kind: "kube",
    instance: context,
    level: hasRealGpus(nodes, daemonSets) ? "real-gpu" : "virtual-gpu",
    kubeconfigPath: path,
    api,
    loadHost: options.loadHost ?? processHost,
    guard: { socketPath: null, machines: [], components: [] },
    images: options.images ?? {},
    describe: (signal) =>
      describe(api, {
        context,
        plan,
        version,
        ownLoadHost: options.loadHost === undefined,
        signal,
      }),
    ready: (signal) => ready(api, context, signal),
    down: async () => undefined,
  };
}

async function describe(
  api: Api,
  of: {
    readonly context: string;
    readonly plan: ClusterPlan;
    readonly version: Version;
    readonly ownLoadHost: boolean;
    readonly signal: AbortSignal;
  },
): ReturnType<Cluster["describe"]> {
  const nodes = await api.list("api/v1/nodes", of.signal);
  const told = [...differences(of.plan, nodes, of.version.minor)];
  if (of.ownLoadHost) {
    told.push("Clients run on the machine of ninety and reach Services only as far as it does.");
  }
  return {
    kind: "kube",
    instance: of.context,
    kubernetes: of.version.git,
    nodes: nodes.map(showNode),
    differences: told,
    versions: { kubernetes: of.version.git },
  };
}

/** Waits, at most 3 minutes: plugins register some time after they were deployed. */
async function ready(api: Api, context: string, signal: AbortSignal): Promise<void> {
  const untilMs = performance.now() + READY_WITHIN_MS;
  for (;;) {
    const missing = notReady(await asked(api.list("api/v1/nodes", signal), context));
    if (missing.length === 0) return;
    signal.throwIfAborted();
    if (performance.now() >= untilMs) {
      throw new NinetyError(missing.join("\n"), { exit: EXIT.preflight });
    }
    await pause(READY_EVERY_MS, signal);
  }
}
