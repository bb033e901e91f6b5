import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  mainProcess,
  processesOf,
  processesWithMount,
  type ProcessFacts,
} from "../../src/agents/container-process.ts";

/** A process in a container of a pod: `nsPid` is its number in its own pid namespace. */
function inContainer(
  pid: number,
  of: { parent: number; nsPid: number; uid?: string; container?: string; below?: string },
): ProcessFacts {
  const { parent, nsPid, uid = "u-1", container = "server", below = "/var/lib/kubelet" } = of;
  return {
    pid,
    status: `Name:\tx\nPid:\t${pid}\nPPid:\t${parent}\nNSpid:\t${pid}\t${nsPid}\n`,
    mounts: [
      "22 1 0:21 / /proc rw - proc proc rw",
      `90 22 8:1 ${below}/pods/${uid}/containers/${container}/1a2b3c /dev/termination-log rw - ext4 /dev/x rw`,
    ].join("\n"),
  };
}
const shim: ProcessFacts = {
  pid: 10,
  status: "PPid:\t1\nNSpid:\t10\n",
  mounts: "1 0 8:1 / / rw - ext4 /dev/x rw\n",
};
const one = { uid: "u-1", container: "" };

describe("the first process of a container", () => {
  test("is number 1 of its pid namespace, whoever else was sent in", () => {
    const all = [
      inContainer(30, { parent: 20, nsPid: 7 }),
      shim,
      inContainer(20, { parent: 10, nsPid: 1 }),
      inContainer(40, { parent: 10, nsPid: 9 }),
    ];
    expect(mainProcess(all, one)).toEqual({ pid: 20 });
  });

  test("is the one without a parent inside, where the pod shares a pid namespace", () => {
    const all = [
      shim,
      inContainer(20, { parent: 10, nsPid: 8 }),
      inContainer(30, { parent: 20, nsPid: 9 }),
    ];
    expect(mainProcess(all, one)).toEqual({ pid: 20 });
  });

  test("is found wherever the kubelet keeps its pods, and by the pod's uid only", () => {
    const below = "/cache/machines/n1/disk/lib/kubelet";
    const other = inContainer(20, { parent: 10, nsPid: 1, uid: "u-2" });
    expect(mainProcess([other], one)).toEqual({
      why: "must run on this node, got no process of one",
    });
    const own = inContainer(21, { parent: 10, nsPid: 1, below });
    expect(mainProcess([other, own], one)).toEqual({ pid: 21 });
  });

  test("is refused where it is not known which", () => {
    const server = inContainer(20, { parent: 10, nsPid: 1 });
    const proxy = inContainer(21, { parent: 10, nsPid: 1, container: "proxy" });
    expect(mainProcess([server, proxy], one)).toEqual({ why: "must be named, got proxy, server" });
    expect(mainProcess([server, proxy], { uid: "u-1", container: "proxy" })).toEqual({ pid: 21 });
    expect(mainProcess([server], { uid: "u-1", container: "web" })).toEqual({
      why: "must run on this node, got no process of one named web",
    });
    const two = [30, 31].map((pid) => inContainer(pid, { parent: 10, nsPid: pid }));
    expect(mainProcess(two, one)).toEqual({ why: "must have one first process, got 2 in server" });
  });

  test("is never one of another pod or container, in whatever order they are told", () => {
    const strangers = fc.array(
      fc.record({
        uid: fc.constantFrom("u-2", "u-11", "1"),
        container: fc.constantFrom("server", "proxy"),
        nsPid: fc.integer({ min: 1, max: 3 }),
      }),
      { maxLength: 8 },
    );
    fc.assert(
      fc.property(strangers, fc.infiniteStream(fc.nat()), (others, order) => {
        const all = [
          inContainer(20, { parent: 10, nsPid: 1 }),
          ...others.map((of, nth) => inContainer(100 + nth, { parent: 10, ...of })),
        ];
        const shuffled = all
          .map((process) => ({ process, by: order.next().value as number }))
          .sort((a, b) => a.by - b.by)
          .map(({ process }) => process);
        expect(mainProcess(shuffled, one)).toEqual({ pid: 20 });
      }),
    );
  });
});

describe("all processes of a container", () => {
  const server = inContainer(20, { parent: 10, nsPid: 1 });
  const helper = inContainer(21, { parent: 20, nsPid: 2 });
  const proxy = inContainer(30, { parent: 10, nsPid: 1, container: "proxy" });
  const stranger = inContainer(40, { parent: 10, nsPid: 1, uid: "u-2" });
  const all = [shim, server, helper, proxy, stranger];
  const pidsOf = (found: readonly ProcessFacts[]): readonly number[] => found.map(({ pid }) => pid);

  test("by the pod and its name, or of the whole pod", () => {
    expect(pidsOf(processesOf(all, { uid: "u-1", container: "server" }))).toEqual([20, 21]);
    expect(pidsOf(processesOf(all, one))).toEqual([20, 21, 30]);
  });

  test("by what is mounted at that very path, and never one outside of a container", () => {
    const path = "/var/lib/kubelet/device-plugins";
    const withMount = (facts: ProcessFacts, at: string): ProcessFacts => ({
      ...facts,
      mounts: `${facts.mounts}\n91 22 8:1 /lib/kubelet/device-plugins ${at} rw - ext4 /dev/x rw`,
    });
    const plugin = withMount(stranger, path);
    const other = withMount(proxy, "/var/lib/kubelet");
    const kubelet = withMount(shim, path);
    const found = processesWithMount([kubelet, server, other, plugin], { path, container: "" });
    expect(found.map(({ pid, uid, name }) => [pid, uid, name])).toEqual([[40, "u-2", "server"]]);
    expect(processesWithMount([plugin], { path, container: "plugin" })).toEqual([]);
  });
});
