// Holds on a node what must be done on a node. NINETY_AGENT_SOCKET, NINETY_JOURNAL and
// NINETY_DEVICE_ROOT move its places.
import { agentSocketPath } from "./agent-socket.ts";
import { kindsDoneBy } from "../model/effect-facts.ts";
import { runHolder } from "./holder-program.ts";
import { journalFolder } from "./journal.ts";

await runHolder({
  name: "node-agent",
  socketPath: agentSocketPath(),
  journalFolder: journalFolder(),
  kinds: kindsDoneBy("node"),
  // Well within the pod's grace.
  releaseMaxMs: 3_000,
});
