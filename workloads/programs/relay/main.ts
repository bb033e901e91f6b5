// A tier before another: passes requests on to UPSTREAM_HOST:UPSTREAM_PORT. Environment: these,
// PORT, HOST, POD_NAME, TIMEOUT_MS, CONNECTIONS_MAX, DRAIN_QUIET_MS, DRAIN_GRACE_MS.
import { Environment } from "../shared/environment.ts";
import { jsonLog } from "../shared/log.ts";
import { Relay } from "./relay.ts";

const log = jsonLog("relay");
const environment = new Environment(process.env);
const upstream = {
  host: environment.text("UPSTREAM_HOST", "server"),
  port: environment.count("UPSTREAM_PORT", 80, 1, 65_535),
};
const port = environment.count("PORT", 8_080, 0, 65_535);
const host = environment.text("HOST", "0.0.0.0");
const podName = environment.text("POD_NAME", "relay");
const timeoutMs = environment.count("TIMEOUT_MS", 1_000, 1, 600_000);
const connectionsMax = environment.count("CONNECTIONS_MAX", 64, 1, 4_096);
const quietMs = environment.count("DRAIN_QUIET_MS", 2_000, 0, 60_000);
const graceMs = environment.count("DRAIN_GRACE_MS", 9_000, 0, 600_000);
environment.check();

const relay = new Relay({ upstream, timeoutMs, connectionsMax, podName }, log);
log("listening", { port: await relay.listen(port, host), upstream, timeoutMs });
for (const name of ["SIGTERM", "SIGINT"] as const) {
  process.once(name, () => {
    log("stop", { signal: name });
    void relay.drain({ quietMs, graceMs });
  });
}
