import { describe, expect, test } from "vitest";
import { cgroupIn } from "../../src/agents/container-cgroup.ts";

const V1 = "6:freezer:/kubepods/pod-1/c-1\n2:cpu,cpuacct:/kubepods/pod-1/c-1\n0::/\n";
const V2 = "0::/kubepods.slice/pod-1.slice/c-1.scope\n";
const mount = (root: string, folder: string, type: string, options: string): string =>
  `30 24 0:25 ${root} ${folder} rw - ${type} cgroup rw,${options}`;

describe("the cgroup of a process", () => {
  test("version 1: in the hierarchy of that controller", () => {
    const mounts = [
      mount("/", "/sys/fs/cgroup/unified", "cgroup2", "nsdelegate"),
      mount("/", "/sys/fs/cgroup/cpu,cpuacct", "cgroup", "cpu,cpuacct"),
      mount("/", "/sys/fs/cgroup/freezer", "cgroup", "freezer"),
    ].join("\n");
    expect(cgroupIn({ controller: "freezer", cgroups: V1, mounts })).toEqual({
      version: 1,
      folder: "/sys/fs/cgroup/freezer/kubepods/pod-1/c-1",
    });
    expect(cgroupIn({ controller: "cpuacct", cgroups: V1, mounts })?.folder).toBe(
      "/sys/fs/cgroup/cpu,cpuacct/kubepods/pod-1/c-1",
    );
  });

  test("version 2: one for all controllers", () => {
    const mounts = mount("/", "/sys/fs/cgroup", "cgroup2", "nsdelegate");
    expect(cgroupIn({ controller: "freezer", cgroups: V2, mounts })).toEqual({
      version: 2,
      folder: "/sys/fs/cgroup/kubepods.slice/pod-1.slice/c-1.scope",
    });
  });

  test("a mount that shows a part of the hierarchy shows what is below only", () => {
    const own = mount("/kubepods/pod-9", "/sys/fs/cgroup/freezer", "cgroup", "freezer");
    expect(cgroupIn({ controller: "freezer", cgroups: V1, mounts: own })).toBe(null);
    const above = mount("/kubepods", "/sys/fs/cgroup/freezer", "cgroup", "freezer");
    expect(cgroupIn({ controller: "freezer", cgroups: V1, mounts: above })?.folder).toBe(
      "/sys/fs/cgroup/freezer/pod-1/c-1",
    );
  });

  test("is nowhere where it cannot be seen", () => {
    const mounts = mount("/", "/sys/fs/cgroup/freezer", "cgroup", "freezer");
    const cgroups = "6:freezer:/../../other\n";
    expect(cgroupIn({ controller: "freezer", cgroups, mounts })).toBe(null);
    expect(cgroupIn({ controller: "memory", cgroups: V1, mounts })).toBe(null);
    expect(cgroupIn({ controller: "freezer", cgroups: "", mounts })).toBe(null);
  });
});
