// Moves pods off devices that are Unhealthy. Environment: NAMESPACE, SELECTOR, AT_MOST, GAP_MS,
// MOVE_LIMIT_MS; the service account and KUBERNETES_SERVICE_* as every pod has them.
import { Environment } from "../shared/environment.ts";
import { jsonLog } from "../shared/log.ts";
import { Mover } from "./mover.ts";
import { watchPods } from "./pod-watch.ts";

const log = jsonLog("mover");
const environment = new Environment(process.env);
const namespace = environment.text("NAMESPACE", "default");
const selector = environment.text("SELECTOR", "ninety/part=server");
const atMost = environment.count("AT_MOST", 1, 1, 50);
const gapMs = environment.count("GAP_MS", 1_000, 0, 600_000);
const moveLimitMs = environment.count("MOVE_LIMIT_MS", 300_000, 1_000, 3_600_000);
const access = {
  host: environment.text("KUBERNETES_SERVICE_HOST", "127.0.0.1"),
  port: environment.count("KUBERNETES_SERVICE_PORT", 443, 1, 65_535),
  folder: environment.text(
    "SERVICE_ACCOUNT_FOLDER",
    "/var/run/secrets/kubernetes.io/serviceaccount",
  ),
};
environment.check();

const stopped = new AbortController();
for (const name of ["SIGTERM", "SIGINT"] as const) {
  process.once(name, () => {
    log("stop", { signal: name });
    stopped.abort();
  });
}
const settings = { atMost, gapUs: gapMs * 1_000, moveLimitUs: moveLimitMs * 1_000 };
const mover = new Mover({ access, namespace, settings, log, signal: stopped.signal });
log("start", { namespace, selector, atMost, gapMs, moveLimitMs });
await watchPods(
  access,
  { namespace, selector },
  { onPods: (pods) => mover.see(pods), onGap: (why) => mover.lose(why), log },
  stopped.signal,
);
