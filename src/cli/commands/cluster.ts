// The local cluster by itself, and what this machine lacks for it.
import { EXIT, NinetyError, type ExitCode } from "../../model/error.ts";
import { showMs } from "../../model/quantity.ts";
import { missingPackages } from "../../artifacts/packages.ts";
import { downInstance } from "../../clusters/local/down.ts";
import { userImages } from "../../clusters/local/image-archive.ts";
import { localStatus } from "../../clusters/local/local.ts";
import { local, materials, ON_DEMAND, runningLocal } from "../compose.ts";
import { cacheRoot } from "../folders.ts";
import type { Output } from "../output.ts";
import { plainProgress } from "../progress.ts";

const UP_MAX_MS = 30 * 60_000;

const progressOf = (out: Output) => plainProgress((text) => out.tell(text.trimEnd()));

export async function clusterUp(
  options: {
    readonly instance: string;
    readonly nodes: string;
    readonly install: boolean;
    /** Archives of images that every node has. */
    readonly image: readonly string[];
  },
  out: Output,
): Promise<ExitCode> {
  const nodes = Number(options.nodes);
  if (!Number.isInteger(nodes) || nodes < 1 || nodes > 9) {
    throw new NinetyError(`--nodes must be 1 to 9, got ${options.nodes}`, { exit: EXIT.usage });
  }
  if (runningLocal(options.instance)) {
    throw new NinetyError(`local cluster is up already: ${options.instance}`, {
      exit: EXIT.usage,
      hint: `ninety cluster down --instance ${options.instance}`,
    });
  }
  const startMs = performance.now();
  const stop = new AbortController();
  const interrupt = (): void =>
    stop.abort(new NinetyError("interrupted", { exit: EXIT.interrupted }));
  process.once("SIGINT", interrupt).once("SIGTERM", interrupt);
  const signal = AbortSignal.any([stop.signal, AbortSignal.timeout(UP_MAX_MS)]);
  const upstream = { nodeGraceMs: null, nodeLeaseMs: null, backoffMaxMs: null };
  const asked = { nodes, gpusPerNode: 0, ...upstream, images: options.image };
  await userImages(options.image, signal);
  const provider = local(options);
  await provider.prepare(progressOf(out), signal);
  const cluster = await provider.up(asked, progressOf(out), signal);
  await cluster.ready(signal);
  const { kubeconfigPath, instance } = cluster;
  out.tell(`${nodes} nodes are Ready after ${showMs(performance.now() - startMs)}`);
  out.result(
    [
      `export KUBECONFIG=${kubeconfigPath}`,
      `kubectl get nodes`,
      `# run on it: npm run experiment -- --instance ${instance}; away with it: npx ninety cluster down --instance ${instance}`,
    ].join("\n"),
  );
  out.object({ instance, kubeconfig: kubeconfigPath, nodes });
  return EXIT.pass;
}

export async function clusterDown(instance: string, out: Output): Promise<ExitCode> {
  await downInstance(cacheRoot(), instance);
  out.result(`${instance} is gone`);
  out.object({ instance, down: true });
  return EXIT.pass;
}

export async function clusterStatus(instance: string, out: Output): Promise<ExitCode> {
  const all = localStatus(cacheRoot());
  const lines = all.map((one) => {
    const off = one.machines.filter(({ on }) => !on).map(({ name }) => name);
    const machines = `${one.machines.length} machines${off.length > 0 ? `, off: ${off.join(", ")}` : ""}`;
    return `${one.instance}  ${one.state}  ${machines}  ${one.kubeconfigPath ?? ""}`;
  });
  out.result(lines.join("\n") || "no local cluster");
  out.object({ instance, clusters: all });
  return EXIT.pass;
}

/** What this machine lacks. Throws with exit 4 where the local cluster cannot run. */
export async function doctor(
  options: { readonly build: boolean; readonly install: boolean },
  out: Output,
): Promise<ExitCode> {
  const signal = AbortSignal.timeout(UP_MAX_MS);
  const progress = progressOf(out);
  if (options.build) {
    await local({ instance: "doctor", install: options.install }).prepare(progress, signal);
    await materials(options.install, ON_DEMAND, progress, signal);
  } else {
    await local({ instance: "doctor", install: false }).prepare(progress, signal);
  }
  const missing = missingPackages(["nftables", "iptables", "conntrack", "iproute2", "util-linux"]);
  out.result(
    missing.length === 0
      ? "this machine can run the local cluster"
      : `missing: ${missing.join(", ")}`,
  );
  out.object({ ready: missing.length === 0, missing });
  return missing.length === 0 ? EXIT.pass : EXIT.preflight;
}
