import type { Layout, Machine } from "./layout.ts";

type Here = Pick<Layout, "network" | "machines">;

const prefixed = (address: string): string => `${address}/24`;

/** `ip -batch` lines for the control plane's namespace, once: bridge and neighbours. Pure. */
export function controlLines({ network, machines }: Here): string[] {
  const control = machines.find((machine) => machine.role === "control");
  if (control === undefined) throw new Error("layout has no control plane");
  const { bridge } = network;
  return [
    "link set lo up",
    `link add ${bridge} address ${control.mac} type bridge forward_delay 0 mcast_snooping 0`,
    `addr add ${prefixed(control.address)} dev ${bridge}`,
    `link set ${bridge} up`,
    ...neighbourLines(control, machines, bridge),
    ...podRouteLines(control, machines),
  ];
}

/** In the control plane's namespace: plugs a machine into the bridge. Pure. */
export const plugLines = (machine: Machine, bridge: string): string[] => [
  `link add ${machine.port} type veth peer name eth0 address ${machine.mac} ` +
    `netns ${machine.namespacePath}`,
  `link set ${machine.port} master ${bridge}`,
  `link set ${machine.port} up`,
];

/** In a machine's own namespace: addresses, neighbours, routes. Pure. */
export function machineLines(machine: Machine, { machines }: Here): string[] {
  const control = machines.find(({ role }) => role === "control");
  if (control === undefined) throw new Error("layout has no control plane");
  return [
    "link set lo up",
    `addr add ${prefixed(machine.address)} dev eth0`,
    "link set eth0 up",
    ...neighbourLines(machine, machines, "eth0"),
    // A Service address needs some route until it is rewritten; the control plane forwards nothing.
    `route add default via ${control.address}`,
    ...podRouteLines(machine, machines),
  ];
}

/**
 * Permanent: a machine that lost power must look like a black hole, as it does across a real
 * network. Without the entry a neighbour learns within 3 s that nobody answers.
 */
const neighbourLines = (self: Machine, machines: readonly Machine[], link: string): string[] =>
  machines
    .filter(({ name }) => name !== self.name)
    .map(({ address, mac }) => `neigh replace ${address} lladdr ${mac} dev ${link} nud permanent`);

const podRouteLines = (self: Machine, machines: readonly Machine[]): string[] =>
  machines
    .filter(({ name, podRange }) => name !== self.name && podRange !== null)
    .map(({ address, podRange }) => `route add ${podRange} via ${address}`);
