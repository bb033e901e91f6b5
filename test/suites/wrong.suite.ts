// States the opposite of what happens: it must end with exit code 1.
import { suite } from "ninety";

export default suite({
  about: "Nobody misses replicas that are all deleted at once.",
  runs: { "canary-broken": { must: "pass" } },
});
