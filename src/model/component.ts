/** A program that makes a machine a node: `container-runtime` is containerd or CRI-O. */
export type NodeProgram = "kubelet" | "container-runtime";

/** By the name of its program. */
export type ControlComponent =
  | "kube-apiserver"
  | "etcd"
  | "kube-scheduler"
  | "kube-controller-manager";
