import { spawn, execFileSync, type ChildProcess } from "node:child_process";
import {
  closeSync,
  mkdtempSync,
  openSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { get } from "node:https";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ensureBinaries } from "../../src/artifacts/binaries.ts";
import { cacheRoot } from "../../src/cli/folders.ts";
import type { GuardConfig } from "../../src/model/agent-protocol.ts";

/** A real etcd and kube-apiserver on loopback, with throw-away certificates in a temp folder. */
export interface ApiServer {
  readonly port: number;
  readonly pid: number;
  /** Kubeconfig of a user; the server may be reached by way of another local port. */
  kubeconfig(user: "admin" | "nobody", port?: number): string;
  /** What a guard is told to be the admin. */
  readonly asGuard: NonNullable<GuardConfig["api"]>;
  stop(): Promise<void>;
}

const START_MS = 60_000;

/** Folder with `etcd` and `kubernetes`: NINETY_BIN, else the cache; built there if need be. */
export async function binaryFolder(signal: AbortSignal): Promise<string> {
  const given = process.env["NINETY_BIN"];
  if (given !== undefined) return given;
  const { binFolder } = await ensureBinaries({
    cacheRoot: cacheRoot(),
    want: ["etcd", "kubernetes"],
    progress: () => undefined,
    signal,
    installPackages: true,
  });
  return binFolder;
}

export async function startApiServer(binaries: string): Promise<ApiServer> {
  const folder = mkdtempSync(join(tmpdir(), "ninety-kube-api-"));
  const children: ChildProcess[] = [];
  const stop = async (): Promise<void> => {
    for (const child of children) child.kill("SIGKILL");
    await Promise.all(children.map((child) => ended(child)));
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    certificates(folder);
    symlinkSync(join(binaries, "kubernetes"), join(folder, "kube-apiserver"));
    const [etcdPort = 0, peerPort = 0, port = 0] = await freePorts(3);
    children.push(start(folder, join(binaries, "etcd"), etcdArguments(folder, etcdPort, peerPort)));
    const server = start(folder, join(folder, "kube-apiserver"), serverArguments(etcdPort, port));
    children.push(server);
    await ready(port, folder, children);
    return {
      port,
      pid: server.pid ?? 0,
      kubeconfig: (user, through = port) => kubeconfig(folder, user, through),
      asGuard: {
        server: `https://127.0.0.1:${port}`,
        caFile: join(folder, "ca.crt"),
        certFile: join(folder, "admin.crt"),
        keyFile: join(folder, "admin.key"),
      },
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}

function start(folder: string, program: string, argv: readonly string[]): ChildProcess {
  const log = openSync(join(folder, `${basename(program)}.log`), "a");
  try {
    return spawn(program, argv, { cwd: folder, stdio: ["ignore", log, log] });
  } finally {
    closeSync(log);
  }
}

/** Ports on loopback that were free a moment ago. */
async function freePorts(count: number): Promise<readonly number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = servers.map(async (server) => {
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return (server.address() as AddressInfo).port;
  });
  const found = await Promise.all(ports);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return found;
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  await new Promise((resolve) => child.once("exit", resolve));
}

function etcdArguments(folder: string, port: number, peerPort: number): readonly string[] {
  const client = `http://127.0.0.1:${port}`;
  const peer = `http://127.0.0.1:${peerPort}`;
  return [
    `--data-dir=${folder}/etcd-data`,
    "--unsafe-no-fsync",
    `--listen-client-urls=${client}`,
    `--advertise-client-urls=${client}`,
    `--listen-peer-urls=${peer}`,
    `--initial-advertise-peer-urls=${peer}`,
    `--initial-cluster=default=${peer}`,
    "--log-level=error",
  ];
}

function serverArguments(etcdPort: number, port: number): readonly string[] {
  return [
    `--etcd-servers=http://127.0.0.1:${etcdPort}`,
    "--bind-address=127.0.0.1",
    "--advertise-address=127.0.0.1",
    `--secure-port=${port}`,
    "--tls-cert-file=server.crt",
    "--tls-private-key-file=server.key",
    "--client-ca-file=ca.crt",
    "--service-account-key-file=ca.crt",
    "--service-account-signing-key-file=ca.key",
    "--service-account-issuer=https://kubernetes.default.svc",
    "--service-cluster-ip-range=10.96.0.0/16",
    "--authorization-mode=RBAC",
    "--disable-admission-plugins=ServiceAccount",
    "--endpoint-reconciler-type=none",
  ];
}

function certificates(folder: string): void {
  const openssl = (...argv: readonly string[]): void => {
    execFileSync("openssl", argv, { cwd: folder, stdio: "ignore" });
  };
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"];
  openssl("req", "-x509", ...curve, "-keyout", "ca.key", "-out", "ca.crt", "-subj", "/CN=ca");
  const issue = (name: string, subject: string, ...extension: readonly string[]): void => {
    const names = ["-keyout", `${name}.key`, "-out", `${name}.crt`, "-subj", subject];
    const added = extension.flatMap((one) => ["-addext", one]);
    openssl("req", "-x509", ...curve, "-CA", "ca.crt", "-CAkey", "ca.key", ...names, ...added);
  };
  issue("server", "/CN=server", "subjectAltName=IP:127.0.0.1", "extendedKeyUsage=serverAuth");
  issue("admin", "/O=system:masters/CN=admin", "extendedKeyUsage=clientAuth");
  issue("nobody", "/CN=nobody", "extendedKeyUsage=clientAuth");
}

function kubeconfig(folder: string, user: string, port: number): string {
  const path = join(folder, `${user}-${port}.conf`);
  const cluster = { server: `https://127.0.0.1:${port}`, "certificate-authority": "ca.crt" };
  writeFileSync(
    path,
    JSON.stringify({
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "c", cluster }],
      users: [
        { name: "u", user: { "client-certificate": `${user}.crt`, "client-key": `${user}.key` } },
      ],
      contexts: [{ name: "test", context: { cluster: "c", user: "u" } }],
      "current-context": "test",
    }),
  );
  return path;
}

async function ready(
  port: number,
  folder: string,
  children: readonly ChildProcess[],
): Promise<void> {
  const untilMs = performance.now() + START_MS;
  while (!(await answers(port))) {
    const dead = children.find((child) => child.exitCode !== null);
    if (dead) {
      const said = readFileSync(join(folder, `${basename(dead.spawnfile)}.log`), "utf8");
      throw new Error(`${dead.spawnfile} ended with ${dead.exitCode}: ${said.slice(-2_000)}`);
    }
    if (performance.now() > untilMs) throw new Error(`kube-apiserver: not ready in ${START_MS} ms`);
    await sleep(100);
  }
}

async function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const options = { rejectUnauthorized: false, timeout: 1_000 };
    const asked = get(`https://127.0.0.1:${port}/readyz`, options, (answer) => {
      answer.resume();
      resolve(answer.statusCode === 200);
    });
    asked.on("error", () => resolve(false));
    asked.on("timeout", () => asked.destroy());
  });
}
