import { EXIT, NinetyError } from "../../model/error.ts";
import type { ClusterPlan } from "../../model/plan.ts";
import { bootScript, runScript, type Service } from "./boot-script.ts";
import { certificateRequests, type CertificateRequest } from "./certificates.ts";
import { controlPlaneServices } from "./control-plane.ts";
import type { CgroupSetup } from "./host/cgroup.ts";
import { loadHostFiles, loadHostServices } from "./load-host-files.ts";
import { nodeFiles, nodeServices } from "./node-files.ts";

/** What was found on this machine: work-arounds follow from it, never from a guess. */
export interface HostFacts {
  readonly cpus: number;
  readonly memoryBytes: number;
  readonly cgroup: CgroupSetup;
  /** Without CAP_SYS_RESOURCE a process cannot lower its oom_score_adj, which CRI asks for. */
  readonly mayLowerOomScore: boolean;
  readonly openFilesMax: number;
}

export interface Limits {
  readonly cpus: number;
  readonly memoryBytes: number;
}

/** One machine of the cluster: namespaces and a cgroup with a PID 1 of its own. */
export interface Machine {
  /** `control`, `n1`, `n2`, …, `load`. */
  readonly name: string;
  readonly role: "control" | "node" | "load";
  readonly address: string;
  /** The same over power cycles: peers keep their permanent neighbour entry. */
  readonly mac: string;
  /** Its port on the bridge, in the namespace of `control`. */
  readonly port: string;
  readonly podRange: string | null;
  /** File that its network namespace is bound to. */
  readonly namespacePath: string;
  /** Its folder of every cgroup hierarchy. */
  readonly cgroups: readonly string[];
  readonly limits: Limits | null;
  readonly folder: string;
  readonly logFolder: string;
  /** Text by path below `<folder>/config`, which the machine sees as /ninety/etc. */
  readonly files: Readonly<Record<string, string>>;
}

/** Everything about one instance as data: `up`, `down` and machine operations only follow it. */
export interface Layout {
  readonly schema: 1;
  readonly instance: string;
  /** Unique to this `up`: what carries it is ours. */
  readonly token: string;
  readonly state: string;
  readonly plan: ClusterPlan;
  readonly cgroups: readonly string[];
  readonly cgroupVersion: 1 | 2;
  readonly network: Network;
  readonly machines: readonly Machine[];
  readonly certificates: readonly CertificateRequest[];
  readonly images: Readonly<Record<string, string>>;
  readonly paths: StatePaths;
}

interface Network {
  readonly bridge: string;
  readonly machineRange: string;
  readonly podRange: string;
  readonly serviceRange: string;
  /** First address of the Service range: the `kubernetes` Service. */
  readonly apiServiceAddress: string;
  readonly dnsAddress: string;
  /** The way in from the host: one link, one /30, nothing else is visible there. */
  readonly host: {
    readonly link: string;
    readonly hostAddress: string;
    readonly controlAddress: string;
  };
  /** Port of the API server, on the control plane's address and on the host link's. */
  readonly apiPort: number;
}

export interface StatePaths {
  readonly journal: string;
  readonly cluster: string;
  readonly kubeconfig: string;
  readonly pki: string;
  readonly bin: string;
  readonly logs: string;
  readonly namespaces: string;
  readonly guardConfig: string;
  readonly guardSocket: string;
  readonly guardJournal: string;
}

export interface LayoutOptions {
  readonly instance: string;
  readonly token: string;
  /** Which of the machine-wide slots this instance holds: 0 to 255. */
  readonly index: number;
  readonly state: string;
  readonly plan: ClusterPlan;
  readonly images: Readonly<Record<string, string>>;
  readonly facts: HostFacts;
}

export const SLOTS = 256;
export const NODES_MAX = 30;
const UNIX_PATH_MAX = 107;
const GIB = 2 ** 30;
/** What a node's own processes take, beside its pods. */
const NODE_OWN = { cpus: 0.25, memoryBytes: GIB / 2 } as const;

/** Where an instance keeps its things below its state folder. */
export function statePaths(state: string): StatePaths {
  return {
    journal: `${state}/journal.ndjson`,
    cluster: `${state}/cluster.json`,
    kubeconfig: `${state}/kubeconfig`,
    pki: `${state}/pki`,
    bin: `${state}/bin`,
    logs: `${state}/logs`,
    namespaces: `${state}/namespaces`,
    guardConfig: `${state}/guard.json`,
    guardSocket: `${state}/guard.sock`,
    guardJournal: `${state}/guard`,
  };
}

/** Name of the host's end of the link into instance `index`; at most 15 characters. */
export const hostLinkName = (index: number): string => `ninety${index}`;

/** Names of the cgroup folders of an instance, one a hierarchy. */
export const instanceCgroups = (setup: CgroupSetup, instance: string, token: string): string[] =>
  setup.parents.map((parent) => `${parent}/ninety-${instance}-${token}`);

/**
 * The instance as data; pure. Throws NinetyError (exit 3) for what cannot be built: names, counts,
 * paths that are too long, durations that Kubernetes cannot express.
 */
export function layoutOf(options: LayoutOptions): Layout {
  const problems = problemsOf(options);
  if (problems.length > 0) throw new NinetyError(problems.join("\n"), { exit: EXIT.usage });
  const { instance, token, state, plan, images, facts } = options;
  const base: Omit<Layout, "machines" | "certificates"> = {
    schema: 1,
    instance,
    token,
    state,
    plan,
    images,
    cgroups: instanceCgroups(facts.cgroup, instance, token),
    cgroupVersion: facts.cgroup.version,
    network: networkOf(options.index),
    paths: statePaths(state),
  };
  const places = placesOf(base, options.index, nodeLimits(plan.nodes, facts));
  const machines = places.map((place) => ({ ...place, files: filesOf(place, base, facts) }));
  return { ...base, machines, certificates: certificateRequests(base.network, machines) };
}

function problemsOf({ instance, index, state, plan }: LayoutOptions): string[] {
  const problems: string[] = [];
  const whole = (value: number, low: number, high: number): boolean =>
    Number.isInteger(value) && value >= low && value <= high;
  if (!/^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])?$/.test(instance))
    problems.push(`instance must be 1 to 32 of a-z, 0-9 and -, got ${JSON.stringify(instance)}`);
  if (!whole(index, 0, SLOTS - 1)) problems.push(`slot must be 0 to ${SLOTS - 1}, got ${index}`);
  if (!whole(plan.nodes, 1, NODES_MAX))
    problems.push(`cluster.nodes must be 1 to ${NODES_MAX}, got ${plan.nodes}`);
  if (!/^\/[\w.+/-]+$/.test(state))
    problems.push(`state folder must be an absolute path of A-Z a-z 0-9 . _ + - /, got ${state}`);
  if (statePaths(state).guardSocket.length > UNIX_PATH_MAX)
    problems.push(`socket path must be at most ${UNIX_PATH_MAX} characters, got ${state}`);
  const seconds = (name: string, value: number | null, low: number, high: number): void => {
    if (value !== null && !whole(value / 1_000, low, high))
      problems.push(`${name} must be whole seconds, ${low} to ${high}, got ${value / 1_000}`);
  };
  seconds("cluster.nodeGrace", plan.nodeGraceMs, 1, 3_600);
  seconds("cluster.nodeLease", plan.nodeLeaseMs, 1, 3_600);
  seconds("cluster.backoffMax", plan.backoffMaxMs, 1, 300);
  return problems;
}

/**
 * Pods and Services live in the instance's own namespaces, so their ranges are the same in every
 * instance; what the host can see (the link and its /30) and the machines' range are not.
 */
function networkOf(index: number): Network {
  return {
    bridge: "br0",
    machineRange: `10.250.${index}.0/24`,
    podRange: "10.244.0.0/16",
    serviceRange: "10.96.0.0/16",
    apiServiceAddress: "10.96.0.1",
    dnsAddress: "10.96.0.10",
    host: {
      link: hostLinkName(index),
      hostAddress: `198.19.${index}.1`,
      controlAddress: `198.19.${index}.2`,
    },
    apiPort: 6443,
  };
}

/** Each node gets a share of its own, so that a fault which fills one node leaves the others. */
function nodeLimits(nodes: number, facts: HostFacts): Limits {
  return {
    cpus: Math.max(1, facts.cpus * 0.75),
    memoryBytes: Math.floor(Math.min(8 * GIB, (facts.memoryBytes * 0.8) / nodes)),
  };
}

type Place = Omit<Machine, "files">;
type Base = Omit<Layout, "machines" | "certificates">;

function placesOf(base: Base, index: number, limits: Limits): Place[] {
  const place = (
    name: string,
    role: Machine["role"],
    host: number,
    podRange: string | null,
  ): Place => ({
    name,
    role,
    address: `10.250.${index}.${host}`,
    mac: `02:4e:59:${hex(index)}:00:${hex(host)}`,
    port: `p-${name}`,
    podRange,
    namespacePath: `${base.paths.namespaces}/${name}`,
    cgroups: base.cgroups.map((folder) => `${folder}/${name}`),
    limits: role === "node" ? limits : null,
    folder: `${base.state}/machines/${name}`,
    logFolder: `${base.paths.logs}/${name}`,
  });
  const nodes = Array.from({ length: base.plan.nodes }, (_, i) =>
    place(`n${i + 1}`, "node", 11 + i, `10.244.${i + 1}.0/24`),
  );
  return [place("control", "control", 1, null), ...nodes, place("load", "load", 250, null)];
}

const hex = (byte: number): string => byte.toString(16).padStart(2, "0");

function filesOf(place: Place, base: Base, facts: HostFacts): Record<string, string> {
  const common = {
    "boot.sh": bootScript(place, base, facts.cgroup),
    "etc/hostname": `${place.name}\n`,
    "etc/hosts": `127.0.0.1 localhost\n${place.address} ${place.name}\n`,
    "etc/passwd": "root:x:0:0:root:/:/bin/sh\n",
    "etc/group": "root:x:0:\n",
    "etc/nsswitch.conf": "hosts: files dns\n",
    "etc/resolv.conf": "",
  };
  return { ...common, ...ownFiles(place, base, facts) };
}

function ownFiles(place: Place, base: Base, facts: HostFacts): Record<string, string> {
  const run = (services: readonly Service[]): Record<string, string> => ({
    "run.sh": runScript(place.name, services),
  });
  if (place.role === "control") return run(controlPlaneServices(place, base));
  const { limits } = place;
  if (limits === null) return { ...run(loadHostServices()), ...loadHostFiles(base.network) };
  const reserved = {
    cpus: facts.cpus - limits.cpus + NODE_OWN.cpus,
    memoryBytes: facts.memoryBytes - limits.memoryBytes + NODE_OWN.memoryBytes,
  };
  return { ...run(nodeServices(place)), ...nodeFiles({ place, base, facts, reserved }) };
}
