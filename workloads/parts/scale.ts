import { count, read, share, type Read, type Written } from "../../src/model/fields.ts";
import type { KubeObject } from "../../src/model/json.ts";
import { partObject } from "./objects.ts";

const FIELDS = {
  min: count({ about: "pods at the least", min: 1, max: 50 }),
  max: count({ about: "pods at the most", min: 1, max: 50 }),
  cpu: share({ about: "CPU use of what pods ask for, on average", min: "10%", max: "100%" }),
};
/** As upstream: what came down at once would have to come up again at the next gust. */
const SCALE_DOWN_AFTER_SEC = 300;

export type ScaleOptions = Written<typeof FIELDS>;
export type Scale = Read<typeof FIELDS>;

export function readScale(path: string, options: ScaleOptions, problems: string[]): Scale {
  const before = problems.length;
  const scale = read(path, FIELDS, options, problems);
  if (problems.length === before && scale.max < scale.min) {
    problems.push(`${path}.max must be at least min, got ${scale.max} under ${scale.min}`);
  }
  return scale;
}

/** Scales the part's Deployment on CPU: up at once, down after five minutes of less. */
export function autoscaler(part: string, { min, max, cpuRatio }: Scale): KubeObject {
  const target = { type: "Utilization", averageUtilization: Math.round(cpuRatio * 100) };
  return partObject(part, {
    apiVersion: "autoscaling/v2",
    kind: "HorizontalPodAutoscaler",
    name: part,
    spec: {
      scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: part },
      minReplicas: min,
      maxReplicas: max,
      metrics: [{ type: "Resource", resource: { name: "cpu", target } }],
      behavior: {
        scaleUp: { stabilizationWindowSeconds: 0 },
        scaleDown: { stabilizationWindowSeconds: SCALE_DOWN_AFTER_SEC },
      },
    },
  });
}
