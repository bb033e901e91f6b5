import { at, listAt, textAt, type KubeObject } from "../model/json.ts";
import { PROGRAMS_IMAGE } from "../model/plan.ts";
import { objectName } from "./kube-path.ts";

const REMEDY =
  "one of ninety's own comes with a cluster that the run starts itself (ninety cluster down), " +
  'one of yours with its archive: cluster: { images: ["image.tar"] }';

/** As a container runtime completes it: `nginx` is `docker.io/library/nginx:latest`. */
export function fullReference(image: string): string {
  const [first = "", ...rest] = image.split("/");
  const hasRegistry = rest.length > 0 && (/[.:]/.test(first) || first === "localhost");
  const name = hasRegistry
    ? image
    : rest.length > 0
      ? `docker.io/${image}`
      : `docker.io/library/${image}`;
  const last = name.slice(name.lastIndexOf("/") + 1);
  return /[:@]/.test(last) ? name : `${name}:latest`;
}

/** Images that nodes without a registry lack; `there`: those that each of them has. */
export function imageProblems(
  objects: readonly KubeObject[],
  there: readonly string[],
): readonly string[] {
  const known = new Set(there.map(fullReference));
  const problems = objects.flatMap((object) =>
    containersOf(object).flatMap((container) => {
      const image = textAt(container, "image");
      const where = `${objectName(object)}: container ${textAt(container, "name")}`;
      if (image === "") return [];
      const reference = fullReference(image);
      if (!known.has(reference)) {
        return [
          `${where}: image must be on the nodes of the local cluster, got ${image}; ${REMEDY}`,
        ];
      }
      // Kubernetes' own default.
      const always = reference.endsWith(":latest") ? "Always" : "IfNotPresent";
      const policy = textAt(container, "imagePullPolicy") || always;
      if (policy !== "Always") return [];
      return [
        `${where}: imagePullPolicy must be IfNotPresent or Never on the local cluster, ` +
          `which has no registry, got ${policy} for ${image}`,
      ];
    }),
  );
  return [...new Set(problems)];
}

function containersOf(object: KubeObject): readonly unknown[] {
  const spec =
    object.kind === "Pod"
      ? at(object, "spec")
      : (at(object, "spec", "template", "spec") ??
        at(object, "spec", "jobTemplate", "spec", "template", "spec"));
  return [...listAt(spec, "initContainers"), ...listAt(spec, "containers")];
}

/** Objects of a kubeconfig cluster that run ninety's programs, where nobody said what image. */
export function programsProblems(
  objects: readonly KubeObject[],
  images: Readonly<Record<string, string>>,
): readonly string[] {
  if (images[PROGRAMS_IMAGE] !== undefined) return [];
  const running = objects.filter((object) =>
    containersOf(object).some((container) => textAt(container, "image") === PROGRAMS_IMAGE),
  );
  return running.map(
    (object) =>
      `${objectName(object)} runs ninety's programs: ` +
      "it needs --image <reference of ninety's programs>, got none",
  );
}
