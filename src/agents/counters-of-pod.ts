// Says what the kernel has counted in the network of a pod of this node, as an object:
// `counters-of-pod.ts <JSON>`, `{pod}`. Changes nothing.
import { countersIn } from "../model/counters.ts";
import type { Target } from "../model/target.ts";
import { countedInNetwork } from "./net-program.ts";

const { pod } = JSON.parse(process.argv[2] ?? "{}") as { readonly pod: Target<"pod"> };
process.stdout.write(`${JSON.stringify(countersIn(countedInNetwork(pod).split("\n")))}\n`);
