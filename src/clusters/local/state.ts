import {
  existsSync,
  linkSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { EXIT, NinetyError } from "../../model/error.ts";
import { certificatesOf, kubeconfigsOf, kubeconfigText } from "./certificates.ts";
import { identityOf, type ProcessIdentity } from "./host/process.ts";
import { statePaths, type Layout, type Machine } from "./layout.ts";
import { CNI_PROGRAMS, KUBERNETES_COMMANDS, PROGRAMS, type LocalMaterials } from "./materials.ts";
import type { Pki } from "./pki.ts";

/** cluster.json: written once the API answers, read by whoever comes later. */
export interface ClusterFile {
  readonly layout: Layout;
  /** Null: no guard was started. */
  readonly guardMachines: readonly string[] | null;
  /** API paths of the Deployments that belong to the cluster: it is ready once they are whole. */
  readonly addOns: readonly string[];
  readonly startedAt: string;
  /** Content of the user's images that every node has, by reference; SHA-256. */
  readonly contentKeys?: Readonly<Record<string, string>>;
}

/** Without symbolic links: the kernel lists mounts by their real paths. */
export function stateFolder(cacheRoot: string, instance: string): string {
  const root = existsSync(cacheRoot) ? realpathSync(cacheRoot) : resolve(cacheRoot);
  return join(root, "clusters", instance);
}

/** Makes the state folder; false when there is one already. */
export function claimState(state: string): boolean {
  mkdirSync(dirname(state), { recursive: true });
  try {
    mkdirSync(state, { mode: 0o700 });
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
  writeFileSync(join(state, "owner.json"), JSON.stringify(identityOf(process.pid)));
  return true;
}

/** The process that made the instance; null where it is not known. */
export function readOwner(state: string): ProcessIdentity | null {
  try {
    return JSON.parse(readFileSync(join(state, "owner.json"), "utf8")) as ProcessIdentity;
  } catch {
    return null;
  }
}

/** Null: there is no such instance, or it never came up. */
export function readCluster(state: string): ClusterFile | null {
  const { cluster } = statePaths(state);
  if (!existsSync(cluster)) return null;
  return JSON.parse(readFileSync(cluster, "utf8")) as ClusterFile;
}

export function writeCluster(state: string, file: ClusterFile): void {
  const { cluster } = statePaths(state);
  writeFileSync(`${cluster}.new`, JSON.stringify(file), { mode: 0o600 });
  renameSync(`${cluster}.new`, cluster);
}

/** One folder with every program, so that a machine sees it whatever links the cache is made of. */
export function writePrograms(binFolder: string, materials: LocalMaterials): void {
  mkdirSync(join(binFolder, "cni"), { recursive: true });
  const place = (from: string, to: string): void => {
    const source = realpathSync(from);
    try {
      linkSync(source, to);
    } catch {
      copyFileSync(source, to);
    }
  };
  for (const name of PROGRAMS) place(join(materials.binFolder, name), join(binFolder, name));
  for (const name of CNI_PROGRAMS)
    place(join(materials.cniFolder, name), join(binFolder, "cni", name));
  for (const name of KUBERNETES_COMMANDS) symlinkSync("kubernetes", join(binFolder, name));
}

/** Every file of the layout and all key material, each only where it is needed. */
export function writeLayout(layout: Layout, pki: Pki): void {
  const { host, apiPort } = layout.network;
  const fromHost = `https://${host.controlAddress}:${apiPort}`;
  for (const machine of layout.machines) writeMachine(layout, machine, pki);
  writeSecret(layout.paths.kubeconfig, kubeconfig(layout, pki, "admin", fromHost));
  for (const name of ["admin", "guard"]) {
    writeSecret(join(layout.paths.pki, `${name}.crt`), pairOf(pki, name).certificate);
    writeSecret(join(layout.paths.pki, `${name}.key`), pairOf(pki, name).key);
  }
  writeSecret(join(layout.paths.pki, "ca.crt"), pki.authorities.ca.certificate);
}

function writeMachine(layout: Layout, machine: Machine, pki: Pki): void {
  const config = join(machine.folder, "config");
  for (const folder of [join(machine.folder, "root"), join(machine.folder, "disk/lib")])
    mkdirSync(folder, { recursive: true });
  mkdirSync(machine.logFolder, { recursive: true });
  for (const [path, content] of Object.entries(machine.files)) {
    mkdirSync(dirname(join(config, path)), { recursive: true });
    writeFileSync(join(config, path), content);
  }
  const control = layout.machines.find(({ role }) => role === "control");
  const server = `https://${control?.address}:${layout.network.apiPort}`;
  for (const [name, certificate] of Object.entries(kubeconfigsOf(machine)))
    writeSecret(join(config, `${name}.kubeconfig`), kubeconfig(layout, pki, certificate, server));
  const pkiFolder = join(config, "pki");
  for (const [name, certificate] of Object.entries(certificatesOf(machine))) {
    writeSecret(join(pkiFolder, `${name}.crt`), pairOf(pki, certificate).certificate);
    writeSecret(join(pkiFolder, `${name}.key`), pairOf(pki, certificate).key);
  }
  writeSecret(join(pkiFolder, "ca.crt"), pki.authorities.ca.certificate);
  if (machine.role !== "control") return;
  writeSecret(join(pkiFolder, "ca.key"), pki.authorities.ca.key);
  writeSecret(join(pkiFolder, "front-proxy-ca.crt"), pki.authorities["front-proxy-ca"].certificate);
  writeSecret(join(pkiFolder, "service-account.key"), pki.serviceAccount.key);
  writeSecret(join(pkiFolder, "service-account.pub"), pki.serviceAccount.publicKey);
}

function writeSecret(path: string, content: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, content, { mode: 0o600 });
}

function pairOf(pki: Pki, name: string): Pki["pairs"][string] {
  const pair = pki.pairs[name];
  if (pair === undefined) throw new Error(`certificate was not asked for: ${name}`);
  return pair;
}

function kubeconfig(layout: Layout, pki: Pki, certificate: string, server: string): string {
  const pair = pairOf(pki, certificate);
  return kubeconfigText({
    cluster: `ninety-${layout.instance}`,
    server,
    authority: pki.authorities.ca.certificate,
    certificate: pair.certificate,
    key: pair.key,
  });
}

/** Every machine's gate opens: the API server has answered. */
export function openGates(layout: Layout): void {
  for (const machine of layout.machines)
    writeFileSync(join(machine.folder, "config/api-ready"), "");
}

/** Throws NinetyError (exit 3) where there is no cluster.json. */
export function needCluster(state: string): ClusterFile {
  const file = readCluster(state);
  if (file === null) throw new NinetyError(`no cluster is up: ${state}`, { exit: EXIT.usage });
  return file;
}
