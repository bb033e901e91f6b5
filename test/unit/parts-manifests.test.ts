import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import * as fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { stringify } from "yaml";
import { bind } from "../../src/kernel/bind.ts";
import { at } from "../../src/model/json.ts";
import { manifests, type ManifestsOptions } from "../../workloads/parts/manifests.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ninety-manifests-"));
});
afterEach(() => rmSync(folder, { recursive: true }));

const asked: ManifestsOptions = { request: { path: "/", expect: {} } };
const metadata = { name: "web" };
const service = {
  apiVersion: "v1",
  kind: "Service",
  metadata,
  spec: { selector: { app: "web", tier: "front" }, ports: [{ port: 80, targetPort: 8080 }] },
};
function workload(kind: string, spec: object = {}, gpus?: number): { [key: string]: unknown } {
  const resources = gpus === undefined ? {} : { limits: { "nvidia.com/gpu": String(gpus) } };
  const template = {
    metadata: { labels: { app: "web", tier: "front", more: "x" } },
    spec: { containers: [{ name: "web", image: "web:1", resources }] },
  };
  return { apiVersion: "apps/v1", kind, metadata, spec: { ...spec, template } };
}
const deployment = workload("Deployment", { replicas: 3 });

function write(name: string, ...documents: readonly (object | string)[]): string {
  const path = join(folder, name);
  // Of YAML 1.1, as kubectl reads it: there a bare `n` is false.
  const texts = documents.map((one) =>
    typeof one === "string" ? one : stringify(one, { version: "1.1" }),
  );
  writeFileSync(path, texts.join("---\n"));
  return path;
}

describe("what is right", () => {
  test("is a part: its objects as they are, and what follows from Service and workload", () => {
    write("a.yaml", deployment, "# nothing\n");
    write("b.yml", service);
    write("notes.txt", "{");
    mkdirSync(join(folder, "below.yaml"));
    const part = manifests(folder, asked);
    expect(part.problems).toEqual([]);
    expect(part.planned).toEqual({
      part: "web",
      objects: [deployment, service],
      selector: "app=web,tier=front",
      replicas: 3,
      gpusPerPod: 0,
      service: { name: "web", port: 80 },
      request: {
        method: "GET",
        path: "/",
        headers: {},
        body: null,
        expect: { status: 200, contains: null },
      },
    });
    expect(part.nodes).toEqual({ part: "web", kind: "node" });
    expect("gpus" in part).toBe(false);
    for (const same of [relative(process.cwd(), folder), pathToFileURL(folder)]) {
      expect(manifests(same, asked).planned).toEqual(part.planned);
    }
  });

  test.each([
    ["StatefulSet", { replicas: 2 }, 2],
    ["StatefulSet", {}, 1],
    ["DaemonSet", {}, null],
  ])("may be a %s with %j", (kind, spec, replicas) => {
    const path = write("all.yaml", service, workload(kind, spec));
    const part = manifests(path, asked);
    expect(part.problems).toEqual([]);
    expect(part.planned).toMatchObject({ replicas, selector: "app=web,tier=front" });
    const binding = { run: "r1", namespace: "n", images: {} };
    const bound = part.planned.objects.map((object) => bind(object, binding));
    const labels = at(bound[1], "spec", "template", "metadata", "labels");
    expect(labels).toEqual({ app: "web", tier: "front", more: "x", "ninety/run": "r1" });
  });

  test("is chosen where there are several Services and ports", () => {
    const ports = [{ port: 80 }, { port: 90 }];
    const admin = { ...service, metadata: { name: "admin" }, spec: { ...service.spec, ports } };
    const path = write("all.yaml", service, admin, workload("Deployment", {}, 2));
    const options = { ...asked, service: "admin", port: 90, name: "mine", gpus: 2 };
    const part = manifests(path, options);
    expect(part.problems).toEqual([]);
    expect(part.planned).toMatchObject({
      part: "mine",
      gpusPerPod: 2,
      service: { name: "admin", port: 90 },
    });
    expect(part.gpus).toEqual({ part: "mine", kind: "gpu" });
    expect(manifests(path, asked).problems).toEqual([
      "manifests.service must be one of web, admin, got none",
    ]);
    expect(manifests(path, { ...options, port: 91, gpus: 1 }).problems).toEqual([
      "manifests.port must be a port of Service admin (80, 90), got 91",
      "manifests.gpus must be as the pods have it (2), got 1",
    ]);
  });

  test("has an autoscaler's number of pods, which the plan leaves open", () => {
    const scaler = { apiVersion: "autoscaling/v2", kind: "HorizontalPodAutoscaler", metadata };
    const path = write("all.yaml", service, deployment, scaler);
    expect(manifests(path, asked).planned.replicas).toBeNull();
  });

  test("means what it means to kubectl", () => {
    const data = "{ mode: 0644, on: on, no: n, day: 2024-01-02, time: 12:30:00 }\n";
    const config = `apiVersion: v1\nkind: ConfigMap\nmetadata: { name: c }\ndata: ${data}`;
    const path = write("all.yaml", service, deployment, config);
    const { planned, problems } = manifests(path, asked);
    expect(problems).toEqual([]);
    expect(planned.objects[2]?.["data"]).toEqual({
      mode: 0o644,
      true: true,
      false: false,
      day: "2024-01-02",
      time: "12:30:00",
    });
  });
});

describe("what is wrong is told, with file and line", () => {
  test("all of it at once", () => {
    write("a.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: { name: shop }\n", {
      ...deployment,
      metadata: { name: "web", namespace: "shop" },
    });
    write("b.yaml", { ...deployment, metadata });
    const { problems, planned } = manifests(folder, { request: { path: "x" } } as never);
    expect(problems).toEqual([
      expect.stringMatching(/^manifests\.request\.path must be a path/),
      "manifests.request.expect is missing: the answer that is right (such as { status: 200 })",
      `${folder}/a.yaml:1: must be an object of a namespace, got Namespace shop`,
      `${folder}/a.yaml:5: metadata.namespace must be left out, as each run has its own, got shop`,
      `${folder}/b.yaml:1: must be written once, got Deployment web at ${folder}/a.yaml:5 too`,
      "manifests must have a Service, got none",
    ]);
    expect(planned.objects).toEqual([]);
  });

  test("text that is no YAML, and YAML that is no object", () => {
    const path = write("a.yaml", "apiVersion: v1\n", "a: 1\n", "b: [1\nc: }\n", "1\n");
    const { problems } = manifests(path, asked);
    expect(problems.map((one) => one.slice(path.length))).toEqual([
      expect.stringMatching(/^:6: must be YAML, got Flow sequence /),
      ":1: must be a Kubernetes object, got one without kind, metadata.name",
      ":3: must be a Kubernetes object, got one without apiVersion, kind, metadata.name",
      ":8: must be a Kubernetes object, got one without apiVersion, kind, metadata.name",
    ]);
  });

  test("an alias that grows without bound", () => {
    const wider = Array.from(
      { length: 9 },
      (_, nth) => `k${nth + 1}: &k${nth + 1} [${`*k${nth},`.repeat(9)}]\n`,
    );
    const path = write("a.yaml", `k0: &k0 [a]\n${wider.join("")}`);
    const [problem] = manifests(path, asked).problems;
    expect(problem).toMatch(/a\.yaml:1: must be YAML, got Excessive alias count/);
  });

  test.each([
    ["no selector", { selector: {} }, /^Service web must select pods .* that selects nothing$/],
    ["another selector", { selector: { app: "x" } }, /^Service web must select .* selector app=x$/],
    ["no cluster IP", { clusterIP: "None" }, /^Service web must have a cluster IP/],
    ["two ports", { ports: [{ port: 1 }, { port: 2 }] }, /^manifests\.port must be .*\(1, 2\)/],
  ])("a Service with %s", (_what, spec, problem) => {
    const other = { ...service, spec: { ...service.spec, ...spec } };
    const { problems } = manifests(write("a.yaml", other, deployment), asked);
    expect(problems).toEqual([expect.stringMatching(problem)]);
  });

  test("files that are not there", () => {
    const missing = join(folder, "missing");
    expect(manifests(missing, asked).problems).toEqual([
      `${missing} must be a file or a folder that is there`,
    ]);
    expect(manifests(folder, asked).problems).toEqual([
      `${folder} must have 1 to 200 YAML files, got 0`,
    ]);
    expect(manifests(write("a.yaml", "# none\n"), asked).problems).toEqual([
      `${join(folder, "a.yaml")} must have objects`,
    ]);
  });
});

test("a List, a list of one kind and several documents of the same objects are the same plan", () => {
  const dataOf = fc.dictionary(fc.string({ minLength: 1 }), fc.string(), { maxKeys: 4 });
  fc.assert(
    fc.property(fc.array(dataOf, { minLength: 1, maxLength: 5 }), (all) => {
      const configs = all.map((data, nth) => ({
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { name: `c${nth}` },
        data,
      }));
      const objects = [...configs, service, deployment];
      const list = { apiVersion: "v1", kind: "List", items: objects };
      const items = configs.map(({ metadata: named, data }) => ({ metadata: named, data }));
      const ofOne = { apiVersion: "v1", kind: "ConfigMapList", items };
      const forms = [
        write("documents.yaml", ...objects),
        write("list.yaml", list),
        write("one-kind.yaml", ofOne, service, deployment),
        write("list.json", JSON.stringify(list)),
      ].map((path) => manifests(path, asked));
      for (const form of forms) {
        expect(form.problems).toEqual([]);
        expect(form.planned).toEqual(forms[0]?.planned);
      }
      expect(forms[0]?.planned.objects).toEqual(objects);
    }),
    { numRuns: 50 },
  );
});
