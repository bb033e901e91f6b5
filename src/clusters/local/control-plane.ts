import type { ControlComponent } from "../../model/component.ts";
import { API_READY, type Service } from "./boot-script.ts";
import type { Layout, Machine } from "./layout.ts";

export const CONTROL_COMPONENTS = [
  "etcd",
  "kube-apiserver",
  "kube-controller-manager",
  "kube-scheduler",
] as const satisfies readonly ControlComponent[];

const ETCD_URL = "http://127.0.0.1:2379";
const PKI = "/ninety/etc/pki";

/** etcd, API server, controller-manager, scheduler: one of each, in one machine. Pure. */
export function controlPlaneServices(
  machine: Pick<Machine, "address">,
  base: Pick<Layout, "network" | "plan">,
): Service[] {
  return [
    // The API server's check of it waits for 2 s: one that ends is to be noticed.
    { name: "etcd", restartSec: 3, argv: etcdArgv() },
    { name: "kube-apiserver", restartSec: 1, argv: apiServerArgv(machine.address, base.network) },
    {
      name: "kube-controller-manager",
      restartSec: 1,
      argv: controllerManagerArgv(base),
      after: API_READY,
    },
    { name: "kube-scheduler", restartSec: 1, argv: schedulerArgv() },
  ];
}

function etcdArgv(): string[] {
  return [
    "etcd",
    // /tmp of a machine is memory.
    "--data-dir=/tmp/etcd",
    "--unsafe-no-fsync",
    `--listen-client-urls=${ETCD_URL}`,
    `--advertise-client-urls=${ETCD_URL}`,
    "--listen-peer-urls=http://127.0.0.1:2380",
    "--log-level=warn",
  ];
}

function apiServerArgv(address: string, network: Layout["network"]): string[] {
  return [
    "kube-apiserver",
    `--etcd-servers=${ETCD_URL}`,
    "--bind-address=0.0.0.0",
    `--advertise-address=${address}`,
    `--secure-port=${network.apiPort}`,
    "--anonymous-auth=false",
    `--tls-cert-file=${PKI}/apiserver.crt`,
    `--tls-private-key-file=${PKI}/apiserver.key`,
    `--client-ca-file=${PKI}/ca.crt`,
    `--kubelet-certificate-authority=${PKI}/ca.crt`,
    `--kubelet-client-certificate=${PKI}/apiserver-kubelet.crt`,
    `--kubelet-client-key=${PKI}/apiserver-kubelet.key`,
    "--kubelet-preferred-address-types=InternalIP",
    `--requestheader-client-ca-file=${PKI}/front-proxy-ca.crt`,
    "--requestheader-allowed-names=front-proxy-client",
    "--requestheader-username-headers=X-Remote-User",
    "--requestheader-group-headers=X-Remote-Group",
    "--requestheader-extra-headers-prefix=X-Remote-Extra-",
    `--proxy-client-cert-file=${PKI}/front-proxy-client.crt`,
    `--proxy-client-key-file=${PKI}/front-proxy-client.key`,
    // No kube-proxy runs beside it: aggregated servers are reached at their pods.
    "--enable-aggregator-routing=true",
    `--service-account-key-file=${PKI}/service-account.pub`,
    `--service-account-signing-key-file=${PKI}/service-account.key`,
    "--service-account-issuer=https://kubernetes.default.svc",
    `--service-cluster-ip-range=${network.serviceRange}`,
    "--authorization-mode=Node,RBAC",
    "--enable-admission-plugins=NodeRestriction",
    "--allow-privileged=true",
  ];
}

function controllerManagerArgv({ network, plan }: Pick<Layout, "network" | "plan">): string[] {
  return [
    "kube-controller-manager",
    ...delegatedAuth("kube-controller-manager"),
    "--use-service-account-credentials=true",
    // Its first 100 requests are for its own service accounts: at 20/s no controller works for 5 s.
    "--kube-api-qps=200",
    "--kube-api-burst=400",
    `--service-account-private-key-file=${PKI}/service-account.key`,
    `--root-ca-file=${PKI}/ca.crt`,
    `--cluster-signing-cert-file=${PKI}/ca.crt`,
    `--cluster-signing-key-file=${PKI}/ca.key`,
    `--service-cluster-ip-range=${network.serviceRange}`,
    "--flex-volume-plugin-dir=/tmp/volume-plugins",
    ...(plan.nodeGraceMs === null
      ? []
      : [`--node-monitor-grace-period=${plan.nodeGraceMs / 1_000}s`]),
  ];
}

const schedulerArgv = (): string[] => ["kube-scheduler", ...delegatedAuth("kube-scheduler")];

function delegatedAuth(component: string): string[] {
  const kubeconfig = `/ninety/etc/${component}.kubeconfig`;
  return [
    `--kubeconfig=${kubeconfig}`,
    `--authentication-kubeconfig=${kubeconfig}`,
    `--authorization-kubeconfig=${kubeconfig}`,
    "--bind-address=127.0.0.1",
  ];
}
