// A Chromium of the machine; with root and apt it is installed.
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { chromium, type Browser } from "playwright-core";

const PATH = "/usr/bin/chromium";

/** Debian's Chromium; installed when it is missing and we may. */
export async function launchChromium(): Promise<Browser> {
  if (!existsSync(PATH)) {
    const install = ["install", "-y", "--no-install-recommends", "chromium"];
    try {
      execFileSync("apt-get", install, { stdio: "ignore" });
    } catch {
      execFileSync("apt-get", ["update"], { stdio: "ignore" });
      execFileSync("apt-get", install, { stdio: "ignore" });
    }
  }
  return chromium.launch({
    executablePath: PATH,
    chromiumSandbox: false,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
}
