import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { shellWord } from "../../src/clusters/local/boot-script.ts";
import { downInstance } from "../../src/clusters/local/down.ts";
import { probeCgroups } from "../../src/clusters/local/host/cgroup.ts";
import { run, tryRun } from "../../src/clusters/local/host/command.ts";
import { note, readJournal, type Undo } from "../../src/clusters/local/host/journal.ts";
import { mountsBelow } from "../../src/clusters/local/host/mount.ts";
import { identityOf, isAlive } from "../../src/clusters/local/host/process.ts";
import { raiseSysctl, restoreSysctl } from "../../src/clusters/local/host/sysctl.ts";
import { cloneRoot } from "../../src/clusters/local/template.ts";
import { allTogether, waitUntil } from "../../src/clusters/local/wait.ts";
import { claimState, readOwner, stateFolder } from "../../src/clusters/local/state.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "ninety-local-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("cgroups", () => {
  it("of version 1 are found below the caller's own, mounted apart or together", () => {
    const mounts = [
      "30 24 0:25 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct",
      "31 24 0:26 / /sys/fs/cgroup/cpuset rw - cgroup cgroup rw,cpuset",
      "32 24 0:27 /box /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory",
      "33 24 0:28 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids",
      "34 24 0:29 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd",
      "35 24 0:30 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw",
    ].join("\n");
    const own =
      "5:name=systemd:/\n4:pids:/\n3:memory:/box/me\n2:cpuset:/\n1:cpu,cpuacct:/user\n0::/\n";
    const found = probeCgroups(mounts, own);
    expect(found.version).toBe(1);
    expect(found.parents).toEqual([
      "/sys/fs/cgroup/systemd",
      "/sys/fs/cgroup/pids",
      "/sys/fs/cgroup/memory/me",
      "/sys/fs/cgroup/cpuset",
      "/sys/fs/cgroup/cpu,cpuacct/user",
    ]);
    expect(found.hierarchies[0]).toEqual({
      folder: "systemd",
      options: "none,name=systemd",
      controllers: [],
    });
  });

  it("that miss a controller are refused by name", () => {
    const mounts = "33 24 0:28 / /sys/fs/cgroup/pids rw - cgroup cgroup rw,pids";
    expect(() => probeCgroups(mounts, "4:pids:/\n")).toThrow("cpu, cpuset, memory, cpuacct");
  });

  it("of version 2 are made below the root that is seen", () => {
    writeFileSync(join(folder, "cgroup.controllers"), "cpuset cpu io memory pids\n");
    const mounts = `30 24 0:25 / ${folder} rw - cgroup2 cgroup2 rw`;
    expect(probeCgroups(mounts, "0::/user.slice\n")).toEqual({
      version: 2,
      parents: [folder],
      hierarchies: [],
    });
    writeFileSync(join(folder, "cgroup.controllers"), "cpu pids\n");
    expect(() => probeCgroups(mounts, "0::/\n")).toThrow("cpuset, memory");
  });
});

describe("journal", () => {
  const entries: Undo[] = [
    { undo: "mount", path: "/a" },
    { undo: "cgroup", paths: ["/b"], enabled: null },
  ];

  it("gives back what was noted, in order, and leaves out a torn last line", () => {
    const path = join(folder, "journal.ndjson");
    expect(readJournal(path)).toEqual([]);
    for (const entry of entries) note(path, entry);
    appendFileSync(path, '{"undo":"mou');
    expect(readJournal(path)).toEqual(entries);
  });
});

describe("down", () => {
  it("takes away what an up that died at once has left, and is right again", async () => {
    expect(claimState(stateFolder(folder, "x"))).toBe(true);
    expect(claimState(stateFolder(folder, "x"))).toBe(false);
    await downInstance(folder, "x");
    expect(readOwner(stateFolder(folder, "x"))).toBeNull();
    await downInstance(folder, "x");
  });

  it("is right for changes that were noted and never made", async () => {
    const state = stateFolder(folder, "x");
    claimState(state);
    const journal = join(state, "journal.ndjson");
    note(journal, { undo: "mount", path: join(state, "namespaces/control") });
    note(journal, {
      undo: "link",
      namespacePath: join(state, "namespaces/control"),
      name: "host",
    });
    note(journal, { undo: "cgroup", paths: [join(folder, "no-cgroup")], enabled: null });
    await downInstance(folder, "x");
    expect(() => statSync(state)).toThrow("ENOENT");
  });
});

describe("a raised sysctl", () => {
  const value = (): string => readFileSync(join(folder, "limit"), "utf8").trim();
  const raise = (name: string, least: number): Promise<void> =>
    raiseSysctl(join(folder, name), join(folder, "limit"), least);
  const restore = async (name: string, others: readonly string[]): Promise<void> => {
    for (const entry of readJournal(join(folder, name)).reverse())
      if (entry.undo === "sysctl")
        await restoreSysctl(entry, () =>
          Promise.resolve(others.map((other) => join(folder, other))),
        );
    rmSync(join(folder, name), { force: true });
  };
  beforeEach(() => writeFileSync(join(folder, "limit"), "128\n"));

  it("is put back by the last instance that goes, whichever that is", async () => {
    await raise("a", 1_024);
    await raise("b", 1_024);
    writeFileSync(join(folder, "b"), "");
    expect(value()).toBe("1024");
    await restore("a", ["b"]);
    expect(value()).toBe("1024");
    await restore("b", []);
    expect(value()).toBe("128");
  });

  it("is left alone where it is high enough, or somebody else has changed it since", async () => {
    await raise("a", 64);
    expect(value()).toBe("128");
    await raise("a", 1_024);
    writeFileSync(join(folder, "limit"), "4096");
    await restore("a", []);
    expect(value()).toBe("4096");
  });
});

describe("a copied containerd root", () => {
  it("shares files but has databases of its own", async () => {
    const from = join(folder, "from");
    mkdirSync(join(from, "plugin/deep"), { recursive: true });
    writeFileSync(join(from, "plugin/deep/blob"), "blob");
    writeFileSync(join(from, "plugin/meta.db"), "db");
    const to = join(folder, "to");
    await cloneRoot(from, to);
    const inode = (path: string): number => statSync(path).ino;
    expect(inode(join(to, "plugin/deep/blob"))).toBe(inode(join(from, "plugin/deep/blob")));
    expect(inode(join(to, "plugin/meta.db"))).not.toBe(inode(join(from, "plugin/meta.db")));
    expect(readFileSync(join(to, "plugin/meta.db"), "utf8")).toBe("db");
  });
});

describe("processes", () => {
  it("are known by id and start time: a later one with the same id is another", () => {
    const own = identityOf(process.pid);
    if (own === null) throw new Error("own process not found");
    expect(isAlive(own)).toBe(true);
    expect(isAlive({ ...own, startTicks: `${Number(own.startTicks) - 1}` })).toBe(false);
  });
});

describe("commands", () => {
  it("get nothing of the caller's environment", async () => {
    process.env["HTTPS_PROXY"] = "http://proxy:3128";
    try {
      expect(await run(["env"])).not.toContain("PROXY");
    } finally {
      delete process.env["HTTPS_PROXY"];
    }
  });

  it("fail with what they said, and never hang", async () => {
    await expect(run(["sh", "-c", "echo no such thing >&2; exit 3"])).rejects.toThrow(
      "ended with 3: no such thing",
    );
    expect((await tryRun(["sleep", "60"], { timeoutMs: 20 })).status).toBe("SIGKILL");
    expect((await tryRun(["/no/such/program"])).status).toContain("ENOENT");
  });
});

describe("waiting", () => {
  it("ends with the last answer as its reason", async () => {
    const signal = new AbortController().signal;
    const waiting = waitUntil("thing", () => Promise.resolve("it is not there"), {
      withinMs: 0,
      everyMs: 1,
      signal,
    });
    await expect(waiting).rejects.toThrow("thing: not within 0 s: it is not there");
  });

  it("ends with the reason of the signal, also in the middle of a pause", async () => {
    const stop = new AbortController();
    const waiting = waitUntil(
      "thing",
      () => {
        queueMicrotask(() => stop.abort(new Error("told to stop")));
        return Promise.resolve("not there");
      },
      { withinMs: 60_000, everyMs: 60_000, signal: stop.signal },
    );
    await expect(waiting).rejects.toThrow("told to stop");
  });

  it("for several stops the others when one fails, and waits for their end", async () => {
    const ended: string[] = [];
    const together = allTogether(new AbortController().signal, [
      () => Promise.reject(new Error("first")),
      async (signal) => {
        await waitUntil("never", () => Promise.resolve("no"), {
          withinMs: 60_000,
          everyMs: 1,
          signal,
        })
          .catch(() => undefined)
          .finally(() => ended.push("second"));
      },
    ]);
    await expect(together).rejects.toThrow("first");
    expect(ended).toEqual(["second"]);
  });
});

describe("text from outside", () => {
  it("is one word for the shell", () => {
    expect(shellWord("--a=b/c:1,2")).toBe("--a=b/c:1,2");
    expect(shellWord("it's $HOME")).toBe("'it'\\''s $HOME'");
  });

  it("is read from mountinfo with its octal escapes", () => {
    const info = "1 0 0:1 / /a\\040b/c rw - nsfs nsfs rw\n2 0 0:1 / /a rw - ext4 x rw";
    expect(mountsBelow("/a b", info)).toEqual(["/a b/c"]);
    expect(mountsBelow("/a", info)).toEqual(["/a"]);
  });
});
