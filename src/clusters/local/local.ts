import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { EXIT, NinetyError } from "../../model/error.ts";
import type { Api } from "../../ports/api.ts";
import type { Cluster, ClusterProvider, Progress } from "../../ports/cluster.ts";
import { addOnsMissing, type AddOns } from "./add-ons.ts";
import { CONTROL_COMPONENTS } from "./control-plane.ts";
import { describeLocal } from "./describe.ts";
import { downInstance } from "./down.ts";
import { userImages } from "./image-archive.ts";
import { processesIn } from "./host/cgroup.ts";
import { isAlive } from "./host/process.ts";
import { statePaths, type HostFacts } from "./layout.ts";
import { localLoadHost } from "./load-host.ts";
import { logsSince, markLogs, type LogMarks } from "./logs.ts";
import type { LocalMaterials } from "./materials.ts";
import { commandsMissing, probeHost } from "./probe.ts";
import { nodesMissing, READY_WITHIN_MS } from "./ready.ts";
import * as states from "./state.ts";
import { bringUp } from "./up.ts";
import { waitUntil } from "./wait.ts";

export interface LocalOptions {
  /** 1 to 32 of a-z, 0-9 and -: clusters of several instances live side by side. */
  readonly instance: string;
  readonly cacheRoot: string;
  /** Where src/agents/guard.ts is. */
  readonly repoRoot: string;
  /** Builds or finds what the cluster is made of; asked once. */
  readonly materials: (progress: Progress, signal: AbortSignal) => Promise<LocalMaterials>;
  readonly makeApi: (kubeconfigPath: string) => Api;
  /** What belongs to the cluster and to no run. Default: nothing. */
  readonly addOns?: AddOns;
}

/** A real multi-node Kubernetes on this machine: namespaces and cgroups, no Docker, no registry. */
export function localProvider(options: LocalOptions): ClusterProvider {
  let prepared: { facts: HostFacts; materials: LocalMaterials } | null = null;
  const prepare: ClusterProvider["prepare"] = async (progress, signal) => {
    progress({ what: "kernel features and tools" });
    // What can be installed comes with the materials; what cannot is told before they are built.
    const early = commandsMissing().length === 0 ? await probeHost(options.cacheRoot) : null;
    const materials = await options.materials(progress, signal);
    prepared = { materials, facts: early ?? (await probeHost(options.cacheRoot)) };
  };
  return {
    kind: "local",
    prepare,
    up: async (plan, progress, signal) => {
      if (prepared === null) await prepare(progress, signal);
      if (prepared === null) throw new Error("prepare ended without a result");
      const { instance, cacheRoot, repoRoot, makeApi, addOns = () => [] } = options;
      const asked = { instance, cacheRoot, repoRoot, makeApi, addOns, plan, progress, signal };
      const { facts, materials } = prepared;
      const images = [...materials.images, ...(await userImages(plan.images ?? [], signal))];
      const file = await bringUp({ ...asked, facts, materials: { ...materials, images } });
      return clusterOf(file, options, new Map());
    },
  };
}

/** A cluster that another process brought up. Throws NinetyError (exit 3) where none is up. */
export function attachLocal(
  options: Pick<LocalOptions, "instance" | "cacheRoot" | "makeApi">,
): Cluster {
  const state = states.stateFolder(options.cacheRoot, options.instance);
  const file = states.readCluster(state);
  if (file === null)
    throw new NinetyError(`local cluster is not up: ${options.instance}`, {
      exit: EXIT.usage,
      hint: `ninety cluster up --instance ${options.instance}`,
    });
  return clusterOf(file, options, markLogs(file.layout));
}

/** Throws NinetyError (exit 4) where a cluster that is up lacks one of a user's images. */
export async function needImages(
  options: Pick<LocalOptions, "instance" | "cacheRoot">,
  archives: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const { instance, cacheRoot } = options;
  const file = states.readCluster(states.stateFolder(cacheRoot, instance));
  const wanted = await userImages(archives, signal);
  const missing = wanted.filter(
    ({ reference, contentKey }) => file?.contentKeys?.[reference] !== contentKey,
  );
  if (missing.length === 0) return;
  const lines = missing.map(({ reference, fullArchivePath }) => {
    const has = reference in (file?.contentKeys ?? {}) ? "another image of that name" : "none";
    return `${instance} must have ${reference} of ${fullArchivePath} on its nodes, got ${has}`;
  });
  throw new NinetyError(lines.join("\n"), {
    exit: EXIT.preflight,
    hint: `ninety cluster down --instance ${instance}, then run again or cluster up --image <archive>`,
  });
}

function clusterOf(
  file: states.ClusterFile,
  options: Pick<LocalOptions, "cacheRoot" | "makeApi">,
  marks: LogMarks,
): Cluster {
  const { layout, guardMachines } = file;
  const api = options.makeApi(layout.paths.kubeconfig);
  return {
    kind: "local",
    instance: layout.instance,
    level: "virtual-gpu",
    kubeconfigPath: layout.paths.kubeconfig,
    api,
    loadHost: localLoadHost(layout),
    guard: {
      socketPath: guardMachines === null ? null : layout.paths.guardSocket,
      machines: guardMachines ?? [],
      components: guardMachines === null ? [] : CONTROL_COMPONENTS,
    },
    images: layout.images,
    describe: (signal) => describeLocal(layout, api, signal),
    ready: (signal) =>
      waitUntil("cluster is ready", () => missing(file, api, signal), {
        withinMs: READY_WITHIN_MS,
        everyMs: 100,
        signal,
      }),
    logs: (maxBytes, signal) => logsSince(layout, marks, { maxBytes, signal }),
    down: () => downInstance(options.cacheRoot, layout.instance),
  };
}

/** Add-ons last: their pods need nodes. */
async function missing(
  file: states.ClusterFile,
  api: Api,
  signal: AbortSignal,
): Promise<string | null> {
  return (await nodesMissing(file, api, signal)) ?? addOnsMissing(api, file.addOns, signal);
}

/** One instance as its state folder tells it. */
export interface LocalStatus {
  readonly instance: string;
  /** `partial`: `up` is under way (`owner`), or it died and `down` takes it away. */
  readonly state: "up" | "partial";
  readonly ownerAlive: boolean;
  readonly kubeconfigPath: string | null;
  readonly startedAt: string | null;
  /** Power of every machine; a machine without a process is off. */
  readonly machines: readonly { readonly name: string; readonly on: boolean }[];
}

/** All instances of a cache. */
export function localStatus(cacheRoot: string): LocalStatus[] {
  const folder = join(cacheRoot, "clusters");
  if (!existsSync(folder)) return [];
  return readdirSync(folder).map((instance) => {
    const state = states.stateFolder(cacheRoot, instance);
    const file = states.readCluster(state);
    const owner = states.readOwner(state);
    return {
      instance,
      state: file === null ? "partial" : "up",
      ownerAlive: owner !== null && isAlive(owner),
      kubeconfigPath: file === null ? null : statePaths(state).kubeconfig,
      startedAt: file?.startedAt ?? null,
      machines: (file?.layout.machines ?? []).map(({ name, cgroups }) => ({
        name,
        on: processesIn(cgroups).length > 0,
      })),
    };
  });
}
