// Whose a file system is, what is kept for an undo, and the limits of both versions of cgroups.
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

import type { ProcessFacts } from "../../src/agents/container-process.ts";
import { canLimit, limitsOn, setLimit, textOf } from "../../src/agents/disk-limit.ts";
import { NothingDone } from "../../src/agents/effect-program.ts";
import { mountOf, mountsIn, whyShared } from "../../src/agents/file-system.ts";
import { forget, keep, keptOf } from "../../src/agents/kept.ts";

const line = (device: string, at: string, type = "tmpfs"): string =>
  `36 35 ${device} / ${at} rw,relatime shared:1 - ${type} none rw,size=8192k`;
const log = (uid: string): string =>
  `40 35 254:0 /var/lib/kubelet/pods/${uid}/containers/server/1a2b /dev/termination-log rw - ext4 /dev/vda rw`;

describe("the mount that a path is on", () => {
  const text = [
    line("0:50", "/", "overlay"),
    line("0:51", "/data"),
    line("0:52", "/data/with\\040blank"),
    line("0:53", "/data"),
  ].join("\n");

  test("is the deepest, and of those on top of one another the last", () => {
    expect(mountOf(text, "/etc")).toMatchObject({ device: "0:50", type: "overlay" });
    expect(mountOf(text, "/data")).toMatchObject({ device: "0:53" });
    expect(mountOf(text, "/data/x")).toMatchObject({ device: "0:53" });
    expect(mountOf(text, "/database")).toMatchObject({ device: "0:50" });
    expect(mountOf(text, "/data/with blank/x")).toMatchObject({ device: "0:52" });
    expect(mountOf("", "/data")).toBe(null);
  });
});

describe("a file system is the pod's own", () => {
  const [mount] = mountsIn(line("0:51", "/data"));
  const process = (pid: number, ...mounts: readonly string[]): ProcessFacts => ({
    pid,
    status: "",
    mounts: mounts.join("\n"),
  });
  const inside = process(7, log("u-1"), line("0:51", "/data"));
  const why = (...others: readonly ProcessFacts[]): string | null =>
    mount === undefined ? "no mount" : whyShared([inside, ...others], { uid: "u-1", mount });

  test("where the node sees it below the pod's volumes only", () => {
    const volumes = "/var/lib/kubelet/pods/u-1/volumes/kubernetes.io~empty-dir/data";
    expect(why(process(1, line("0:51", volumes), line("0:1", "/")))).toBe(null);
    expect(why(process(7_000, log("u-1"), line("0:51", "/elsewhere")))).toBe(null);
  });

  test.each([
    ["the node has it elsewhere", process(1, line("0:51", "/run"))],
    ["a process of another pod has it", process(9, log("u-2"), line("0:51", "/data"))],
    ["it is another pod's volume", process(1, line("0:51", "/var/lib/kubelet/pods/u-2/volumes/x"))],
  ])("not where %s", (_about, other) => {
    expect(why(other)).toContain("must be on a file system that only this pod has");
  });

  test("not where its bytes lie on another one", () => {
    const [overlay] = mountsIn(line("0:50", "/", "overlay"));
    const said = overlay && whyShared([inside], { uid: "u-1", mount: overlay });
    expect(said).toContain("got overlay");
  });
});

describe("in a folder", () => {
  let folder: string;
  const journal = process.env["NINETY_JOURNAL"];
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "ninety-kept-"));
    process.env["NINETY_JOURNAL"] = folder;
  });
  afterEach(() => {
    rmSync(folder, { recursive: true });
    if (journal === undefined) delete process.env["NINETY_JOURNAL"];
    else process.env["NINETY_JOURNAL"] = journal;
  });

  test("a thing is kept for one effect at a time, until it is put back", () => {
    const first = { id: "r/f1.0", of: "/a/pids.max", was: { max: "max" } };
    expect(keptOf("r/f1.0")).toEqual([]);
    keep(first);
    expect(() => keep({ ...first, id: "r/f2.0" })).toThrow(NothingDone);
    keep({ id: "r/f2.0", of: "/b/pids.max", was: { max: "7" } });
    expect(keptOf("r/f1.0")).toEqual([first]);
    forget(first);
    forget(first);
    expect(keptOf("r/f1.0")).toEqual([]);
    expect(readdirSync(join(folder, "kept"))).toHaveLength(1);
  });

  test.each([
    [1, ["blkio.throttle.read_bps_device", "blkio.throttle.write_bps_device"], "8:0 1000"],
    [2, ["io.max"], "8:0 rbps=1000 wbps=1000"],
  ] as const)("a disk's limit is written as version %i reads it", (version, files, written) => {
    const cgroup = { version, folder };
    expect(canLimit(cgroup)).toBe(false);
    for (const file of files) writeFileSync(join(folder, file), "");
    expect(canLimit(cgroup)).toBe(true);
    expect(limitsOn(cgroup, "8:0")).toBe("");
    setLimit(cgroup, "8:0", 1_000);
    for (const file of files) expect(readFileSync(join(folder, file), "utf8")).toBe(written);
    setLimit(cgroup, "8:0", null);
    const [file] = files;
    const none = version === 1 ? "8:0 0" : "8:0 rbps=max wbps=max";
    expect(readFileSync(join(folder, file), "utf8")).toBe(none);
  });

  test.each([
    [1, "blkio.throttle.read_bps_device", "8:0 1000\n8:16 7\n"],
    [
      2,
      "io.max",
      "8:16 rbps=7 wbps=max riops=max wiops=max\n8:0 rbps=1000 wbps=1000 riops=max wiops=max\n",
    ],
  ] as const)("a limit of ours is known again in version %i", (version, file, text) => {
    const cgroup = { version, folder };
    if (version === 1) writeFileSync(join(folder, "blkio.throttle.write_bps_device"), text);
    writeFileSync(join(folder, file), text);
    expect(limitsOn(cgroup, "8:0")).toBe(textOf(cgroup, "8:0", 1_000));
    expect(limitsOn(cgroup, "8:1")).toBe("");
  });
});
