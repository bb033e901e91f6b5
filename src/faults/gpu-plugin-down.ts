import type { Evidence } from "../model/evidence.ts";
import { text } from "../model/fields.ts";
import { numberAt } from "../model/json.ts";
import type { Target } from "../model/target.ts";
import { defineFault } from "../ports/fault.ts";
import { lookAtPlugin } from "../ports/looks.ts";
import type { Witness } from "../ports/witness.ts";

/** Every device plugin has this folder mounted: the kubelet's socket and its own are in it. */
const PLUGINS = "/var/lib/kubelet/device-plugins";
const NAME = /^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)?$/;

type Seen = {
  /** GPUs that the node offers; null: there is no such node. */
  readonly allocatable: number | null;
  /** Whether the plugin tells its metrics; null: there is none of ours on that node. */
  readonly tells: boolean | null;
};

/** The device plugin of a node dies and stays dead: no GPU can be given to a new pod there. */
export const gpuPluginDown = defineFault({
  name: "gpu-plugin-down",
  about:
    "The device plugin of a node is killed whenever it runs: pods keep their GPUs, no new one gets " +
    "any. The kubelet's back-off delays its return: 13 s after a fault of 60s, up to 5 min.",
  on: "node",
  lasts: "held",
  kinds: ["container-down"],
  evidence:
    "GPUs that the node offers, which are none where there were some, and the metrics of the " +
    "device plugin, which do not answer.",
  params: {
    container: text({
      about: `name of the plugin's container; empty: the only one with ${PLUGINS} mounted`,
      default: "",
      pattern: NAME,
      rule: "a container's name or empty",
    }),
  },
  effects: ({ container }, { node }) => [
    { kind: "container-down", node, of: { mountsAt: PLUGINS }, container },
  ],
  observe: look,
  proof: (before, now, _params, { node }) => ({
    effect: effectOf(before, now),
    by: `allocatable of node ${node}, and metrics of its device plugin`,
    saw: { before, now },
    needed:
      `no GPU allocatable on ${node}, which had some, and no word from its device plugin, where ` +
      `there was one; gone once all of them are allocatable again and it tells`,
  }),
  // The node's allocatable is told every 10 s; the plugin waits to be started again.
  proofWithinMs: 120_000,
});

async function look(witness: Witness, { node }: Target<"node">): Promise<Seen> {
  const [object, plugin] = await Promise.all([
    witness.object(`api/v1/nodes/${node}`),
    lookAtPlugin(witness, node),
  ]);
  const offered = numberAt(object, "status", "allocatable", "nvidia.com/gpu") ?? 0;
  return {
    allocatable: object === null ? null : offered,
    tells: plugin === null ? null : plugin.answered && plugin.status === 200,
  };
}

function effectOf(before: Seen, now: Seen): Evidence["effect"] {
  if (before.allocatable === null || before.allocatable === 0) return "unclear";
  if (before.tells === false || now.allocatable === null) return "unclear";
  if (now.allocatable >= before.allocatable) {
    return before.tells === null || now.tells === true ? "absent" : "unclear";
  }
  // Some are left: devices are bad, and the plugin says so.
  return now.allocatable === 0 && now.tells !== true ? "present" : "unclear";
}
