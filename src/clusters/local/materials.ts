/** An image as an OCI archive on disk. */
export interface LocalImage {
  /** Name that parts use: `pause`, `programs`. */
  readonly short: string;
  /** Full reference, with a tag that is a digest of the content. */
  readonly reference: string;
  /** Archive with all layers. */
  readonly fullArchivePath: string;
  /** Archive with only what lies above the base; null where there is no such thing. */
  readonly thinArchivePath: string | null;
  /** Digest of the base layers: a node that has them needs only the thin archive. */
  readonly baseKey: string;
  /** An archive of the user's: told apart by its content alone, for its name may stay the same. */
  readonly contentKey?: string;
}

/** What a local cluster is made of; `images` must hold `pause`. */
export interface LocalMaterials {
  /** Holds kubernetes, etcd, containerd, containerd-shim-runc-v2, ctr, runc, net-effects. */
  readonly binFolder: string;
  /** Holds bridge, host-local, loopback, portmap. */
  readonly cniFolder: string;
  readonly images: readonly LocalImage[];
}

export const PROGRAMS = [
  "kubernetes",
  "etcd",
  "containerd",
  "containerd-shim-runc-v2",
  "ctr",
  "runc",
  "net-effects",
] as const;

/** One program that is the command its argv[0] names. */
export const KUBERNETES_COMMANDS = [
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
  "kube-proxy",
  "kubelet",
  "kubectl",
] as const;

export const CNI_PROGRAMS = ["bridge", "host-local", "loopback", "portmap"] as const;

/** Short names to full references. */
export const referencesOf = (images: readonly LocalImage[]): Record<string, string> =>
  Object.fromEntries(images.map(({ short, reference }) => [short, reference]));

/** Content of the user's images by reference. */
export const contentKeysOf = (images: readonly LocalImage[]): Record<string, string> =>
  Object.fromEntries(
    images.flatMap(({ reference, contentKey }) =>
      contentKey === undefined ? [] : [[reference, contentKey]],
    ),
  );
