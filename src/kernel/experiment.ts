import { InvalidExperiment, messageOf } from "../model/error.ts";
import {
  choices,
  count,
  duration,
  optional,
  read,
  share,
  text,
  type Field,
  type Fields,
} from "../model/fields.ts";
import type {
  AbortWhen,
  Accept,
  ClusterPlan,
  LoadPlan,
  PlannedCheck,
  PlannedPart,
  Slo,
  StackPatch,
} from "../model/plan.ts";
import type { Ms } from "../model/quantity.ts";
import type { AnyCheck } from "../ports/check.ts";
import type { AnyFault } from "../ports/fault.ts";
import { asJson, isObject, listOf, rulesBroken, show } from "./shape.ts";
import { readLoad, readStack } from "./read-stack.ts";
import { readMinimum, readSteps, type ReadStep } from "./read-steps.ts";

/** An experiment with every quantity read and every name looked up; nothing is drawn yet. */
export interface Reading {
  readonly name: string;
  readonly hypothesis: string;
  readonly cluster: ClusterPlan;
  readonly stack: readonly PlannedPart[];
  /** That the stack has been through; absent: it is as the file has it. */
  readonly patches?: readonly StackPatch[];
  readonly load: LoadPlan;
  readonly slo: Slo;
  readonly warmupMs: Ms;
  readonly steadyMs: Ms;
  readonly observeMs: Ms;
  readonly steps: readonly ReadStep[];
  readonly checks: readonly PlannedCheck[];
  readonly accepts: readonly Accept[];
  /** By part. */
  readonly minimumReady: Readonly<Record<string, number>>;
  readonly abortWhen: AbortWhen | null;
  /** The definitions that the file brought along: also those that live outside of src. */
  readonly definitions: {
    readonly faults: readonly AnyFault[];
    readonly checks: readonly AnyCheck[];
  };
}

const ACCEPTS = [
  "pdb-broken",
  "below-minimum",
  "no-spare-gpu",
  "control-plane-pod",
  "monitoring-pod",
  "unleased",
  "affects-probes",
] as const satisfies readonly Accept[];

/** What is read elsewhere: named here so that a missing or unknown one is told. */
const raw = (about: string, rule: string): Field<unknown, unknown, "", false> => ({
  unit: "",
  about,
  rule,
  optional: false,
  read: (written) => written,
});

const OPTIONS = {
  hypothesis: text({ about: "one sentence that can turn out false" }),
  cluster: { ...raw("what the local cluster is built as", "an object"), optional: true },
  stack: raw("what is deployed", "a list of parts"),
  load: raw("the traffic that is offered", "such as predict({ to: server, … })"),
  slo: raw("when a request is good", "{ within, good, breach }"),
  warmup: duration({ about: "offered but not judged", max: "10m", default: "10s" }),
  steady: duration({
    about: "judged, before the first fault",
    min: "20s",
    max: "1h",
    default: "60s",
  }),
  faults: raw("what is disturbed", "a list of at least one"),
  observe: duration({ about: "at most, from the last heal", min: "10s", max: "1h" }),
  expect: raw("what must hold", "a list of at least one"),
  accepts: choices(ACCEPTS, { about: "predicted damage that is wanted", default: [] }),
  minimumReady: {
    ...raw("pods that stay Ready", "a list such as [exactly(2, server.pods)]"),
    optional: true,
  },
  abortWhen: { ...raw("what clients see and what ends the run", "{ good, over }"), optional: true },
} satisfies Fields;

const CLUSTER = {
  nodes: count({ about: "worker nodes", min: 1, max: 9, default: 3 }),
  gpusPerNode: count({ about: "virtual GPUs on each node", min: 0, max: 8, default: 2 }),
  nodeGrace: optional(duration({ about: "node-monitor-grace-period", min: "5s", max: "10m" })),
  nodeLease: optional(duration({ about: "kubelet's node lease duration", min: "5s", max: "10m" })),
  backoffMax: optional(duration({ about: "cap of the crash-loop back-off", min: "1s", max: "5m" })),
  images: { ...raw("archives of images of your own", "a list of paths or URLs"), optional: true },
} satisfies Fields;

const SLO = {
  within: duration({ about: "a good request ended within it", min: "1ms", max: "5m" }),
  good: share({ about: "the share that must be good", min: "50%", max: "99.999%" }),
  breach: optional(share({ about: "below it clients are hurt", min: "1%", max: "99.999%" })),
  window: optional(duration({ about: "what the error budget is of", min: "24h", max: "2160h" })),
} satisfies Fields;

const ABORT_WHEN = {
  good: share({ about: "below it the run is ended", min: "0.1%", max: "99.999%" }),
  over: duration({ about: "requests intended in the last", min: "5s", max: "10m" }),
} satisfies Fields;

/** Namespaces are `ninety-<name>`, and labels and file names are made of it. */
const NAME = /^[a-z0-9]([-a-z0-9]{0,48}[a-z0-9])?$/;

/**
 * Reads what an experiment's file exported. It is anybody's code: any shape is answered with
 * problems, all of them at once. Throws InvalidExperiment, exit 3; nothing is touched.
 */
export function readExperiment(name: string, loaded: unknown): Reading {
  const problems: string[] = [];
  let reading: Reading | null = null;
  try {
    reading = readOptions(name, loaded, problems);
  } catch (error) {
    problems.push(`${name} could not be read: ${messageOf(error)}`);
  }
  if (problems.length > 0 || !reading) throw new InvalidExperiment(problems);
  return reading;
}

function readOptions(name: string, loaded: unknown, problems: string[]): Reading | null {
  if (!NAME.test(name)) {
    problems.push(`the file's name must be kebab-case, at most 50 characters, got ${show(name)}`);
  }
  if (!isObject(loaded) || loaded["kind"] !== "experiment" || !isObject(loaded["options"])) {
    problems.push(`${name} must export experiment({ … }) as its default, got ${show(loaded)}`);
    return null;
  }
  const written = loaded["options"];
  const own: string[] = [];
  const options = read("experiment", OPTIONS, written, own);
  problems.push(...own.map((problem) => problem.replace(/^experiment\./, "")));

  const cluster = readCluster(written["cluster"], problems);
  const stack = readStack(written["stack"], problems);
  const load = readLoad(written["load"], stack, problems);
  const slo = readSlo(written["slo"], problems);
  const scene = { stack, cluster };
  const { steps, definitions } = readSteps(written["faults"], scene, problems);
  const minimumReady = readMinimum(written["minimumReady"], scene, problems);
  const expected = readChecks(written["expect"], problems);
  const abortWhen = readAbortWhen(written["abortWhen"], problems);
  if (!load || !slo) return null;
  const { hypothesis, warmupMs, steadyMs, observeMs, accepts } = options;
  return {
    name,
    hypothesis,
    cluster,
    load,
    slo,
    warmupMs,
    steadyMs,
    observeMs,
    steps,
    accepts,
    minimumReady,
    abortWhen,
    stack: stack.map(({ planned }) => planned),
    checks: expected.checks,
    definitions: { faults: definitions, checks: expected.definitions },
  };
}

function readCluster(written: unknown, problems: string[]): ClusterPlan {
  if (written !== undefined && !isObject(written)) {
    problems.push(`cluster must be an object, got ${show(written)}`);
  }
  const cluster = read("cluster", CLUSTER, isObject(written) ? written : {}, problems);
  const { nodes, gpusPerNode } = cluster;
  return {
    nodes,
    gpusPerNode,
    nodeGraceMs: cluster.nodeGraceMs ?? null,
    nodeLeaseMs: cluster.nodeLeaseMs ?? null,
    backoffMaxMs: cluster.backoffMaxMs ?? null,
    ...(cluster.images === undefined ? {} : { images: readPaths(cluster.images, problems) }),
  };
}

function readPaths(written: unknown, problems: string[]): readonly string[] {
  const paths = (Array.isArray(written) ? written : [written]).map((one: unknown) =>
    isObject(one) ? one["href"] : one,
  );
  const right = paths.filter((path) => typeof path === "string" && path !== "");
  if (!Array.isArray(written) || right.length < paths.length) {
    problems.push(`cluster.images must be a list of paths or URLs, got ${show(written)}`);
  }
  return right as readonly string[];
}

function readSlo(written: unknown, problems: string[]): Slo | null {
  if (!isObject(written)) {
    if (written !== undefined) problems.push(`slo must be an object, got ${show(written)}`);
    return null;
  }
  const before = problems.length;
  const slo = read("slo", SLO, written, problems);
  const { withinMs, goodRatio, breachRatio = goodRatio, windowMs } = slo;
  if (problems.length > before) return null;
  if (breachRatio > goodRatio) {
    problems.push(
      `slo.breach must be at most slo.good (${String(written["good"])}), ` +
        `got ${String(written["breach"])}`,
    );
  }
  return { withinMs, goodRatio, breachRatio, ...(windowMs === undefined ? {} : { windowMs }) };
}

function readAbortWhen(written: unknown, problems: string[]): AbortWhen | null {
  return written === undefined ? null : read("abortWhen", ABORT_WHEN, written, problems);
}

function readChecks(
  written: unknown,
  problems: string[],
): { readonly checks: readonly PlannedCheck[]; readonly definitions: readonly AnyCheck[] } {
  const checks: PlannedCheck[] = [];
  const definitions: AnyCheck[] = [];
  for (const [index, check] of listOf("expect", written, problems).entries()) {
    const path = `expect[${index}]`;
    const definition = isObject(check) ? check["definition"] : null;
    if (!isObject(check) || !isCheck(definition) || !isObject(check["options"])) {
      problems.push(`${path} must be a check such as recovery({ … }), got ${show(check)}`);
      continue;
    }
    const before = problems.length;
    const params = read(path, definition.params, check["options"], problems);
    if (problems.length > before) continue;
    problems.push(...rulesBroken(path, () => definition.problems?.(params as never)));
    checks.push({ name: definition.name, params: asJson(params) });
    definitions.push(definition);
  }
  return { checks, definitions };
}

function isCheck(value: unknown): value is AnyCheck {
  return (
    isObject(value) &&
    typeof value["name"] === "string" &&
    typeof value["judge"] === "function" &&
    isObject(value["params"])
  );
}
