/** A set of programs that one `go build` makes out of one module of `binaries/`. */
export type BinaryName =
  | "kubernetes"
  | "containerd"
  | "etcd"
  | "runc"
  | "cni"
  | "k6"
  | "pause"
  | "net-effects"
  | "coredns"
  | "metrics-server";

/** A program by the name it is run as. */
export type ProgramName =
  | "kube-apiserver"
  | "kube-controller-manager"
  | "kube-scheduler"
  | "kube-proxy"
  | "kubelet"
  | "kubectl"
  | "containerd"
  | "containerd-shim-runc-v2"
  | "ctr"
  | "etcd"
  | "runc"
  | "bridge"
  | "host-local"
  | "loopback"
  | "portmap"
  | "k6"
  | "pause"
  | "net-effects"
  | "coredns"
  | "metrics-server";

export interface Component {
  readonly name: BinaryName;
  /** Folder of its go.mod under `binaries/`. */
  readonly module: string;
  /** Each file and the package it is linked from. */
  readonly files: readonly { readonly file: string; readonly package: string }[];
  /** Names that are links to the first file, which tells by argv[0] what it is. */
  readonly links: readonly ProgramName[];
  readonly tags: readonly string[];
  readonly linkerFlags: string;
  readonly cgo: boolean;
  /** Build cache that a first build fills, measured and rounded up; modules take a third of it. */
  readonly coldMiB: number;
  /** Disk of the finished files. */
  readonly finishedMiB: number;
}

const KUBERNETES = "k8s.io/component-base/version";
const CONTAINERD = "github.com/containerd/containerd/v2";
const CNI = "github.com/containernetworking/plugins/plugins";

/** Longest build first: two at a time then end soonest. */
export const COMPONENTS: readonly Component[] = [
  {
    name: "kubernetes",
    module: "kubernetes",
    files: [{ file: "kubernetes", package: "." }],
    links: [
      "kube-apiserver",
      "kube-controller-manager",
      "kube-scheduler",
      "kube-proxy",
      "kubelet",
      "kubectl",
    ],
    tags: ["selinux", "notest", "grpcnotrace"],
    linkerFlags: `-s -w -X ${KUBERNETES}.gitVersion=v1.36.3 -X ${KUBERNETES}.gitMajor=1 -X ${KUBERNETES}.gitMinor=36`,
    cgo: false,
    coldMiB: 2_600,
    finishedMiB: 140,
  },
  {
    name: "metrics-server",
    module: "metrics-server",
    files: [{ file: "metrics-server", package: "sigs.k8s.io/metrics-server/cmd/metrics-server" }],
    links: [],
    tags: [],
    linkerFlags: "-s -w -X k8s.io/client-go/pkg/version.gitVersion=v0.9.0",
    cgo: false,
    coldMiB: 1_400,
    finishedMiB: 70,
  },
  {
    name: "k6",
    module: "k6-record",
    files: [{ file: "k6", package: "." }],
    links: [],
    tags: [],
    linkerFlags: "-s -w",
    cgo: false,
    coldMiB: 1_100,
    finishedMiB: 80,
  },
  {
    name: "coredns",
    module: "coredns",
    files: [{ file: "coredns", package: "." }],
    links: [],
    tags: [],
    linkerFlags: "-s -w",
    cgo: false,
    coldMiB: 700,
    finishedMiB: 55,
  },
  {
    name: "containerd",
    module: "runtime",
    files: ["containerd", "containerd-shim-runc-v2", "ctr"].map((file) => ({
      file,
      package: `${CONTAINERD}/cmd/${file}`,
    })),
    links: [],
    tags: ["no_btrfs", "no_devmapper", "no_zfs", "no_aufs"],
    linkerFlags: `-s -w -X ${CONTAINERD}/version.Version=v2.3.7`,
    cgo: false,
    coldMiB: 900,
    finishedMiB: 80,
  },
  {
    name: "etcd",
    module: "runtime",
    files: [{ file: "etcd", package: "go.etcd.io/etcd/server/v3" }],
    links: [],
    tags: [],
    linkerFlags: "-s -w",
    cgo: false,
    coldMiB: 300,
    finishedMiB: 30,
  },
  {
    name: "runc",
    module: "runtime",
    files: [{ file: "runc", package: "github.com/opencontainers/runc" }],
    links: [],
    // Without seccomp every pod sandbox fails: "seccomp not supported".
    tags: ["seccomp", "netgo", "osusergo"],
    linkerFlags: '-s -w -extldflags "-static"',
    cgo: true,
    coldMiB: 150,
    finishedMiB: 11,
  },
  {
    name: "cni",
    module: "runtime",
    files: ["main/bridge", "main/loopback", "ipam/host-local", "meta/portmap"].map((path) => ({
      file: path.slice(path.indexOf("/") + 1),
      package: `${CNI}/${path}`,
    })),
    links: [],
    tags: [],
    linkerFlags: "-s -w",
    cgo: false,
    coldMiB: 100,
    finishedMiB: 16,
  },
  {
    name: "pause",
    module: "pause",
    files: [{ file: "pause", package: "." }],
    links: [],
    tags: [],
    linkerFlags: "-s -w",
    cgo: false,
    coldMiB: 50,
    finishedMiB: 2,
  },
  {
    name: "net-effects",
    module: "net-effects",
    files: [{ file: "net-effects", package: "." }],
    links: [],
    tags: [],
    linkerFlags: "-s -w",
    cgo: false,
    coldMiB: 150,
    finishedMiB: 8,
  },
];

/** All programs that a component gives. */
export function programsOf(component: Component): readonly string[] {
  return [...component.links, ...component.files.map(({ file }) => file)];
}
