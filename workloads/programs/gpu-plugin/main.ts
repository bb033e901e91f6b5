/**
 * Virtual GPUs for a node without any: registers `nvidia.com/gpu` with the kubelet, keeps one
 * folder per device on the node, reports health both ways, and serves DCGM-named metrics.
 *
 * NODE_NAME (required), GPUS (2), PLUGIN_FOLDER (/var/lib/kubelet/device-plugins), DEVICE_ROOT
 * (/var/lib/ninety/gpus), RESOURCE_NAME (nvidia.com/gpu), METRICS_PORT (9400), METRICS_HOST (::),
 * BESIDE_REAL_GPUS (false). Exit codes: 0 after SIGTERM, 1 beside real GPUs, 3 wrong settings.
 */
import { createServer } from "node:http";
import { DEVICE_ROOT } from "../../../src/model/device.ts";
import { EXIT, NinetyError } from "../../../src/model/error.ts";
import { DEVICE_POLL_MS, DeviceFolder } from "../shared/device-folder.ts";
import { Environment } from "../shared/environment.ts";
import { jsonLog } from "../shared/log.ts";
import { createDevices, deviceIds } from "./devices.ts";
import { GpuMetrics } from "./gpu-metrics.ts";
import { Plugin } from "./plugin.ts";
import { realPlugin } from "./real-plugin.ts";

const SOCKET_NAME = "ninety-gpu.sock";
const DEVICE_ID_MAX = 63;

const log = jsonLog("gpu-plugin");

function readSettings() {
  const read = new Environment(process.env);
  const settings = {
    node: read.text("NODE_NAME", ""),
    gpus: read.count("GPUS", 2, 0, 64),
    pluginFolder: read.text("PLUGIN_FOLDER", "/var/lib/kubelet/device-plugins"),
    deviceRoot: read.text("DEVICE_ROOT", DEVICE_ROOT),
    resourceName: read.text("RESOURCE_NAME", "nvidia.com/gpu"),
    metricsPort: read.count("METRICS_PORT", 9400, 0, 65_535),
    metricsHost: read.text("METRICS_HOST", "::"),
    besideRealGpus: read.flag("BESIDE_REAL_GPUS", false),
  };
  read.check();
  const longest = `GPU-${settings.node}-${settings.gpus}`;
  if (settings.node === "" || longest.length > DEVICE_ID_MAX) {
    const rule = `NODE_NAME must be set and ${longest} at most ${DEVICE_ID_MAX} characters`;
    throw new NinetyError(`${rule}, got ${JSON.stringify(settings.node)}`, { exit: EXIT.usage });
  }
  return settings;
}

function serveMetrics(metrics: GpuMetrics, plugin: Plugin, port: number, host: string): void {
  const server = createServer((request, response) => {
    if (request.url === "/healthz") {
      response.statusCode = plugin.registered ? 200 : 503;
      response.end(plugin.registered ? "registered\n" : "not registered\n");
    } else if (request.url === "/metrics") {
      void metrics.text().then((text) => {
        response.setHeader("content-type", metrics.contentType);
        response.end(text);
      });
    } else {
      response.statusCode = 404;
      response.end();
    }
  });
  server.listen(port, host, () => {
    const address = server.address();
    log("listening", { port: typeof address === "object" ? address?.port : port });
  });
}

async function main(): Promise<void> {
  const settings = readSettings();
  const real = await realPlugin(settings.pluginFolder);
  if (real !== null && !settings.besideRealGpus) {
    throw new NinetyError(`virtual GPUs refused on ${settings.node}: ${real}`, {
      exit: EXIT.fail,
      hint: "keep this plugin off nodes with GPUs, or set BESIDE_REAL_GPUS=true",
    });
  }
  const ids = deviceIds(settings.node, settings.gpus);
  createDevices(settings.deviceRoot, ids);
  const onProblem = (message: string): void => log("device-unread", { message });
  const devices = ids.map((id) => new DeviceFolder(settings.deviceRoot, id, onProblem));
  const plugin = new Plugin({ ...settings, socketName: SOCKET_NAME, devices, log });
  const metrics = new GpuMetrics(settings.node, devices);
  log("start", { pid: process.pid, settings });
  plugin.start();
  setInterval(() => metrics.look(), DEVICE_POLL_MS);
  serveMetrics(metrics, plugin, settings.metricsPort, settings.metricsHost);
  for (const signal of ["SIGTERM", "SIGINT"]) {
    process.on(signal, () => {
      plugin.stop();
      log("end", { signal });
      process.exit(0);
    });
  }
}

try {
  await main();
} catch (error) {
  if (!(error instanceof NinetyError)) throw error;
  log("fatal", { reason: error.message, hint: error.hint, exitCode: error.exit });
  process.exit(error.exit);
}
