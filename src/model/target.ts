export type TargetKind = "node" | "pod" | "gpu" | "link" | "cluster";
/** Kinds of things that a part has, and that are picked by number. */
export type CountedKind = Exclude<TargetKind, "link" | "cluster">;

/** A pod at one end of a link, where packets of the other end know it by its address. */
export type LinkEnd = Target<"pod"> & { readonly address: string };

/** A resolved thing that a fault meets. */
export type Target<K extends TargetKind = TargetKind> = {
  node: { readonly kind: "node"; readonly node: string };
  pod: {
    readonly kind: "pod";
    readonly namespace: string;
    readonly name: string;
    readonly uid: string;
    readonly node: string;
  };
  /** A device on a node; `holder` is the pod that had it when it was drawn. */
  gpu: {
    readonly kind: "gpu";
    readonly node: string;
    readonly device: string;
    readonly holder: Target<"pod"> | null;
  };
  link: {
    readonly kind: "link";
    readonly from: readonly LinkEnd[];
    readonly to: readonly LinkEnd[];
  };
  /** What there is once: control plane, cluster DNS. */
  cluster: { readonly kind: "cluster" };
}[K];

/** Which things, by part: never by label text. */
export interface Group<K extends TargetKind> {
  readonly part: string;
  readonly kind: K;
}

/** How many of a group; a count is exact: fewer matches than asked touches nothing. */
export type Pick<K extends TargetKind = TargetKind> = {
  node: SinglePick<"node">;
  pod: SinglePick<"pod">;
  gpu: SinglePick<"gpu">;
  link: { readonly kind: "link"; readonly from: SinglePick<"pod">; readonly to: SinglePick<"pod"> };
  cluster: { readonly kind: "cluster" };
}[K];
interface SinglePick<K extends TargetKind> {
  readonly kind: K;
  readonly part: string;
  readonly count: number | "all";
}

/** One line a person can find the thing by: `gpu GPU-n2-0 on n2 (held by server-abc)`. */
export function showTarget(target: Target): string {
  switch (target.kind) {
    case "node":
      return `node ${target.node}`;
    case "pod":
      return `pod ${target.namespace}/${target.name} on ${target.node}`;
    case "gpu":
      return `gpu ${target.device} on ${target.node} (held by ${target.holder?.name ?? "no pod"})`;
    case "link":
      return `link of ${target.from.length} pods to ${target.to.length} pods`;
    case "cluster":
      return "the cluster";
  }
}

/** For people: `1 pod of server`. */
export function showPick(on: Pick): string {
  if (on.kind === "cluster") return "the cluster";
  if (on.kind !== "link") return `${on.count} ${on.kind} of ${on.part}`;
  return `the link of ${showPick(on.from)} to ${showPick(on.to)}`;
}
