// Ports to their implementations: the one place that names them.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { mkdir } from "node:fs/promises";
import { cpus, release, totalmem } from "node:os";
import { basename, join } from "node:path";
import { clusterDns } from "../../workloads/parts/cluster-dns.ts";
import { virtualGpus } from "../../workloads/parts/gpu-plugin.ts";
import { guard } from "../../workloads/parts/guard.ts";
import { METRICS_SERVER, metricsServer } from "../../workloads/parts/metrics-server.ts";
import { nodeAgent } from "../../workloads/parts/node-agent.ts";
import { ensureBinaries, folderOf, programPath, type Binaries } from "../artifacts/binaries.ts";
import type { BinaryName } from "../artifacts/components.ts";
import { ensureImages } from "../artifacts/images.ts";
import { ensurePackages } from "../artifacts/packages.ts";
import { kubeApi } from "../clusters/kube/api.ts";
import { kubeProvider } from "../clusters/kube/kube.ts";
import { kubeWitness } from "../clusters/kube/witness.ts";
import { userImages } from "../clusters/local/image-archive.ts";
import { attachLocal, localProvider, localStatus, needImages } from "../clusters/local/local.ts";
import { apiInjector } from "../injectors/api.ts";
import { guardInjector, guardPodInjector } from "../injectors/guard.ts";
import { nodeAgentInjector } from "../injectors/node-agent.ts";
import { bringsNothing } from "../kernel/existing.ts";
import type { Reading } from "../kernel/experiment.ts";
import { scales } from "../kernel/scale.ts";
import { createSystem, type RunSystem } from "../kernel/system.ts";
import { k6Runner } from "../load/k6.ts";
import type { EffectKind } from "../model/effect.ts";
import { EFFECT_FACTS } from "../model/effect-facts.ts";
import type { Json } from "../model/json.ts";
import type { Part } from "../ports/author.ts";
import type { Clock } from "../ports/clock.ts";
import type { Cluster, ClusterProvider, Progress } from "../ports/cluster.ts";
import type { Injector } from "../ports/injector.ts";
import type { LoadRunner } from "../ports/load.ts";
import type { Log } from "../ports/log.ts";
import { cacheRoot } from "./folders.ts";
import { byName, ROOT, type Plugins } from "./plugins.ts";

const PACKAGE = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { version: string };
export const VERSION = PACKAGE.version;

/** Which cluster a command means. */
export interface ClusterChoice {
  readonly instance: string;
  /** Set: a context of the user's kubeconfig. */
  readonly context: string | undefined;
  readonly image: string | undefined;
  /** Whether missing distribution packages may be installed. */
  readonly install: boolean;
}

/** Where a stack comes to: `bare` is a kubeconfig cluster that none of our programs run on. */
export type Where = "local" | "kube" | "bare";

export function whereOf(of: Pick<ClusterChoice, "context" | "image">): Where {
  if (of.context === undefined) return "local";
  return of.image === undefined ? "bare" : "kube";
}

/**
 * What every stack needs beside the author's parts. Metrics are brought only to a local cluster and
 * only where something scales: a cluster of a kubeconfig has them, which preflight looks after.
 */
export function addOns(reading: Reading, where: Where): readonly Part[] {
  if (where === "bare") return [];
  const { gpusPerNode } = reading.cluster;
  return [
    nodeAgent(),
    // A local cluster has one beside it.
    ...(where === "kube" && holdsObjects(reading) ? [guard()] : []),
    ...(gpusPerNode > 0 ? [virtualGpus({ perNode: gpusPerNode })] : []),
    ...(where === "local" && reading.stack.some(scales) ? [metricsServer()] : []),
  ];
}

const kindsOf = ({ definitions }: Reading): readonly EffectKind[] =>
  definitions.faults.flatMap((fault) => fault.kinds);

/** Whether a change of an API object has to be held. */
function holdsObjects(reading: Reading): boolean {
  return kindsOf(reading).some(
    (kind) => EFFECT_FACTS[kind].doneBy === "api" && !EFFECT_FACTS[kind].once,
  );
}

const TOOLS = ["nftables", "iptables", "conntrack", "iproute2", "util-linux", "openssl"] as const;
const PROGRAMS = [
  "kubernetes",
  "containerd",
  "etcd",
  "runc",
  "cni",
  "k6",
  "pause",
  "net-effects",
  "coredns",
] as const;

/** What is built only where somebody wants it. */
export const ON_DEMAND: readonly BinaryName[] = [METRICS_SERVER];

/** Everything that a local cluster and its load are made of, built where it is missing. */
export async function materials(
  install: boolean,
  also: readonly BinaryName[],
  progress: Progress,
  signal: AbortSignal,
): Promise<{
  readonly binaries: Binaries;
  readonly images: Awaited<ReturnType<typeof ensureImages>>;
}> {
  const root = cacheRoot();
  const binaries = await ensureBinaries({
    cacheRoot: root,
    want: [...PROGRAMS, ...also],
    progress,
    signal,
    installPackages: install,
  });
  const images = await ensureImages({ root: ROOT, cacheRoot: root, binaries, progress, signal });
  return { binaries, images };
}

/** The embedded cluster of that instance, with what its nodes have beside the usual. */
export function local(
  choice: Pick<ClusterChoice, "instance" | "install">,
  also: readonly BinaryName[] = [],
): ClusterProvider {
  const { install } = choice;
  const provider = localProvider({
    instance: choice.instance,
    cacheRoot: cacheRoot(),
    repoRoot: ROOT,
    makeApi: (kubeconfigPath) => kubeApi(kubeconfigPath),
    addOns: ({ images, dnsAddress, nodes }) => {
      const { coredns = "coredns" } = images;
      return clusterDns({ address: dnsAddress, nodes, image: coredns }).planned.objects;
    },
    materials: async (progress, signal) => {
      const { binaries, images } = await materials(install, also, progress, signal);
      return { binFolder: binaries.binFolder, cniFolder: folderOf(binaries, "cni"), images };
    },
  });
  return {
    ...provider,
    prepare: async (progress, signal) => {
      // The machine is probed with these tools.
      await ensurePackages({ need: TOOLS, install, progress, signal });
      await provider.prepare(progress, signal);
    },
  };
}

/** The local cluster if it is up already, else null. */
export function runningLocal(instance: string): Cluster | null {
  const up = localStatus(cacheRoot()).some(
    (one) => one.instance === instance && one.state === "up",
  );
  if (!up) return null;
  return attachLocal({
    instance,
    cacheRoot: cacheRoot(),
    makeApi: (kubeconfigPath) => kubeApi(kubeconfigPath),
  });
}

const CONNECT_WITHIN_MS = 30_000;

/** The cluster that is there already; null: the local one is down. */
export async function clusterThere({
  instance,
  context,
}: Pick<ClusterChoice, "instance" | "context">): Promise<Cluster | null> {
  if (context === undefined) return runningLocal(instance);
  const provider = kubeProvider({ context, images: { programs: "none" } });
  const asked = {
    nodes: 0,
    gpusPerNode: 0,
    nodeGraceMs: null,
    nodeLeaseMs: null,
    backoffMaxMs: null,
  };
  return provider.up(asked, () => {}, AbortSignal.timeout(CONNECT_WITHIN_MS));
}

/**
 * Throws NinetyError (exit 4) where an archive is none, or where a local cluster that is up lacks
 * what is in it.
 */
export async function checkImages(
  choice: Pick<ClusterChoice, "instance" | "context">,
  archives: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  if (archives.length === 0 || choice.context !== undefined) return;
  const { instance } = choice;
  if (runningLocal(instance))
    await needImages({ instance, cacheRoot: cacheRoot() }, archives, signal);
  else await userImages(archives, signal);
}

/** The provider that a choice means, for such a stack. */
function providerOf(choice: ClusterChoice, reading: Reading): ClusterProvider {
  if (choice.context === undefined) {
    return local(choice, reading.stack.some(scales) ? [METRICS_SERVER] : []);
  }
  const where = whereOf(choice);
  return kubeProvider({
    context: choice.context,
    changes: addOns(reading, where).length > 0 || !bringsNothing(reading),
    guarded: where === "kube" && holdsObjects(reading),
    evicts: kindsOf(reading).includes("evict"),
    ...(choice.image === undefined ? {} : { images: { programs: choice.image } }),
  });
}

/** Who can hold effects in that cluster. */
export function injectorsOf(cluster: Cluster, monotonicStartUs: number): readonly Injector[] {
  const { socketPath, machines, components } = cluster.guard;
  const { api, images } = cluster;
  const by = { api, monotonicStartUs };
  const ours = images["programs"] !== undefined;
  const agent = ours ? [nodeAgentInjector(by)] : [];
  if (socketPath !== null) {
    const beside = { socketPath, machines, components, monotonicStartUs };
    return [...agent, guardInjector(beside)];
  }
  return [...agent, ...(ours ? [guardPodInjector(by)] : []), apiInjector(by)];
}

function loadRunner(install: boolean): LoadRunner {
  return {
    start: async (of) => {
      const binaries = await ensureBinaries({
        cacheRoot: cacheRoot(),
        want: ["k6"],
        progress: () => {},
        signal: AbortSignal.timeout(15 * 60_000),
        installPackages: install,
      });
      const runner = k6Runner({
        k6Path: programPath(binaries, "k6"),
        scriptsFolder: join(ROOT, "workloads/load"),
        modelsFolder: join(ROOT, "workloads/models"),
      });
      return runner.start(of);
    },
  };
}

export interface Composing {
  /** Of the plan that is run. */
  readonly planSha256: string;
  /** Where clients reach the service, host and port; undefined: at its Service's address. */
  readonly address: string | undefined;
  readonly plugins: Plugins;
  readonly reading: Reading;
  readonly choice: ClusterChoice;
  readonly keep: boolean;
  readonly log: Log;
  readonly clock: Clock;
  readonly progress: Progress;
  readonly folder: string;
  readonly startedAt: Date;
  readonly monotonicStartUs: number;
}

/** A run's System on real ports. */
export async function composeSystem(of: Composing): Promise<RunSystem> {
  const { choice, plugins, reading, monotonicStartUs } = of;
  const attach = choice.context === undefined ? runningLocal(choice.instance) : null;
  const workFolder = join(of.folder, "load");
  await mkdir(workFolder, { recursive: true });
  return createSystem({
    clock: of.clock,
    log: of.log,
    run: `${reading.name}-${basename(of.folder)}`,
    provider: providerOf(choice, reading),
    ...(attach === null ? {} : { attach }),
    ...(of.address === undefined ? {} : { address: of.address }),
    injectors: (cluster) => injectorsOf(cluster, monotonicStartUs),
    witness: (cluster) => kubeWitness(kubeApi(cluster.kubeconfigPath, choice.context)),
    faults: byName("fault", [...reading.definitions.faults, ...plugins.faults]),
    load: loadRunner(choice.install),
    samplers: plugins.samplers,
    keep: of.keep,
    onLive: (told) => {
      if (told.is === "step") of.progress(told);
    },
    workFolder,
    environment: {
      ninety: VERSION,
      startedAt: of.startedAt.toISOString(),
      monotonicStartUs,
      gitCommit: gitCommit(),
      planSha256: of.planSha256,
      machine: machine(),
    },
    versions: { node: process.version },
  });
}

/** The commit of the working folder, with `+changes` where it differs; null outside of git. */
function gitCommit(): string | null {
  try {
    const git = (...args: string[]): string =>
      execFileSync("git", args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
    return git("rev-parse", "HEAD") + (git("status", "--porcelain") === "" ? "" : "+changes");
  } catch {
    return null;
  }
}

function machine(): { readonly [key: string]: Json } {
  const processors = cpus();
  return {
    cpus: processors.length,
    cpuModel: processors[0]?.model ?? "unknown",
    memoryBytes: totalmem(),
    kernel: release(),
  };
}
