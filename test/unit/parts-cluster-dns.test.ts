import { describe, expect, it } from "vitest";
import { at, listAt, textAt } from "../../src/model/json.ts";
import type { Part } from "../../src/ports/author.ts";
import { clusterDns } from "../../workloads/parts/cluster-dns.ts";

const dns = (nodes = 3): Part => clusterDns({ address: "10.96.0.10", nodes });
const object = (part: Part, kind: string): unknown =>
  part.planned.objects.find((one) => one.kind === kind);
const podOf = (part: Part): unknown => at(object(part, "Deployment"), "spec", "template", "spec");

describe("cluster DNS", () => {
  it("is where kubelets and people look for it", () => {
    const part = dns();
    expect(part.problems).toEqual([]);
    const service = object(part, "Service");
    expect(at(service, "metadata")).toMatchObject({ name: "kube-dns", namespace: "kube-system" });
    expect(at(service, "spec", "clusterIP")).toBe("10.96.0.10");
    const ports = listAt(service, "spec", "ports");
    expect(ports.map((one) => [at(one, "protocol"), at(one, "port")])).toEqual([
      ["UDP", 53],
      ["TCP", 53],
    ]);
    const labels = at(object(part, "Deployment"), "spec", "template", "metadata", "labels");
    expect(labels).toMatchObject(at(service, "spec", "selector") as object);
  });

  it("listens where its Service sends to", () => {
    const [container] = listAt(podOf(dns()), "containers");
    const listens = listAt(container, "ports").map((one) => at(one, "containerPort"));
    for (const one of listAt(object(dns(), "Service"), "spec", "ports")) {
      expect(listens).toContain(at(one, "targetPort"));
      const corefile = textAt(object(dns(), "ConfigMap"), "data", "Corefile");
      expect(corefile).toContain(`cluster.local:${String(at(one, "targetPort"))} `);
    }
  });

  it("asks nobody else: what is not of the cluster does not exist", () => {
    const corefile = textAt(object(dns(), "ConfigMap"), "data", "Corefile");
    expect(corefile).not.toMatch(/forward|resolv\.conf/);
    expect(corefile).toMatch(/^\.:\d+ \{\n {2}template ANY ANY \{\n {4}rcode NXDOMAIN/m);
  });

  it("reads what names are made of, and nothing else", () => {
    const rules = listAt(object(dns(), "ClusterRole"), "rules");
    for (const rule of rules) expect(listAt(rule, "verbs")).toEqual(["list", "watch"]);
    expect(rules.flatMap((rule) => listAt(rule, "resources"))).toEqual([
      "services",
      "namespaces",
      "endpointslices",
    ]);
  });

  it("is on two nodes and leaves one that is lost, unless there is but one", () => {
    const spread = (part: Part): unknown => at(podOf(part), "topologySpreadConstraints", 0);
    expect(at(object(dns(), "Deployment"), "spec", "replicas")).toBe(2);
    expect(spread(dns())).toMatchObject({
      minDomains: 2,
      maxSkew: 1,
      whenUnsatisfiable: "DoNotSchedule",
      nodeTaintsPolicy: "Honor",
    });
    expect(podOf(dns())).toMatchObject({
      priorityClassName: "system-cluster-critical",
      tolerations: [
        { key: "node.kubernetes.io/not-ready", tolerationSeconds: 5 },
        { key: "node.kubernetes.io/unreachable", tolerationSeconds: 5 },
      ],
    });
    expect(at(object(dns(1), "Deployment"), "spec", "replicas")).toBe(1);
    expect(spread(dns(1))).toMatchObject({ minDomains: 1 });
  });

  it("tells what is wrong", () => {
    expect(clusterDns({ address: "dns", nodes: 0 }).problems).toEqual([
      'clusterDns.address must be an IPv4 address, got "dns"',
      "clusterDns.nodes must be a whole number, 1 to 1000000, got 0",
    ]);
  });
});
