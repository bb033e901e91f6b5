// JSON Patch on the objects of an experiment's stack: an advice is tried without editing the file.
// Pure.
import { InvalidExperiment } from "../model/error.ts";
import { at, listAt, stableText, type Json, type KubeObject } from "../model/json.ts";
import { applyPatch, type PatchOperation } from "../model/json-patch.ts";
import type { StackPatch } from "../model/plan.ts";
import type { Reading } from "./experiment.ts";
import { isObject, show } from "./shape.ts";

const PATCHES_MAX = 20;
const OPERATIONS_MAX = 100;

/**
 * Patches as JSON has them: one, a list, each bare or as `patch` of a piece of advice, or a plan's
 * `patches`. Throws InvalidExperiment with every problem.
 */
export function readPatches(written: unknown): readonly StackPatch[] {
  const found = isObject(written) && "patches" in written ? written["patches"] : written;
  const all: readonly unknown[] = Array.isArray(found) ? found : [found];
  const problems: string[] = [];
  if (all.length < 1 || all.length > PATCHES_MAX) {
    problems.push(`patches must be 1 to ${PATCHES_MAX}, got ${all.length}`);
  }
  const patches = all
    .slice(0, PATCHES_MAX)
    .flatMap((one) => readPatch(isObject(one) && "patch" in one ? one["patch"] : one, problems));
  if (problems.length > 0) throw new InvalidExperiment(problems);
  return patches;
}

function readPatch(written: unknown, problems: string[]): readonly StackPatch[] {
  if (!isObject(written)) {
    problems.push(
      `patch must be an object with apiVersion, kind, name and operations, got ${show(written)}`,
    );
    return [];
  }
  const { apiVersion, kind, name, operations } = written;
  for (const [field, value] of Object.entries({ apiVersion, kind, name })) {
    if (typeof value === "string" && value !== "") continue;
    problems.push(`patch.${field} must be text, got ${show(value)}`);
  }
  const listed: readonly unknown[] = Array.isArray(operations) ? operations : [];
  if (listed.length < 1 || listed.length > OPERATIONS_MAX) {
    problems.push(`patch.operations must be 1 to ${OPERATIONS_MAX}, got ${listed.length}`);
  }
  const read = listed
    .slice(0, OPERATIONS_MAX)
    .flatMap((one, i) => readOperation(one, `patch.operations[${i}]`, problems));
  return [{ apiVersion, kind, name, operations: read } as StackPatch];
}

function readOperation(
  written: unknown,
  where: string,
  problems: string[],
): readonly PatchOperation[] {
  const { op, path, value } = isObject(written) ? written : {};
  if (op !== "add" && op !== "replace" && op !== "remove" && op !== "test") {
    problems.push(`${where}.op must be add, replace, remove or test, got ${show(op)}`);
    return [];
  }
  if (typeof path !== "string") {
    problems.push(`${where}.path must be text, got ${show(path)}`);
    return [];
  }
  if (op === "remove") return [{ op, path }];
  if (value === undefined) {
    problems.push(`${where}.value is missing`);
    return [];
  }
  return [{ op, path, value: value as Json }];
}

/** The experiment with its stack patched. Throws InvalidExperiment where one does not apply. */
export function patched(reading: Reading, patches: readonly StackPatch[]): Reading {
  if (patches.length === 0) return reading;
  let { stack } = reading;
  for (const patch of patches) {
    const { was, now } = patchedObject(stack, patch);
    stack = stack.map((part) => ({
      ...part,
      objects: part.objects.map((object) => (object === was ? now : object)),
    }));
  }
  return { ...reading, stack, patches };
}

function patchedObject(
  stack: Reading["stack"],
  { apiVersion, kind, name, operations }: StackPatch,
): { readonly was: KubeObject; readonly now: KubeObject } {
  const objects = stack.flatMap((part) => part.objects);
  const found = objects.filter((one) => one.kind === kind && one.metadata.name === name);
  const [was, ...others] = found.filter((one) => one.apiVersion === apiVersion);
  if (!was || others.length > 0) {
    const known = objects.map(nameOf).join(", ") || "it has none";
    const got = found.length > 0 ? `${kind}/${name} of ${apiVersion}` : `${kind}/${name}`;
    throw new InvalidExperiment([
      `patch must be of one object of the stack (${known}), got ${got}`,
    ]);
  }
  const told = applyPatch(was as unknown as Json, operations);
  if ("problem" in told) throw new InvalidExperiment([`${nameOf(was)}: ${told.problem}`]);
  const now = told.value as unknown as KubeObject;
  const problems = changedGrounds(was, now);
  if (problems.length > 0) throw new InvalidExperiment(problems);
  return { was, now };
}

const nameOf = ({ kind, metadata }: KubeObject): string => `${kind}/${metadata.name}`;

/** What targets, load and readiness were planned from. */
const GROUNDS: readonly (readonly string[])[] = [
  ["apiVersion"],
  ["kind"],
  ["metadata", "name"],
  ["metadata", "namespace"],
  ["metadata", "labels"],
  ["spec", "replicas"],
  ["spec", "selector"],
  ["spec", "ports"],
  ["spec", "template", "metadata", "labels"],
];

function changedGrounds(was: KubeObject, now: KubeObject): readonly string[] {
  const facts = GROUNDS.map(
    (path) => [path.join("."), at(was, ...path), at(now, ...path)] as const,
  );
  const all = [...facts, ["GPUs of a pod", gpusOf(was), gpusOf(now)] as const];
  return all
    .filter(([, before, after]) => textOf(before) !== textOf(after))
    .map(
      ([what, before, after]) =>
        `${nameOf(was)}: ${what} must stay as the experiment has it, ${textOf(before)}, ` +
        `got ${textOf(after)}`,
    );
}

const textOf = (value: unknown): string => (value === undefined ? "nothing" : stableText(value));

function gpusOf(object: KubeObject): readonly unknown[] {
  return listAt(object, "spec", "template", "spec", "containers").flatMap((container) => {
    const gpus = at(container, "resources", "limits", "nvidia.com/gpu");
    return gpus === undefined ? [] : [gpus];
  });
}
