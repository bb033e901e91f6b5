import { describe, expect, test } from "vitest";
import type { KubeObject } from "../../src/model/json.ts";
import { at } from "../../src/model/json.ts";
import { bind, type Binding } from "../../src/kernel/bind.ts";
import { addressOf } from "../../src/kernel/deploy.ts";
import { listPath, objectPath, removeCommand } from "../../src/kernel/kube-path.ts";
import { missing, whyNotReady } from "../../src/kernel/readiness.ts";
import { FakeApi } from "../../src/testing/fake-cluster.ts";
import { server } from "./kernel-kit.ts";

const binding: Binding = {
  run: "r1",
  namespace: "ninety-x",
  images: { programs: "registry.invalid/programs:abc" },
};
const object = (
  kind: string,
  fields: Readonly<Record<string, unknown>> = {},
  apiVersion = "v1",
): KubeObject => ({ apiVersion, kind, metadata: { name: "it" }, ...fields });

describe("an object of a part is bound to its run", () => {
  const template = {
    metadata: { labels: { a: "b" } },
    spec: {
      initContainers: [{ name: "i", image: "programs" }],
      containers: [
        { name: "c", image: "programs" },
        { name: "d", image: "nginx:1" },
      ],
    },
  };

  test("by namespace, label and full images, and is itself left alone", () => {
    const given = object("Deployment", { spec: { replicas: 1, template } }, "apps/v1");
    const before = structuredClone(given);
    const bound = bind(given, binding);
    expect(given).toEqual(before);
    expect(bound.metadata).toEqual({
      name: "it",
      namespace: "ninety-x",
      labels: { "ninety/run": "r1" },
    });
    expect(at(bound, "spec", "template", "metadata", "labels")).toEqual({
      a: "b",
      "ninety/run": "r1",
    });
    expect(at(bound, "spec", "template", "spec")).toEqual({
      initContainers: [{ name: "i", image: "registry.invalid/programs:abc" }],
      containers: [
        { name: "c", image: "registry.invalid/programs:abc" },
        { name: "d", image: "nginx:1" },
      ],
    });
  });

  test("also a job's pods, a pod, and what has no namespace", () => {
    const job = { jobTemplate: { spec: { template } } };
    const cron = bind(object("CronJob", { spec: job }, "batch/v1"), binding);
    const inside = ["spec", "jobTemplate", "spec", "template"] as const;
    expect(at(cron, ...inside, "spec", "containers", 0, "image")).toBe(binding.images["programs"]);
    expect(at(cron, ...inside, "metadata", "labels", "ninety/run")).toBe("r1");
    const pod = bind(object("Pod", { spec: template.spec }), binding);
    expect(at(pod, "spec", "containers", 0, "image")).toBe(binding.images["programs"]);
    expect(bind(object("Namespace"), binding).metadata.namespace).toBeUndefined();
    const elsewhere = { ...object("ConfigMap"), metadata: { name: "it", namespace: "other" } };
    expect(bind(elsewhere, binding).metadata.namespace).toBe("other");
  });

  test("with its service accounts at home", () => {
    const subjects = [
      { kind: "ServiceAccount", name: "own" },
      { kind: "ServiceAccount", name: "theirs", namespace: "kube-system" },
      { kind: "User", name: "me" },
    ];
    const bound = bind(object("ClusterRoleBinding", { subjects }), binding);
    expect(bound["subjects"]).toEqual([
      { kind: "ServiceAccount", name: "own", namespace: "ninety-x" },
      { kind: "ServiceAccount", name: "theirs", namespace: "kube-system" },
      { kind: "User", name: "me" },
    ]);
  });
});

test.each([
  [object("Pod"), "api/v1/pods", "api/v1/namespaces/default/pods/it"],
  [object("Namespace"), "api/v1/namespaces", "api/v1/namespaces/it"],
  [
    object("NetworkPolicy", {}, "networking.k8s.io/v1"),
    "apis/networking.k8s.io/v1/networkpolicies",
    "apis/networking.k8s.io/v1/namespaces/default/networkpolicies/it",
  ],
  [
    object("PriorityClass", {}, "scheduling.k8s.io/v1"),
    "apis/scheduling.k8s.io/v1/priorityclasses",
    "apis/scheduling.k8s.io/v1/priorityclasses/it",
  ],
  [object("Endpoints"), "api/v1/endpoints", "api/v1/namespaces/default/endpoints/it"],
])("paths of %j", (given, list, path) => {
  expect(listPath(given)).toBe(list);
  expect(objectPath(given)).toBe(path);
});

test("clients reach a part by its Service's address, or by its name", async () => {
  const api = new FakeApi({ nodes: 1, gpusPerNode: 0 });
  await api.apply({ ...object("Namespace"), metadata: { name: "n" } });
  await api.apply({ ...object("Service"), metadata: { name: "server", namespace: "n" } });
  const of = { api, namespace: "n", signal: new AbortController().signal };
  expect(await addressOf(server.planned, of)).toBe("10.96.0.7:80");
  const byName = await addressOf(server.planned, { ...of, by: "name" });
  expect(byName).toBe("server.n.svc.cluster.local:80");
});

test("what is left behind comes with the command that removes it", () => {
  const metadata = { name: "a", namespace: "b" };
  expect(removeCommand({ ...object("ConfigMap"), metadata })).toBe(
    "kubectl delete configmap a --namespace b",
  );
  expect(removeCommand(object("ClusterRole"))).toBe("kubectl delete clusterrole it");
});

describe("what is not Ready is told with its reason", () => {
  const pod = (status: object): KubeObject => object("Pod", { status });
  test.each([
    [
      {
        conditions: [{ type: "PodScheduled", status: "False", message: "0/3 nodes: no GPU" }],
      },
      "not scheduled: 0/3 nodes: no GPU",
    ],
    [
      {
        containerStatuses: [
          {
            name: "s",
            ready: false,
            restartCount: 4,
            state: { waiting: { reason: "CrashLoopBackOff", message: "back-off 40s" } },
            lastState: { terminated: { reason: "Error", exitCode: 139 } },
          },
        ],
      },
      "s waits: CrashLoopBackOff: back-off 40s (last end: Error, exit 139, 4 restarts)",
    ],
    [
      { containerStatuses: [{ name: "s", ready: false, state: { running: {} } }] },
      "s runs, its readiness probe fails",
    ],
    [{ phase: "Failed", message: "evicted" }, "Failed: evicted"],
    [{}, "no phase yet"],
  ])("%j", (status, why) => {
    expect(whyNotReady(pod(status))).toBe(why);
  });

  const workload = (kind: string, spec: object, status: object): KubeObject => ({
    ...object(kind, { spec, status }, "apps/v1"),
    metadata: { name: "it", namespace: "n", generation: 2 } as KubeObject["metadata"],
  });
  test.each([
    ["Deployment", { replicas: 3 }, { observedGeneration: 2, readyReplicas: 3 }, null],
    ["Deployment", { replicas: 3 }, { observedGeneration: 2, readyReplicas: 2 }, "2 of 3 pods"],
    ["Deployment", { replicas: 3 }, { observedGeneration: 1, readyReplicas: 3 }, "controller yet"],
    ["Deployment", { replicas: 0 }, { observedGeneration: 2 }, null],
    ["StatefulSet", {}, { observedGeneration: 2 }, "0 of 1 pods"],
    ["DaemonSet", {}, { observedGeneration: 2, desiredNumberScheduled: 3, numberReady: 3 }, null],
    ["DaemonSet", {}, { observedGeneration: 2 }, "0 of 0 pods"],
    ["Job", {}, { succeeded: 1 }, null],
    ["Job", { completions: 2 }, { succeeded: 1 }, "1 of 2 pods completed"],
  ])("%s %j %j", (kind, spec, status, lack) => {
    const told = missing([workload(kind, spec, status)], [pod({})]);
    if (lack === null) return expect(told).toEqual([]);
    expect(told[0]).toContain(lack);
    return expect(told[1]).toBe("pod default/it: no phase yet");
  });
});
