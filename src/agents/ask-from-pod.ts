// Asks a service as a client in a pod of this node would: `ask-from-pod.ts <JSON>`, `{pod, ask}`
// with what `net-effects ask` takes but for the process. Changes nothing.
import type { Target } from "../model/target.ts";
import { askInNetwork } from "./net-program.ts";

const { pod, ask } = JSON.parse(process.argv[2] ?? "{}") as {
  readonly pod: Target<"pod">;
  readonly ask: object;
};
process.exitCode = askInNetwork(pod, ask);
