import { existsSync, readdirSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";

/** What only a machine with NVIDIA's driver has. */
const DRIVER_PATHS = ["/dev/nvidiactl", "/proc/driver/nvidia"];
const CONNECT_MS = 1_000;

/**
 * Why virtual GPUs must not be offered here, or null: the driver is there, or somebody listens on a
 * socket of NVIDIA's plugin in the plugin folder. A socket that nobody serves is only a leftover.
 */
export async function realPlugin(
  pluginFolder: string,
  driverPaths: readonly string[] = DRIVER_PATHS,
): Promise<string | null> {
  const driver = driverPaths.find((path) => existsSync(path));
  if (driver !== undefined) return `${driver} is there: this node has real GPUs`;
  const sockets = existsSync(pluginFolder) ? readdirSync(pluginFolder) : [];
  for (const name of sockets.filter((each) => /nvidia.*\.sock$/i.test(each))) {
    if (await isServed(join(pluginFolder, name))) {
      return `${name} is served: this node has NVIDIA's device plugin`;
    }
  }
  return null;
}

function isServed(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const end = (served: boolean): void => {
      socket.destroy();
      resolve(served);
    };
    socket.setTimeout(CONNECT_MS, () => end(true));
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
  });
}
