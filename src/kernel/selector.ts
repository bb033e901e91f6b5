import { at, listAt, textAt, type KubeObject } from "../model/json.ts";

type Labels = Readonly<Record<string, string>>;

/** Whether labels have all of `key=value,key=value`. */
export function selects(selector: string, labels: Labels | undefined): boolean {
  return selector.split(",").every((term) => {
    const [key = "", wanted = ""] = term.split("=", 2).map((side) => side.trim());
    return labels?.[key] === wanted;
  });
}

/** Whether a LabelSelector object (`matchLabels`, `matchExpressions`) selects such labels. */
export function selectsBy(selector: unknown, labels: Labels): boolean {
  const wanted = Object.entries((at(selector, "matchLabels") ?? {}) as Labels);
  return (
    wanted.every(([key, value]) => labels[key] === value) &&
    listAt(selector, "matchExpressions").every((one) => holds(one, labels))
  );
}

function holds(expression: unknown, labels: Labels): boolean {
  const value = labels[textAt(expression, "key")];
  const values = listAt(expression, "values");
  switch (textAt(expression, "operator")) {
    case "In":
      return value !== undefined && values.includes(value);
    case "NotIn":
      return value === undefined || !values.includes(value);
    case "Exists":
      return value !== undefined;
    case "DoesNotExist":
      return value === undefined;
    default:
      return false;
  }
}

/** Labels of the pods that a workload makes. */
export function templateLabels(workload: KubeObject): Labels {
  return (at(workload, "spec", "template", "metadata", "labels") ?? {}) as Labels;
}
