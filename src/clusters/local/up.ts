import { mkdirSync } from "node:fs";
import { randomBytes } from "node:crypto";
import { join } from "node:path";
import { EXIT, NinetyError } from "../../model/error.ts";
import type { ClusterPlan } from "../../model/plan.ts";
import type { Api } from "../../ports/api.ts";
import type { Progress } from "../../ports/cluster.ts";
import { applyAddOns, deploymentPaths, type AddOns } from "./add-ons.ts";
import { apiMissing } from "./api-answers.ts";
import { downInstance } from "./down.ts";
import { startGuard } from "./guard-process.ts";
import { controllersToEnable, makeCgroup, makeInstanceCgroup } from "./host/cgroup.ts";
import { note } from "./host/journal.ts";
import { claimHostLink, openHostLink } from "./host/link.ts";
import { configure, makeNamespace, noteNamespace } from "./host/namespace.ts";
import { isAlive } from "./host/process.ts";
import { raiseSysctl } from "./host/sysctl.ts";
import {
  hostLinkName,
  instanceCgroups,
  layoutOf,
  SLOTS,
  statePaths,
  type HostFacts,
  type Layout,
} from "./layout.ts";
import { clientCgroups } from "./load-host.ts";
import { controlNamespace, powerOn } from "./machine-power.ts";
import { contentKeysOf, referencesOf, type LocalMaterials } from "./materials.ts";
import { controlLines } from "./network.ts";
import { makePki } from "./pki.ts";
import * as states from "./state.ts";
import { cloneRoot, ensureTemplate } from "./template.ts";
import { allTogether, waitUntil } from "./wait.ts";

export interface UpOptions {
  readonly instance: string;
  readonly cacheRoot: string;
  readonly repoRoot: string;
  readonly plan: ClusterPlan;
  readonly facts: HostFacts;
  readonly materials: LocalMaterials;
  readonly makeApi: (kubeconfigPath: string) => Api;
  readonly addOns: AddOns;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

const API_WITHIN_MS = 90_000;
/** Not namespaced, and 128 instances are too few for three nodes with pods. */
const SYSCTLS = {
  "/proc/sys/fs/inotify/max_user_instances": 1_024,
  "/proc/sys/fs/inotify/max_user_watches": 65_536,
} as const;

/**
 * From nothing to an API that answers; nodes may still be booting. What fails is taken back before
 * the error is thrown. Throws NinetyError (exit 4) when the instance exists, or something of this
 * machine keeps it from coming up.
 */
export async function bringUp(options: UpOptions): Promise<states.ClusterFile> {
  const state = states.stateFolder(options.cacheRoot, options.instance);
  // What cannot be built is refused before anything is touched.
  layoutOf({
    ...options,
    state,
    token: "",
    index: 0,
    images: referencesOf(options.materials.images),
  });
  await claim(options, state);
  try {
    return await build(options, state);
  } catch (error) {
    await downInstance(options.cacheRoot, options.instance);
    throw error;
  }
}

/** A half-built instance whose maker is gone is taken away; any other one is refused. */
async function claim({ instance, cacheRoot }: UpOptions, state: string): Promise<void> {
  if (states.claimState(state)) return;
  const owner = states.readOwner(state);
  const refuse = (why: string, hint: string): never => {
    throw new NinetyError(`instance exists: ${instance}: ${why}`, { exit: EXIT.preflight, hint });
  };
  const takeDown = `ninety cluster down --instance ${instance}`;
  if (states.readCluster(state) !== null) refuse("it is up", takeDown);
  if (owner !== null && isAlive(owner))
    refuse(`process ${owner.pid} brings it up`, "wait for it, or choose another instance");
  await downInstance(cacheRoot, instance);
  if (!states.claimState(state)) refuse("another process was faster", takeDown);
}

async function build(options: UpOptions, state: string): Promise<states.ClusterFile> {
  const { instance, facts, materials, plan, signal } = options;
  const paths = statePaths(state);
  const token = randomBytes(4).toString("hex");
  for (const folder of [paths.namespaces, paths.logs, paths.pki])
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  for (const [path, least] of Object.entries(SYSCTLS))
    await raiseSysctl(paths.journal, path, least);
  const index = await claimSlot(paths);
  const images = referencesOf(materials.images);
  const layout = layoutOf({ instance, token, index, state, plan, images, facts });
  const { dnsAddress } = layout.network;
  const addOns = options.addOns({ images, dnsAddress, nodes: plan.nodes });
  const cgroups = instanceCgroups(facts.cgroup, instance, token);
  const enabled = controllersToEnable(facts.cgroup);
  for (const { namespacePath, role } of layout.machines)
    if (role !== "control") noteNamespace(paths.journal, namespacePath);
  note(paths.journal, { undo: "cgroup", paths: cgroups, enabled });
  makeInstanceCgroup(cgroups, facts.cgroup.version, enabled);
  states.writePrograms(paths.bin, materials);
  states.writeLayout(layout, makePki(layout.certificates, new Date()));
  signal.throwIfAborted();
  await allTogether(signal, [
    async (signal) => {
      await bootControlPlane(layout, { ...options, signal });
      // Beside the nodes' boot: pods wait for nodes anyway.
      await applyAddOns(options.makeApi(paths.kubeconfig), addOns, signal);
    },
    (signal) => bootOthers(layout, { ...options, signal }),
  ]);
  const guardMachines = startGuard(layout, options);
  const startedAt = new Date().toISOString();
  const contentKeys = contentKeysOf(materials.images);
  const file = { layout, guardMachines, addOns: deploymentPaths(addOns), startedAt, contentKeys };
  states.writeCluster(state, file);
  return file;
}

/** The control plane's namespace, and in it one end of the link whose name is the slot. */
async function claimSlot(paths: ReturnType<typeof statePaths>): Promise<number> {
  const namespacePath = join(paths.namespaces, "control");
  noteNamespace(paths.journal, namespacePath);
  await makeNamespace(namespacePath);
  const index = await claimHostLink({
    journalPath: paths.journal,
    namespacePath,
    slots: SLOTS,
    nameOf: hostLinkName,
  });
  if (index !== null) return index;
  throw new NinetyError(`machine has ${SLOTS} local clusters, which is the most`, {
    exit: EXIT.preflight,
    hint: "ninety cluster status",
  });
}

async function bootControlPlane(layout: Layout, options: UpOptions): Promise<void> {
  const { progress, signal } = options;
  const namespacePath = controlNamespace(layout);
  await configure(namespacePath, controlLines(layout));
  await openHostLink({ namespacePath, alias: layout.state, ...layout.network.host });
  for (const machine of layout.machines)
    if (machine.role === "control") await powerOn(layout, machine);
  progress({ what: "etcd and API server start" });
  await waitUntil("API server", () => apiMissing(layout), {
    withinMs: API_WITHIN_MS,
    everyMs: 50,
    signal,
  });
  states.openGates(layout);
  progress({ what: "API server answers" });
}

/** Nodes boot beside the control plane; their kubelets wait for its first answer. */
async function bootOthers(layout: Layout, options: UpOptions): Promise<void> {
  const { cacheRoot, materials, progress, signal } = options;
  const cgroups = layout.cgroups.map((folder) => join(folder, "template"));
  makeCgroup(cgroups);
  makeCgroup(clientCgroups(layout));
  progress({ what: "images for nodes" });
  const template = await ensureTemplate({
    cacheRoot,
    binFolder: layout.paths.bin,
    images: materials.images,
    cgroups,
    signal,
  });
  const others = layout.machines.filter(({ role }) => role !== "control");
  await allTogether(
    signal,
    others.map((machine) => async (signal: AbortSignal) => {
      if (machine.role === "node")
        await cloneRoot(template, join(machine.folder, "disk/lib/containerd"));
      signal.throwIfAborted();
      await powerOn(layout, machine);
    }),
  );
  progress({ what: "nodes boot" });
}
