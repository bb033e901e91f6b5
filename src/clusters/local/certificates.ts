import type { Layout, Machine } from "./layout.ts";

/** A certificate to make, with the files that need it. */
export interface CertificateRequest {
  readonly name: string;
  readonly authority: "ca" | "front-proxy-ca";
  readonly commonName: string;
  readonly organization: string | null;
  readonly usage: "client" | "server";
  readonly addresses: readonly string[];
  readonly names: readonly string[];
}

const client = (name: string, commonName: string, organization?: string): CertificateRequest => ({
  name,
  authority: "ca",
  commonName,
  organization: organization ?? null,
  usage: "client",
  addresses: [],
  names: [],
});

const kubeletName = (node: string): string => `kubelet-${node}`;
const servingName = (node: string): string => `serving-${node}`;

/** Every certificate of an instance. Pure. */
export function certificateRequests(
  network: Layout["network"],
  machines: readonly Pick<Machine, "name" | "role" | "address">[],
): CertificateRequest[] {
  const nodes = machines.filter((machine) => machine.role === "node");
  const control = machines.filter((machine) => machine.role === "control");
  return [
    {
      ...client("apiserver", "kube-apiserver"),
      usage: "server",
      addresses: [
        ...control.map(({ address }) => address),
        network.host.controlAddress,
        network.apiServiceAddress,
        "127.0.0.1",
      ],
      names: [
        "kubernetes",
        "kubernetes.default",
        "kubernetes.default.svc",
        "kubernetes.default.svc.cluster.local",
      ],
    },
    client("apiserver-kubelet", "kube-apiserver-kubelet", "system:masters"),
    { ...client("front-proxy-client", "front-proxy-client"), authority: "front-proxy-ca" },
    client("admin", "ninety-admin", "system:masters"),
    client("guard", "ninety-guard", "system:masters"),
    client("kube-controller-manager", "system:kube-controller-manager"),
    client("kube-scheduler", "system:kube-scheduler"),
    client("kube-proxy", "system:kube-proxy"),
    ...nodes.flatMap(({ name, address }): CertificateRequest[] => [
      client(kubeletName(name), `system:node:${name}`, "system:nodes"),
      {
        ...client(servingName(name), `system:node:${name}`),
        usage: "server",
        addresses: [address],
        names: [name],
      },
    ]),
  ];
}

type Holder = Pick<Machine, "name" | "role">;

/** Which key pairs a machine holds, by the file names it has them under. Pure. */
export function certificatesOf({ name, role }: Holder): Record<string, string> {
  if (role === "node") return { serving: servingName(name) };
  if (role === "load") return {};
  return {
    apiserver: "apiserver",
    "apiserver-kubelet": "apiserver-kubelet",
    "front-proxy-client": "front-proxy-client",
  };
}

/** Which kubeconfigs a machine holds, by name, each with the certificate it speaks with. Pure. */
export function kubeconfigsOf({ name, role }: Holder): Record<string, string> {
  if (role === "node") return { kubelet: kubeletName(name), "kube-proxy": "kube-proxy" };
  if (role === "load") return { "kube-proxy": "kube-proxy" };
  return {
    "kube-controller-manager": "kube-controller-manager",
    "kube-scheduler": "kube-scheduler",
  };
}

/** A kubeconfig that needs no other file, as JSON, which is YAML. Pure. */
export function kubeconfigText(of: {
  readonly cluster: string;
  readonly server: string;
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
}): string {
  const encoded = (pem: string): string => Buffer.from(pem).toString("base64");
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      {
        name: of.cluster,
        cluster: { server: of.server, "certificate-authority-data": encoded(of.authority) },
      },
    ],
    users: [
      {
        name: of.cluster,
        user: {
          "client-certificate-data": encoded(of.certificate),
          "client-key-data": encoded(of.key),
        },
      },
    ],
    contexts: [{ name: of.cluster, context: { cluster: of.cluster, user: of.cluster } }],
    "current-context": of.cluster,
  };
  return `${JSON.stringify(config, undefined, 2)}\n`;
}
