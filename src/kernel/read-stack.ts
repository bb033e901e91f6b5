import { messageOf } from "../model/error.ts";
import { read, type Fields } from "../model/fields.ts";
import type { LoadPlan, PlannedPart } from "../model/plan.ts";
import type { Part } from "../ports/author.ts";
import type { LoadDefinition } from "../ports/load.ts";
import { asJson, isObject, listOf, rulesBroken, show } from "./shape.ts";

const PART_NAME = /^[a-z0-9]([-a-z0-9]{0,48}[a-z0-9])?$/;

/** The parts that are whole, with every problem of the others told. */
export function readStack(written: unknown, problems: string[]): readonly Part[] {
  const parts: Part[] = [];
  for (const [index, part] of listOf("stack", written, problems).entries()) {
    const path = `stack[${index}]`;
    if (!isPart(part)) {
      problems.push(`${path} must be a part such as modelServer({ … }), got ${show(part)}`);
      continue;
    }
    problems.push(...part.problems.map((problem) => `${path}: ${problem}`));
    if (!PART_NAME.test(part.part)) {
      problems.push(
        `${path} must have a kebab-case name, at most 50 characters, got ${show(part.part)}`,
      );
    }
    if (parts.some((other) => other.part === part.part)) {
      problems.push(`${path} must have a name of its own, got ${show(part.part)} again`);
      continue;
    }
    for (const [at, object] of part.planned.objects.entries()) {
      if (!isKubeObject(object)) {
        problems.push(
          `${path} (${part.part}) object ${at} must have apiVersion, kind and metadata.name, ` +
            `got ${show(object)}`,
        );
      }
    }
    parts.push(part);
  }
  return parts;
}

function isPart(value: unknown): value is Part {
  if (!isObject(value) || typeof value["part"] !== "string") return false;
  const { planned, problems } = value;
  return (
    isObject(planned) &&
    Array.isArray(planned["objects"]) &&
    planned["part"] === value["part"] &&
    isOrNull(planned["selector"], "string") &&
    isOrNull(planned["replicas"], "number") &&
    typeof planned["gpusPerPod"] === "number" &&
    isOrNull(planned["service"], "object") &&
    Array.isArray(problems) &&
    problems.every((problem) => typeof problem === "string")
  );
}

function isOrNull(value: unknown, type: string): boolean {
  return value === null || typeof value === type;
}

function isKubeObject(value: unknown): boolean {
  if (!isObject(value) || !isObject(value["metadata"])) return false;
  return [value["apiVersion"], value["kind"], value["metadata"]["name"]].every(
    (field) => typeof field === "string" && field !== "",
  );
}

/** Null where something is wrong with it, and that is told. */
export function readLoad(
  written: unknown,
  stack: readonly Part[],
  problems: string[],
): LoadPlan | null {
  if (written === undefined) return null;
  const definition = isObject(written) ? written["definition"] : null;
  if (!isObject(written) || !isLoad(definition) || !isObject(written["options"])) {
    problems.push(`load must be a load such as predict({ … }), got ${show(written)}`);
    return null;
  }
  const before = problems.length;
  const params = read("load", definition.params, written["options"], problems);
  const part = servicePart(written["to"], stack, problems);
  if (problems.length > before || part === null) return null;
  problems.push(...rulesBroken("load", () => definition.problems?.(params, part)));
  if (problems.length > before) return null;
  try {
    const plan = definition.plan(params, part.part, part);
    const wrong = loadProblem(plan);
    if (wrong === null) return { ...plan, options: asJson(plan.options) };
    problems.push(wrong);
  } catch (error) {
    problems.push(`load could not be planned: ${messageOf(error)}`);
  }
  return null;
}

/** The part that the load is offered to: it must be there and have a service. */
function servicePart(
  name: unknown,
  stack: readonly Part[],
  problems: string[],
): PlannedPart | null {
  const serving: readonly PlannedPart[] = stack
    .map(({ planned }) => planned)
    .filter(({ service }) => service !== null);
  const hit = serving.find(({ part }) => part === name);
  if (hit) return hit;
  const known = serving.map(({ part }) => part).join(", ") || "none";
  const why = stack.some(({ part }) => part === name) ? "which has no service" : "not in the stack";
  problems.push(`load.to must be a part with a service (${known}), got ${show(name)}, ${why}`);
  return null;
}

function isLoad(value: unknown): value is LoadDefinition<Fields> {
  return (
    isObject(value) &&
    typeof value["name"] === "string" &&
    typeof value["plan"] === "function" &&
    isObject(value["params"])
  );
}

/** What is wrong with what a load plug-in made of its options, or null. */
function loadProblem(plan: LoadPlan): string | null {
  if (!isObject(plan) || !isObject(plan.options) || !Array.isArray(plan.scenarios)) {
    return `load must give a plan with scenarios and options, got ${show(plan)}`;
  }
  const names = plan.scenarios.map(({ name }) => name);
  if (names.length === 0 || new Set(names).size !== names.length) {
    return `load.scenarios must be at least one, each with its own name, got ${show(names)}`;
  }
  if (!(plan.rateRps > 0) || !(plan.timeoutMs > 0)) {
    return `load must have a rate and a timeout, got ${plan.rateRps}/s and ${plan.timeoutMs} ms`;
  }
  return null;
}
