// A local cluster as a cluster of somebody's kubeconfig: the command runs on a machine of the
// cluster's network (the load host's namespace), as an engineer's would in staging.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { runningLocal } from "../../src/cli/compose.ts";
import { cacheRoot } from "../../src/cli/folders.ts";
import type { Layout } from "../../src/clusters/local/layout.ts";
import type { Cluster } from "../../src/ports/cluster.ts";
import { ROOT, startArgv, type Ended, type Running } from "./ninety.ts";

export const CONTEXT = "staging";

export interface Staging {
  readonly cluster: Cluster;
  /** `ninety <args>` where clients of the cluster live. */
  readonly start: (...args: readonly string[]) => Running;
  readonly ninety: (...args: readonly string[]) => Promise<Ended>;
  /** Of what it wrote; the cluster stays. */
  remove(): void;
}

/** The instance must be up. */
export function staging(instance: string): Staging {
  const cluster = runningLocal(instance);
  if (cluster === null) throw new Error(`instance ${instance} must be up, got none`);
  const file = join(cacheRoot(), "clusters", instance, "cluster.json");
  const { layout } = JSON.parse(readFileSync(file, "utf8")) as { readonly layout: Layout };
  const folder = mkdtempSync(join(tmpdir(), "ninety-staging-"));
  const kubeconfig = join(folder, "kubeconfig");
  writeFileSync(kubeconfig, kubeconfigInside(cluster, layout));
  const load = layout.machines.find(({ role }) => role === "load");
  const enter = ["nsenter", `--net=${load?.namespacePath}`, "node", join(ROOT, "bin/ninety.js")];
  const inside: Staging["start"] = (...args) =>
    startArgv([...enter, ...args], { folder, env: { KUBECONFIG: kubeconfig } });
  return {
    cluster,
    start: inside,
    ninety: (...args) => inside(...args).ended,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** The instance's own kubeconfig, as it looks from a machine beside the control plane. */
function kubeconfigInside(cluster: Cluster, layout: Layout): string {
  const control = layout.machines.find(({ role }) => role === "control");
  const text = readFileSync(cluster.kubeconfigPath, "utf8");
  const server = `https://${control?.address}:${layout.network.apiPort}`;
  const moved = text.replace(/https:\/\/[^\s",]+/, server);
  if (!moved.includes(server)) throw new Error(`kubeconfig must lead to ${server}, got ${moved}`);
  const config = JSON.parse(moved) as {
    contexts: { name: string }[];
    "current-context"?: string;
  };
  for (const context of config.contexts) context.name = CONTEXT;
  return JSON.stringify({ ...config, "current-context": CONTEXT });
}
