import { CONNECTIONS, CONNECTIONS_WAITING } from "../../model/connection-table.ts";
import { stableText, type JsonObject } from "../../model/json.ts";
import type { Reason } from "../../model/measurement.ts";
import type { Us } from "../../model/quantity.ts";
import type { Sample } from "../../model/request.ts";
import { within, type Traffic } from "../traffic.ts";
import { endpointRemovals, type DownLane, type Removal, type Scene } from "./view.ts";

/** For the rules of all clients' nodes to follow the endpoints. */
const SETTLE_US = 5_000_000;
/** Fewer failures prove nothing. */
const TIMEOUTS_MIN = 10;
/** Of what fails, and of the sockets that wait, as much must be explained by it. */
const SHARE_MIN = 0.5;
const SHOWN_MAX = 20;

/**
 * A new connection whose client port is that of an earlier one goes where the entry of that one
 * says. Proved by three things together: clients go on failing without a connection after the
 * endpoint is gone; their table holds entries in SYN_SENT that point to it; and most of the sockets
 * that were begun since and wait for a connection wait on these entries.
 */
export function staleConnections(lane: DownLane, scene: Scene): readonly Reason[] {
  const { traffic } = lane;
  if (!traffic || traffic.connection !== "new") return [];
  const removals = endpointRemovals(scene) ?? [];
  if (removals.length === 0) return [];
  const samples = inOrder(scene.samples);
  const stuck = removals.flatMap((removal) => stuckOn(removal, lane, samples) ?? []);
  if (stuck.length === 0) return [];
  const sinceUs = Math.min(...stuck.map(({ removal }) => removal.atUs)) + SETTLE_US;
  const after = failures(traffic, sinceUs, lane.untilUs);
  if (after.timeouts < Math.max(TIMEOUTS_MIN, SHARE_MIN * after.failed)) return [];
  if (!explained(stuck, samples)) return [];
  const before = failures(traffic, scene.effect.stampUs, sinceUs - SETTLE_US);
  return [
    {
      lane: "service",
      scenario: traffic.name,
      what: whatOf(stuck, lane.back),
      evidence: {
        backends: stuck.map(evidenceOf),
        beforeRemoval: { ...before },
        sinceRemoval: { ...after },
      },
      hint: hintOf(stuck),
    },
  ];
}

/** `back`: the lane recovered, when the entries had run out. */
function whatOf(stuck: readonly Stuck[], back: boolean): string {
  const names = stuck.map(({ removal }) => removal.pod).join(", ");
  const entries = stuck.reduce((sum, one) => sum + (back ? one.entriesMax : one.entries.value), 0);
  const table = "in the clients' connection table";
  return back
    ? `new connections were sent to a backend that was gone: ${entries} entries ${table} pointed to ${names}`
    : `new connections are sent to a backend that is gone: ${entries} entries ${table} still point to ${names}`;
}

/** What the samples tell of one backend while it was gone and the lane was down. */
interface Stuck {
  readonly removal: Removal;
  readonly address: string;
  /** The last reading that found entries in SYN_SENT. */
  readonly entries: Sample;
  readonly entriesMax: number;
  /** Readings that found sockets begun since and waiting for it. */
  readonly waiting: readonly Sample[];
}

function stuckOn(removal: Removal, lane: DownLane, samples: readonly Sample[]): Stuck | null {
  const fromUs = removal.atUs + SETTLE_US;
  const own = samples.filter(
    ({ atUs, tags, value }) =>
      tags["backend"] === removal.pod &&
      tags["ready"] === "false" &&
      atUs >= fromUs &&
      atUs < lane.untilUs &&
      value > 0,
  );
  const sent = own.filter(
    ({ metric, tags }) => metric === CONNECTIONS && tags["state"] === "SYN_SENT",
  );
  // Begun after the reading before, and that was late enough, too.
  const sinceUs = samples.find(({ atUs }) => atUs >= fromUs)?.atUs ?? Infinity;
  const waiting = own.filter(
    ({ metric, atUs }) => metric === CONNECTIONS_WAITING && atUs > sinceUs,
  );
  const entries = sent.at(-1);
  if (!entries || waiting.length === 0) return null;
  const entriesMax = Math.max(...sent.map(({ value }) => value));
  return { removal, address: entries.tags["address"] ?? "", entries, entriesMax, waiting };
}

/** Of all sockets that waited at those moments, enough waited for what is gone. */
function explained(stuck: readonly Stuck[], samples: readonly Sample[]): boolean {
  const own = stuck.flatMap((one) => one.waiting);
  const moments = new Set(own.map(({ atUs }) => atUs));
  const all = samples.filter(
    ({ metric, atUs }) => metric === CONNECTIONS_WAITING && moments.has(atUs),
  );
  const sum = (of: readonly Sample[]): number => of.reduce((n, { value }) => n + value, 0);
  return sum(own) >= SHARE_MIN * sum(all);
}

interface Failures {
  readonly fromUs: Us;
  readonly untilUs: Us;
  readonly requests: number;
  readonly failed: number;
  /** Of those: without a connection when they were given up. */
  readonly timeouts: number;
}

function failures(traffic: Traffic, fromUs: Us, untilUs: Us): Failures {
  const range = within(traffic.requests, fromUs, untilUs);
  let [requests, failed, timeouts] = [0, 0, 0];
  for (let i = range.from; i < range.until; i += 1) {
    if (traffic.good[i] === 2) continue;
    requests += 1;
    if (traffic.good[i] === 1) continue;
    failed += 1;
    if (traffic.requests.outcome(i) === "connect-timeout") timeouts += 1;
  }
  return { fromUs, untilUs, requests, failed, timeouts };
}

function evidenceOf({ removal, address, entries, entriesMax, waiting }: Stuck): JsonObject {
  return {
    backend: removal.pod,
    address,
    endpointRemovedUs: removal.atUs,
    entriesInSynSent: { atUs: entries.atUs, count: entries.value, max: entriesMax },
    socketsBegunAndWaiting: waiting
      .slice(-SHOWN_MAX)
      .map(({ atUs, value }) => ({ atUs, count: value })),
  };
}

function hintOf(stuck: readonly Stuck[]): string {
  const addresses = stuck.map(({ address }) => address).filter((address) => address !== "");
  const remove =
    addresses.length === 0
      ? ""
      : `; to end it now, on each client's node: ${addresses.map((address) => `conntrack -D -p tcp --reply-src ${address}`).join("; ")}`;
  return (
    "reuse connections; or retry a failed connect on a new one, whose other port has another " +
    "entry; or let entries end before the clients' ports come round: a shorter " +
    "net.netfilter.nf_conntrack_tcp_timeout_syn_sent where clients are (120 s by default), or a " +
    `wider net.ipv4.ip_local_port_range${remove}`
  );
}

/** Those that say something; the order of lines changes nothing. */
function inOrder(samples: readonly Sample[]): readonly Sample[] {
  const wanted = samples.filter(
    ({ metric, tags, atUs, value }) =>
      (metric === CONNECTIONS || metric === CONNECTIONS_WAITING) &&
      typeof tags === "object" &&
      tags !== null &&
      Number.isFinite(atUs) &&
      Number.isFinite(value),
  );
  const keyed = wanted.map((sample) => [sample, stableText(sample)] as const);
  keyed.sort(([a, one], [b, other]) => a.atUs - b.atUs || (one < other ? -1 : 1));
  return keyed.map(([sample]) => sample);
}
