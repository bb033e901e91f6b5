import type { Service } from "./boot-script.ts";
import type { Layout } from "./layout.ts";
import { kubeProxyConfiguration, kubeProxyService } from "./node-files.ts";

/** Where clients live: a machine with a kube-proxy and no kubelet. Pure. */
export const loadHostServices = (): Service[] => [kubeProxyService()];

/**
 * It is no Node, so its kube-proxy goes by the name of the first one. Clients get `etc/resolv.conf`
 * in place of the host's: names of the cluster are asked for as they are written.
 */
export const loadHostFiles = (network: Layout["network"]): Record<string, string> => ({
  "etc/resolv.conf": `nameserver ${network.dnsAddress}\noptions ndots:1\n`,
  "kube-proxy.json": `${JSON.stringify(kubeProxyConfiguration("n1", network), undefined, 2)}\n`,
});
