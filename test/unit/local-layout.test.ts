import { execFileSync } from "node:child_process";
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { guardConfig } from "../../src/clusters/local/guard-process.ts";
import {
  hostLinkName,
  layoutOf,
  NODES_MAX,
  SLOTS,
  type HostFacts,
  type Layout,
  type LayoutOptions,
} from "../../src/clusters/local/layout.ts";
import { controlLines, machineLines, plugLines } from "../../src/clusters/local/network.ts";
import { InvalidExperiment, NinetyError } from "../../src/model/error.ts";

const GIB = 2 ** 30;
const facts: HostFacts = {
  cpus: 2,
  memoryBytes: 16 * GIB,
  cgroup: {
    version: 1,
    parents: ["/sys/fs/cgroup/cpu,cpuacct", "/sys/fs/cgroup/memory/own", "/sys/fs/cgroup/systemd"],
    hierarchies: [
      { folder: "cpu,cpuacct", options: "cpu,cpuacct", controllers: ["cpu", "cpuacct"] },
      { folder: "memory", options: "memory", controllers: ["memory"] },
      { folder: "systemd", options: "none,name=systemd", controllers: [] },
    ],
  },
  mayLowerOomScore: false,
  openFilesMax: 20_000,
};

const plan = { nodes: 3, gpusPerNode: 2, nodeGraceMs: null, nodeLeaseMs: null, backoffMaxMs: null };
const images = { pause: "ninety.local/pause:abc", programs: "ninety.local/programs:def" };

function layout(change: Partial<LayoutOptions> = {}): Layout {
  const state = `/cache/clusters/${change.instance ?? "a"}`;
  return layoutOf({ instance: "a", token: "t0", index: 0, state, plan, images, facts, ...change });
}

const machine = (of: Layout, name: string): Layout["machines"][number] => {
  const found = of.machines.find((machine) => machine.name === name);
  if (found === undefined) throw new Error(`no machine ${name}`);
  return found;
};
const json = (of: Layout, name: string, file: string): Record<string, unknown> =>
  JSON.parse(machine(of, name).files[file] ?? "null") as Record<string, unknown>;

const anyIndex = fc.integer({ min: 0, max: SLOTS - 1 });
const anyNodes = fc.integer({ min: 1, max: NODES_MAX });

describe("layout", () => {
  it("gives every machine names, addresses and folders of its own, none too long", () => {
    fc.assert(
      fc.property(anyIndex, anyNodes, (index, nodes) => {
        const { machines, network } = layout({ index, plan: { ...plan, nodes } });
        expect(machines).toHaveLength(nodes + 2);
        for (const key of ["name", "address", "mac", "port", "namespacePath", "folder"] as const)
          expect(new Set(machines.map((machine) => machine[key])).size).toBe(machines.length);
        for (const link of [network.host.link, network.bridge, ...machines.map(({ port }) => port)])
          expect(link.length).toBeLessThanOrEqual(15);
        for (const { mac } of machines) expect(mac).toMatch(/^02(:[0-9a-f]{2}){5}$/);
        for (const { address } of machines)
          for (const part of address.split(".")) expect(Number(part)).toBeLessThan(256);
        const pods = machines.flatMap(({ podRange }) => podRange ?? []);
        expect(new Set(pods).size).toBe(nodes);
      }),
    );
  });

  it("shares nothing that the host can see between two instances", () => {
    fc.assert(
      fc.property(anyIndex, anyIndex, (one, other) => {
        fc.pre(one !== other);
        const visible = (of: Layout): string[] => [
          ...Object.values(of.network.host),
          ...of.cgroups,
          ...of.machines.flatMap((m) => [m.namespacePath, m.folder, m.mac, ...m.cgroups]),
        ];
        const a = visible(layout({ instance: "a", token: "1", index: one }));
        const b = visible(layout({ instance: "b", token: "2", index: other }));
        expect(a.filter((name) => b.includes(name))).toEqual([]);
      }),
    );
    expect(hostLinkName(SLOTS - 1).length).toBeLessThanOrEqual(15);
  });

  it("is the same for the same options", () => {
    expect(layout()).toEqual(layout());
  });

  it("names all that is wrong at once, and nothing was touched", () => {
    const wrong = (): Layout =>
      layout({
        instance: "Not_ok",
        state: `/cache/${"x".repeat(120)}`,
        plan: { ...plan, nodes: 0, nodeGraceMs: 1_500, backoffMaxMs: 400_000 },
      });
    expect(wrong).toThrow(NinetyError);
    expect(wrong).not.toThrow(InvalidExperiment);
    for (const part of ["instance", "nodes", "nodeGrace", "backoffMax", "socket"])
      expect(wrong).toThrow(new RegExp(part));
  });

  it("refuses a state folder that a shell or ip would take apart", () => {
    for (const state of ["/a b", "/a;b", "relative", "/a'b", "/a$b"])
      expect(() => layout({ state })).toThrow("state folder");
  });
});

describe("upstream's defaults", () => {
  const text = (of: Layout): string =>
    `${machine(of, "control").files["run.sh"]}${machine(of, "n1").files["kubelet.json"]}`;

  it("are not set where the plan says null", () => {
    const written = text(layout());
    for (const name of ["grace-period", "nodeLeaseDurationSeconds", "crashLoopBackOff"])
      expect(written).not.toContain(name);
  });

  it("are replaced where the plan says so", () => {
    const changed = { ...plan, nodeGraceMs: 20_000, nodeLeaseMs: 12_000, backoffMaxMs: 10_000 };
    const of = layout({ plan: changed });
    expect(text(of)).toContain("--node-monitor-grace-period=20s");
    const kubelet = json(of, "n1", "kubelet.json");
    expect(kubelet["nodeLeaseDurationSeconds"]).toBe(12);
    expect(kubelet["crashLoopBackOff"]).toEqual({ maxContainerRestartPeriod: "10s" });
  });
});

describe("a node", () => {
  it("has what its limits allow less what its own processes take", () => {
    const of = layout();
    const { limits } = machine(of, "n1");
    expect(limits).toEqual({ cpus: 1.5, memoryBytes: Math.floor((16 * GIB * 0.8) / 3) });
    const reserved = json(of, "n1", "kubelet.json")["systemReserved"];
    expect(reserved).toEqual({
      cpu: "750m",
      memory: `${Math.ceil((16 * GIB - (limits?.memoryBytes ?? 0) + GIB / 2) / 2 ** 20)}Mi`,
    });
  });

  it("trusts nobody without a certificate", () => {
    const of = layout();
    expect(json(of, "n1", "kubelet.json")["authentication"]).toMatchObject({
      anonymous: { enabled: false },
      webhook: { enabled: true },
    });
    expect(machine(of, "control").files["run.sh"]).toContain("--anonymous-auth=false");
    expect(machine(of, "control").files["run.sh"]).toContain("--authorization-mode=Node,RBAC");
  });

  it("gets work-arounds only where they were found to be needed", () => {
    const free: HostFacts = {
      ...facts,
      mayLowerOomScore: true,
      openFilesMax: 2_000_000,
      cgroup: { version: 2, parents: ["/sys/fs/cgroup"], hierarchies: [] },
    };
    const tight = layout();
    const loose = layout({ facts: free });
    const toml = (of: Layout): string => machine(of, "n1").files["containerd.toml"] ?? "";
    expect(toml(tight)).toContain("restrict_oom_score_adj = true");
    expect(toml(loose)).toContain("restrict_oom_score_adj = false");
    expect(json(tight, "n1", "kubelet.json")).toMatchObject({
      failCgroupV1: false,
      oomScoreAdj: 0,
      maxOpenFiles: 20_000,
    });
    const kubelet = json(loose, "n1", "kubelet.json");
    expect(kubelet).not.toHaveProperty("failCgroupV1");
    expect(kubelet).not.toHaveProperty("oomScoreAdj");
    expect(machine(loose, "n1").files["boot.sh"]).toContain("mount -t cgroup2");
    expect(machine(tight, "n1").files["boot.sh"]).toContain("ln -s cpu,cpuacct");
  });

  it("is another machine than the next one, and the same after a power cycle", () => {
    const of = layout();
    const ids = of.machines.flatMap(({ files }) => files["etc/machine-id"] ?? []);
    expect(new Set(ids).size).toBe(3);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}\n$/);
    expect(layout().machines.flatMap(({ files }) => files["etc/machine-id"] ?? [])).toEqual(ids);
  });
});

describe("the load host", () => {
  it("asks the cluster's DNS, where kubelets send their pods too", () => {
    const of = layout();
    const { dnsAddress } = of.network;
    const [resolver = ""] = (machine(of, "load").files["etc/resolv.conf"] ?? "").split("\n");
    expect(resolver).toBe(`nameserver ${dnsAddress}`);
    expect(json(of, "n1", "kubelet.json")["clusterDNS"]).toEqual([dnsAddress]);
    expect(machine(of, "load").files["etc/nsswitch.conf"]).toBe("hosts: files dns\n");
  });
});

describe("scripts", () => {
  it("are POSIX shell that parses", () => {
    for (const { files } of layout().machines)
      for (const [name, script] of Object.entries(files))
        if (name.endsWith(".sh")) execFileSync("sh", ["-n"], { input: script });
  });

  it("start a kubelet only once the runtime listens and the API has answered", () => {
    const run = machine(layout(), "n2").files["run.sh"] ?? "";
    expect(run.indexOf("containerd.sock")).toBeLessThan(run.indexOf("supervise kubelet"));
    expect(run.indexOf("api-ready")).toBeLessThan(run.indexOf("supervise kubelet"));
  });
});

describe("network", () => {
  it("makes every machine know all others for good, so that a dead one is a black hole", () => {
    const of = layout();
    for (const self of of.machines) {
      const lines = self.role === "control" ? controlLines(of) : machineLines(self, of);
      const known = lines.filter((line) => line.endsWith("nud permanent"));
      expect(known).toHaveLength(of.machines.length - 1);
      for (const other of of.machines)
        if (other.name !== self.name)
          expect(known.join("\n")).toContain(`${other.address} lladdr ${other.mac} `);
    }
  });

  it("routes each pod range to its node and to nobody else", () => {
    const of = layout();
    expect(
      machineLines(machine(of, "load"), of).filter((line) => line.includes("10.244.")),
    ).toEqual([
      "route add 10.244.1.0/24 via 10.250.0.11",
      "route add 10.244.2.0/24 via 10.250.0.12",
      "route add 10.244.3.0/24 via 10.250.0.13",
    ]);
    expect(machineLines(machine(of, "n1"), of).join("\n")).not.toContain("10.244.1.0");
  });

  it("plugs a machine in with its own MAC", () => {
    const of = layout();
    const [add = ""] = plugLines(machine(of, "n1"), of.network.bridge);
    expect(add).toContain(`address ${machine(of, "n1").mac} netns /cache/clusters/a/namespaces/n1`);
  });
});

describe("guard.json", () => {
  it("has an argv for every switch of every node, and no other machine", () => {
    const of = layout();
    const config = guardConfig(of, "/node", "/machine.ts") as {
      machines: Record<string, Record<string, string[]>>;
    };
    expect(Object.keys(config.machines)).toEqual(["n1", "n2", "n3"]);
    for (const [name, switches] of Object.entries(config.machines)) {
      expect(Object.keys(switches).sort()).toEqual(["powerOff", "powerOn", "reboot"]);
      for (const argv of Object.values(switches)) expect(argv).toContain(`--node=${name}`);
    }
  });
});
