// A folder that is on the node's own disk: nothing may be written there.
import { experiment, one } from "ninety";
import { recovery } from "ninety/checks/recovery";
import { diskFill } from "ninety/faults/disk-fill";
import { requests } from "ninety/load/requests";
import { manifests } from "ninety/parts/manifests";

const scratch = manifests(new URL("../fixtures/scratch/", import.meta.url), {
  request: { path: "/", expect: { status: 200, contains: "scratch" } },
});

export default experiment({
  hypothesis: "A disk that others have too is not filled.",
  cluster: { gpusPerNode: 0 },
  stack: [scratch],
  load: requests({ to: scratch, rate: "5/s", connections: ["new"] }),
  slo: { within: "250ms", good: "99%", breach: "95%" },
  warmup: "1s",
  steady: "20s",
  faults: [diskFill({ on: one(scratch.pods), for: "10s", path: "/shared" })],
  observe: "10s",
  expect: [recovery({ service: "10s" })],
});
