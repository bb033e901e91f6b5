/** Probe profiles, and what a container with one does at its end. */
export const PROBE_PROFILES = ["naive", "shallow-fast", "deep"] as const;
export type ProbeProfile = (typeof PROBE_PROFILES)[number];

/** As the Kubernetes API has it; fields that are left out have upstream's defaults. */
export interface Probe {
  readonly httpGet: { readonly path: string; readonly port: number };
  readonly initialDelaySeconds?: number;
  readonly periodSeconds?: number;
  readonly timeoutSeconds?: number;
  readonly failureThreshold?: number;
  readonly terminationGracePeriodSeconds?: number;
}

export interface Probes {
  readonly startupProbe?: Probe;
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
}

/** How long a pod may take to end, unless its author says otherwise. */
export const GRACE_MS: Readonly<Record<ProbeProfile, number>> = {
  naive: 30_000,
  "shallow-fast": 30_000,
  deep: 10_000,
};

/** What a start may take besides the load's delay. */
const START_MAX_MS = 60_000;

/**
 * `naive`: the pair that guides for TensorFlow Serving show; both ask for the model's status, which
 * stays good when the device is lost. `shallow-fast`: the same questions, asked fast. `deep`:
 * readiness is a bounded inference whose answer is checked, liveness the age of the last success.
 * What is wrong with `naive`, and the tests that show it: docs/SEED.md.
 */
export function probesOf(
  profile: ProbeProfile,
  model: {
    readonly name: string;
    readonly version: number;
    readonly port: number;
    readonly loadDelayMs: number;
  },
): Probes {
  const get = (path: string): Pick<Probe, "httpGet"> => ({
    httpGet: { path, port: model.port },
  });
  const status = get(`/v1/models/${model.name}`);
  const version = get(`/v1/models/${model.name}/versions/${model.version}`);
  const startup = {
    periodSeconds: 1,
    timeoutSeconds: 1,
    failureThreshold: Math.ceil((START_MAX_MS + model.loadDelayMs) / 1_000),
  };
  const fast = { periodSeconds: 5, timeoutSeconds: 1, failureThreshold: 2 };
  const profiles: Readonly<Record<ProbeProfile, Probes>> = {
    naive: {
      livenessProbe: { ...status, initialDelaySeconds: 30, periodSeconds: 10 },
      readinessProbe: { ...version, initialDelaySeconds: 5, periodSeconds: 5 },
    },
    "shallow-fast": {
      startupProbe: { ...status, ...startup },
      livenessProbe: { ...status, ...fast },
      readinessProbe: { ...version, ...fast },
    },
    deep: {
      startupProbe: { ...get("/health/ready"), ...startup },
      livenessProbe: {
        ...get("/health/live"),
        periodSeconds: 5,
        // An overloaded process answers late: to restart it makes the overload of the others worse.
        timeoutSeconds: 5,
        failureThreshold: 3,
        // A process whose calls never return does not drain: waiting for it is lost time.
        terminationGracePeriodSeconds: 2,
      },
      readinessProbe: {
        ...get("/health/ready"),
        periodSeconds: 2,
        timeoutSeconds: 2,
        failureThreshold: 2,
      },
    },
  };
  return profiles[profile];
}
