import { describe, expect, it } from "vitest";
import { at, listAt } from "../../src/model/json.ts";
import type { Part } from "../../src/ports/author.ts";
import { modelServer } from "../../workloads/parts/model-server.ts";

const OPTIONS = { replicas: 3, gpus: 1, probes: "deep" } as const;

function object(part: Part, kind: string): unknown {
  return part.planned.objects.find((one) => one.kind === kind);
}
const podOf = (part: Part): unknown => at(object(part, "Deployment"), "spec", "template", "spec");
const containerOf = (part: Part): unknown => at(podOf(part), "containers", 0);

describe("what is planned", () => {
  it("is a quota, a Service, a budget and a Deployment, in this order", () => {
    const { planned, problems } = modelServer(OPTIONS);
    expect(problems).toEqual([]);
    expect(planned.objects.map(({ kind }) => kind)).toEqual([
      "ResourceQuota",
      "Service",
      "PodDisruptionBudget",
      "Deployment",
    ]);
    expect(planned).toMatchObject({
      part: "server",
      selector: "ninety/part=server",
      replicas: 3,
      gpusPerPod: 1,
      service: { name: "server", port: 80 },
    });
  });

  it("carries the part's label on every object and on its pods", () => {
    const part = modelServer({ ...OPTIONS, name: "ranker" });
    for (const { metadata } of part.planned.objects) {
      expect(metadata.labels).toEqual({ "ninety/part": "ranker" });
    }
    const labels = at(object(part, "Deployment"), "spec", "template", "metadata", "labels");
    expect(labels).toEqual({ "ninety/part": "ranker", version: "v1" });
    expect(at(object(part, "Deployment"), "spec", "selector")).toEqual({
      matchLabels: { "ninety/part": "ranker" },
    });
    expect(part).toMatchObject({
      pods: { part: "ranker", kind: "pod" },
      nodes: { part: "ranker", kind: "node" },
      gpus: { part: "ranker", kind: "gpu" },
    });
  });

  it("is the same for the same options", () => {
    expect(JSON.stringify(modelServer(OPTIONS))).toBe(JSON.stringify(modelServer(OPTIONS)));
  });

  it("has a quota for replicas, one surge and one pod that is terminating", () => {
    const part = modelServer({ ...OPTIONS, gpus: 2 });
    expect(at(object(part, "ResourceQuota"), "spec", "hard")).toEqual({
      "requests.nvidia.com/gpu": "10",
    });
  });

  it("has no quota and no GPU without gpus", () => {
    const part = modelServer({ replicas: 2, probes: "deep" });
    expect(object(part, "ResourceQuota")).toBeUndefined();
    expect("gpus" in part).toBe(false);
    expect(at(containerOf(part), "resources", "limits", "nvidia.com/gpu")).toBeUndefined();
  });

  it("asks for as much as it may use: Guaranteed", () => {
    const container = containerOf(modelServer(OPTIONS));
    expect(at(container, "resources", "requests")).toEqual(at(container, "resources", "limits"));
    expect(at(container, "resources", "limits", "nvidia.com/gpu")).toBe("1");
  });

  it("takes everything away that it does not need", () => {
    const part = modelServer(OPTIONS);
    expect(podOf(part)).toMatchObject({
      automountServiceAccountToken: false,
      enableServiceLinks: false,
      securityContext: { runAsNonRoot: true, seccompProfile: { type: "RuntimeDefault" } },
    });
    expect(at(containerOf(part), "securityContext")).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ["ALL"] },
    });
  });

  it("lets one pod be missing unless told otherwise, and never protects a pod that is not Ready", () => {
    const spec = (part: Part): unknown => at(object(part, "PodDisruptionBudget"), "spec");
    const always = { unhealthyPodEvictionPolicy: "AlwaysAllow" };
    expect(spec(modelServer(OPTIONS))).toMatchObject({ maxUnavailable: 1, ...always });
    const other = spec(modelServer({ ...OPTIONS, disruption: { minAvailable: 2 } }));
    expect(other).toMatchObject({ minAvailable: 2, ...always });
    expect(at(other, "maxUnavailable")).toBeUndefined();
  });
});

describe("a server that scales", () => {
  const SCALE = { min: 2, max: 6, cpu: "60%" } as const;
  const scaling = modelServer({ scale: SCALE, cpu: "50m", probes: "deep", gpus: 1 });

  it("leaves the number of its pods to an autoscaler", () => {
    expect(scaling.problems).toEqual([]);
    expect(scaling.planned.replicas).toBeNull();
    expect(at(object(scaling, "Deployment"), "spec")).not.toHaveProperty("replicas");
    expect(at(object(scaling, "HorizontalPodAutoscaler"), "spec")).toEqual({
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "server" },
      minReplicas: 2,
      maxReplicas: 6,
      metrics: [
        {
          type: "Resource",
          resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 60 } },
        },
      ],
      behavior: {
        scaleUp: { stabilizationWindowSeconds: 0 },
        scaleDown: { stabilizationWindowSeconds: 300 },
      },
    });
    expect(object(modelServer(OPTIONS), "HorizontalPodAutoscaler")).toBeUndefined();
  });

  it("may use more CPU than it asks for, and no more of anything else", () => {
    const resources = at(containerOf(scaling), "resources");
    expect(at(resources, "requests", "cpu")).toBe("50m");
    expect(at(resources, "limits", "cpu")).toBe("500m");
    expect(at(resources, "requests", "memory")).toBe(at(resources, "limits", "memory"));
  });

  it("has a quota for all that there may be, and its budget", () => {
    expect(at(object(scaling, "ResourceQuota"), "spec", "hard")).toEqual({
      "requests.nvidia.com/gpu": "8",
    });
    expect(at(object(scaling, "PodDisruptionBudget"), "spec", "maxUnavailable")).toBe(1);
  });

  it("names what is wrong with its scale", () => {
    const of = (options: object): readonly string[] =>
      modelServer({ probes: "deep", ...options }).problems;
    expect(of({})).toEqual(["modelServer must have one of replicas and scale, got neither"]);
    expect(of({ replicas: 3, scale: SCALE })).toEqual([
      "modelServer must have one of replicas and scale, got both",
    ]);
    expect(of({ scale: { ...SCALE, max: 1 } })).toEqual([
      "modelServer.scale.max must be at least min, got 1 under 2",
    ]);
    expect(of({ scale: { min: 0, max: 60, cpu: "5%" } })).toEqual([
      "modelServer.scale.min must be a whole number, 1 to 50, got 0",
      "modelServer.scale.max must be a whole number, 1 to 50, got 60",
      "modelServer.scale.cpu must be 10% to 100%, got 5%",
    ]);
    expect(of({ scale: SCALE, disruption: { minAvailable: 3 } })).toEqual([
      "modelServer.disruption.minAvailable must be at most scale.min, got 3 of 2",
    ]);
    for (const cpu of ["9m", "501m", "0.5", "50"]) {
      expect(of({ replicas: 1, cpu })).toEqual([
        `modelServer.cpu must be 10m to 500m, got "${cpu}"`,
      ]);
    }
  });
});

const environmentOf = (part: Part): Readonly<Record<string, unknown>> =>
  Object.fromEntries(
    listAt(containerOf(part), "env").map((one) => [at(one, "name"), at(one, "value")]),
  );

describe("versions by configuration", () => {
  const part = modelServer({ ...OPTIONS, versions: [1, 2], labels: { stable: 1, canary: 2 } });

  it("stand in a ConfigMap with the field names of TensorFlow Serving", () => {
    expect(part.problems).toEqual([]);
    const text = at(object(part, "ConfigMap"), "data", "models.config");
    expect(JSON.parse(String(text))).toEqual({
      model_config_list: {
        config: [
          {
            name: "mlp",
            base_path: "/app/workloads/models/mlp",
            model_version_policy: { specific: { versions: [1, 2] } },
            version_labels: { stable: 1, canary: 2 },
          },
        ],
      },
    });
  });

  it("are mounted as a folder, and the pods promise no version", () => {
    expect(environmentOf(part)).toMatchObject({
      MODEL_CONFIG_FILE: "/etc/model-server/models.config",
    });
    expect(environmentOf(part)).not.toHaveProperty("MODEL_VERSION");
    expect(listAt(podOf(part), "volumes")).toEqual([
      { name: "models", configMap: { name: "server-models" } },
    ]);
    expect(listAt(containerOf(part), "volumeMounts")).toEqual([
      { name: "models", mountPath: "/etc/model-server", readOnly: true },
    ]);
    const labels = at(object(part, "Deployment"), "spec", "template", "metadata", "labels");
    expect(labels).toEqual({ "ninety/part": "server" });
  });

  it("probes that name a version name the first", () => {
    const naive = modelServer({ replicas: 1, probes: "naive", versions: [2, 1] });
    expect(at(containerOf(naive), "readinessProbe", "httpGet", "path")).toBe(
      "/v1/models/mlp/versions/2",
    );
  });
});

describe("batching", () => {
  it("is off unless it is asked for", () => {
    expect(environmentOf(modelServer(OPTIONS))).not.toHaveProperty("JOIN_ROWS_MAX");
    const batch = { max: 8, delay: "5ms" } as const;
    expect(environmentOf(modelServer({ ...OPTIONS, batch }))).toMatchObject({
      JOIN_ROWS_MAX: "8",
      JOIN_DELAY_MS: "5",
    });
  });
});

describe("probe profiles", () => {
  const probes = (profile: "naive" | "shallow-fast" | "deep"): unknown =>
    containerOf(modelServer({ ...OPTIONS, probes: profile }));

  it("naive is the pair of the guides, to the letter", () => {
    const container = probes("naive");
    expect(at(container, "startupProbe")).toBeUndefined();
    expect(at(container, "livenessProbe")).toEqual({
      httpGet: { path: "/v1/models/mlp", port: 8501 },
      initialDelaySeconds: 30,
      periodSeconds: 10,
    });
    expect(at(container, "readinessProbe")).toEqual({
      httpGet: { path: "/v1/models/mlp/versions/1", port: 8501 },
      initialDelaySeconds: 5,
      periodSeconds: 5,
    });
  });

  it("shallow-fast asks the same, faster", () => {
    const container = probes("shallow-fast");
    expect(at(container, "startupProbe", "httpGet", "path")).toBe("/v1/models/mlp");
    for (const probe of ["livenessProbe", "readinessProbe"]) {
      expect(at(container, probe)).toMatchObject({
        periodSeconds: 5,
        timeoutSeconds: 1,
        failureThreshold: 2,
      });
    }
  });

  it("deep asks for an inference and for progress", () => {
    const container = probes("deep");
    expect(at(container, "readinessProbe", "httpGet", "path")).toBe("/health/ready");
    expect(at(container, "livenessProbe", "httpGet", "path")).toBe("/health/live");
    expect(at(container, "startupProbe")).toMatchObject({ periodSeconds: 1, failureThreshold: 60 });
  });

  it("a start may take as long as the load is delayed, and more", () => {
    const slow = containerOf(modelServer({ ...OPTIONS, loadDelay: "65s" }));
    expect(at(slow, "startupProbe")).toMatchObject({ periodSeconds: 1, failureThreshold: 125 });
    expect(environmentOf(modelServer({ ...OPTIONS, loadDelay: "3m" }))).toMatchObject({
      LOAD_DELAY_MS: "180000",
      LOAD_LIMIT_MS: "300000",
    });
  });

  it("end within 10 s with deep probes and 30 s otherwise, unless told", () => {
    const grace = (options: Partial<Parameters<typeof modelServer>[0]>): unknown =>
      at(podOf(modelServer({ ...OPTIONS, ...options })), "terminationGracePeriodSeconds");
    expect(grace({})).toBe(10);
    expect(grace({ probes: "naive" })).toBe(30);
    expect(grace({ probes: "shallow-fast" })).toBe(30);
    expect(grace({ grace: "3s" })).toBe(3);
  });
});

describe("spread", () => {
  const pod = (spread: "none" | "preferred" | "required" | "topology" | "together"): unknown =>
    podOf(modelServer({ ...OPTIONS, spread }));

  it("topology honours taints and tells rollouts apart", () => {
    expect(listAt(pod("topology"), "topologySpreadConstraints")).toEqual([
      {
        maxSkew: 1,
        topologyKey: "kubernetes.io/hostname",
        whenUnsatisfiable: "DoNotSchedule",
        nodeTaintsPolicy: "Honor",
        labelSelector: { matchLabels: { "ninety/part": "server" } },
        matchLabelKeys: ["pod-template-hash"],
      },
    ]);
  });

  it("preferred and required are anti-affinities, none is nothing", () => {
    const anti = (spread: "preferred" | "required" | "none"): readonly string[] =>
      Object.keys((at(pod(spread), "affinity", "podAntiAffinity") as object | undefined) ?? {});
    expect(anti("preferred")).toEqual(["preferredDuringSchedulingIgnoredDuringExecution"]);
    expect(anti("required")).toEqual(["requiredDuringSchedulingIgnoredDuringExecution"]);
    expect(anti("none")).toEqual([]);
    expect(at(pod("none"), "topologySpreadConstraints")).toBeUndefined();
  });

  it("together draws pods to each other, and turns the scheduler's own spreading off", () => {
    const affinity = at(pod("together"), "affinity", "podAffinity") as object;
    expect(Object.keys(affinity)).toEqual(["preferredDuringSchedulingIgnoredDuringExecution"]);
    expect(listAt(pod("together"), "topologySpreadConstraints")).toMatchObject([
      { topologyKey: "kubernetes.io/os", whenUnsatisfiable: "ScheduleAnyway" },
    ]);
  });

  it("leaves a lost node when told, and by upstream's rule otherwise", () => {
    expect(at(podOf(modelServer(OPTIONS)), "tolerations")).toBeUndefined();
    const told = listAt(podOf(modelServer({ ...OPTIONS, tolerations: "15s" })), "tolerations");
    expect(told.map((one) => at(one, "tolerationSeconds"))).toEqual([15, 15]);
  });
});

describe("problems name field, rule and value, all at once", () => {
  it("of wrong values", () => {
    const { problems, planned } = modelServer({
      replicas: 0,
      gpus: 9,
      probes: "shallow",
      spread: "wide",
      name: "Server",
      grace: "10 s",
      colour: "red",
    } as never);
    expect(problems).toEqual([
      "modelServer.colour is not a field; known: replicas, probes, spread, name, gpus, grace, tolerations, strict, version, loadDelay, cpu, quota",
      "modelServer.replicas must be a whole number, 1 to 50, got 0",
      'modelServer.probes must be naive | shallow-fast | deep, got "shallow"',
      'modelServer.spread must be none | preferred | required | topology | together, got "wide"',
      'modelServer.name must be 1 to 40 of a-z, 0-9 and -, beginning with a letter, got "Server"',
      "modelServer.gpus must be a whole number, 1 to 8, got 9",
      'modelServer.grace must be a duration such as "20s", got "10 s"',
    ]);
    expect(planned.objects).toEqual([]);
  });

  it("of a budget that could never be kept", () => {
    const { problems } = modelServer({ ...OPTIONS, disruption: { minAvailable: 4 } });
    expect(problems).toEqual([
      "modelServer.disruption.minAvailable must be at most replicas, got 4 of 3",
    ]);
  });

  it("of versions and labels", () => {
    const problemsOf = (options: object): readonly string[] =>
      modelServer({ ...OPTIONS, ...options }).problems;
    expect(problemsOf({ versions: [1, 1], version: 2 })).toEqual([
      "modelServer must have version or versions, got both",
      "modelServer.versions must be a list of 1 to 8 versions, each once, got [1,1]",
    ]);
    expect(problemsOf({ versions: [1], labels: { canary: 2, "a/b": 1 } })).toEqual([
      "modelServer.labels.canary must be one of versions (1), got 2",
      "modelServer.labels must be named by 1 to 63 of letters, digits, '-', '_' and '.', got \"a/b\"",
    ]);
    expect(problemsOf({ labels: { stable: 1 } })).toEqual([
      "modelServer.labels must come with versions, got none",
    ]);
  });

  it("of batches that cannot be", () => {
    const { problems } = modelServer({ ...OPTIONS, batch: { max: 1, delay: "2s" } });
    expect(problems).toEqual([
      "modelServer.batch.max must be a whole number, 2 to 256, got 1",
      "modelServer.batch.delay must be 1ms to 1s, got 2s",
    ]);
  });

  it("of options that are missing", () => {
    const { problems } = modelServer({} as never);
    expect(problems).toEqual([
      "modelServer.probes is missing: what the kubelet asks (naive | shallow-fast | deep)",
      "modelServer must have one of replicas and scale, got neither",
    ]);
  });
});
