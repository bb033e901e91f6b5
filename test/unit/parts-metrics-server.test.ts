import { describe, expect, it } from "vitest";
import { at, listAt } from "../../src/model/json.ts";
import { metricsServer } from "../../workloads/parts/metrics-server.ts";

const { planned } = metricsServer();
const object = (kind: string): unknown => planned.objects.find((one) => one.kind === kind);
const pod = at(object("Deployment"), "spec", "template", "spec");

describe("metrics-server", () => {
  it("serves the metrics API through its Service", () => {
    const service = object("Service");
    expect(at(object("APIService"), "spec")).toMatchObject({
      group: "metrics.k8s.io",
      version: "v1beta1",
      service: {
        name: at(service, "metadata", "name"),
        namespace: at(service, "metadata", "namespace"),
      },
    });
    expect(at(service, "spec", "ports", 0)).toMatchObject({
      port: 443,
      targetPort: at(pod, "containers", 0, "ports", 0, "containerPort"),
    });
    const labels = at(object("Deployment"), "spec", "template", "metadata", "labels");
    expect(labels).toMatchObject(at(service, "spec", "selector") as object);
  });

  it("asks kubelets by address and trusts what the cluster's CA signed, and no one else", () => {
    const args = listAt(pod, "containers", 0, "args");
    const ca = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt";
    expect(args).toContain(`--kubelet-certificate-authority=${ca}`);
    expect(args).toContain("--kubelet-preferred-address-types=InternalIP");
    expect(args.join()).not.toContain("insecure");
  });

  it("gives up on a kubelet before it would ask again", () => {
    const seconds = (flag: string): number => {
      const [, value] = listAt(pod, "containers", 0, "args").join(" ").split(`--${flag}=`);
      return Number.parseInt(value ?? "", 10);
    };
    expect(seconds("metric-resolution")).toBeGreaterThanOrEqual(10);
    expect(seconds("metric-resolution")).toBeLessThanOrEqual(15);
    expect(seconds("kubelet-request-timeout")).toBeLessThan(seconds("metric-resolution"));
  });

  it("brings no namespace: what is removed after the run is its own", () => {
    expect(planned.objects.map(({ kind }) => kind)).not.toContain("Namespace");
    for (const one of planned.objects) {
      expect(one.metadata.labels).toEqual({ "ninety/part": "metrics-server" });
      expect([undefined, "kube-system"]).toContain(one.metadata.namespace);
    }
  });

  it("is no capacity, and leaves a node that is lost", () => {
    expect(planned).toMatchObject({ replicas: 1, gpusPerPod: 0, service: null });
    expect(pod).toMatchObject({
      priorityClassName: "system-cluster-critical",
      securityContext: { runAsNonRoot: true },
      tolerations: [{ tolerationSeconds: 5 }, { tolerationSeconds: 5 }],
    });
  });
});
