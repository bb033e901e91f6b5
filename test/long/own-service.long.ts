// A service that ninety did not write, Envoy: deployed by a run from YAML files, and found where it
// was before, on a local cluster with an image of its own.
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { cacheRoot } from "../../src/cli/folders.ts";
import { runningLocal } from "../../src/cli/compose.ts";
import { statePaths } from "../../src/clusters/local/layout.ts";
import { stateFolder } from "../../src/clusters/local/state.ts";
import { at, type KubeObject } from "../../src/model/json.ts";
import type { Finding } from "../../src/model/verdict.ts";
import type { Cluster } from "../../src/ports/cluster.ts";
import { envoyImage } from "../support/envoy-image.ts";
import { notPassed } from "../support/not-passed.ts";
import { ninety, ROOT, type Ended } from "../support/ninety.ts";

const INSTANCE = "e2e-own-service";
const NAMESPACE = "shop";
const FIXTURES = join(ROOT, "test/fixtures/envoy");

interface Report {
  readonly outcome: string;
  readonly findings: readonly Finding[];
  readonly steps: readonly { readonly proved: string }[];
}

/** A run on the cluster that is up, which must pass. */
async function passes(experiment: string): Promise<void> {
  const file = `test/support/${experiment}.experiment.ts`;
  const ended = await ninety(["run", file, "--instance", INSTANCE, "--json", "--seed", "7"]);
  const report = reportOf(ended);
  expect(notPassed(report.findings)).toEqual([]);
  expect([report.outcome, ended.code]).toEqual(["pass", 0]);
  expect(report.steps).toMatchObject([{ proved: "proved" }]);
}

function reportOf(ended: Ended): Report {
  try {
    return JSON.parse(ended.stdout) as Report;
  } catch {
    throw new Error(`no report (exit ${ended.code}):\n${ended.stderr.slice(-4_000)}`);
  }
}

function attached(): Cluster {
  const cluster = runningLocal(INSTANCE);
  if (!cluster) throw new Error(`${INSTANCE} must be up`);
  return cluster;
}

function kubectl(...args: readonly string[]): string {
  const program = join(statePaths(stateFolder(cacheRoot(), INSTANCE)).bin, "kubectl");
  const env = { ...process.env, KUBECONFIG: attached().kubeconfigPath };
  return execFileSync(program, args, { encoding: "utf8", env });
}

/** What is its owner's: identity, labels, and what is wanted. */
function owned({ metadata, spec, ...rest }: KubeObject): unknown {
  return [at(metadata, "uid"), metadata.labels, metadata.annotations, spec, rest["data"]];
}

beforeAll(async () => {
  await ninety(["cluster", "down", "--instance", INSTANCE]);
  const image = ["--image", await envoyImage()];
  const up = await ninety(["cluster", "up", "--instance", INSTANCE, ...image, "--json"]);
  if (up.code !== 0) throw new Error(`cluster up ended with ${up.code}: ${up.stderr}`);
});
afterAll(async () => {
  expect((await ninety(["cluster", "down", "--instance", INSTANCE])).code).toBe(0);
});

test("three Envoys from YAML files, one killed: passes", async () => {
  await passes("envoy-manifests");
  expect(await attached().api.get("api/v1/namespaces/ninety-envoy-manifests")).toBeNull();
});

test("three Envoys that were there before, one killed: passes and leaves them theirs", async () => {
  kubectl("create", "namespace", NAMESPACE);
  kubectl("apply", "--namespace", NAMESPACE, "--filename", FIXTURES);
  kubectl("rollout", "status", "--namespace", NAMESPACE, "deployment/envoy", "--timeout", "90s");
  const { api } = attached();
  const core = `api/v1/namespaces/${NAMESPACE}`;
  const paths = [
    `api/v1/namespaces/${NAMESPACE}`,
    `${core}/configmaps/envoy`,
    `${core}/services/envoy`,
    `apis/apps/v1/namespaces/${NAMESPACE}/deployments/envoy`,
  ];
  const look = async (): Promise<readonly unknown[]> =>
    Promise.all(paths.map(async (path) => owned((await api.get(path)) as unknown as KubeObject)));
  const podsNow = async (): Promise<readonly KubeObject[]> => api.list(`${core}/pods`);
  const before = { objects: await look(), pods: await podsNow() };
  await passes("envoy-existing");
  const pods = await podsNow();
  expect(await look()).toEqual(before.objects);
  const uidsBefore = before.pods.map((pod) => at(pod.metadata, "uid"));
  expect(pods.map(({ metadata }) => metadata.labels)).toEqual(
    before.pods.map(({ metadata }) => metadata.labels),
  );
  // It was done: one of the three is another one.
  expect(pods.filter(({ metadata }) => !uidsBefore.includes(at(metadata, "uid")))).toHaveLength(1);
});
