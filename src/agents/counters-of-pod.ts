// Says what the kernel has counted in the network of a pod of this node, a line of names and one of
// numbers for each group: `counters-of-pod.ts <JSON>`, `{pod}`. Changes nothing.
import type { Target } from "../model/target.ts";
import { countedInNetwork } from "./net-program.ts";

const { pod } = JSON.parse(process.argv[2] ?? "{}") as { readonly pod: Target<"pod"> };
process.stdout.write(countedInNetwork(pod));
