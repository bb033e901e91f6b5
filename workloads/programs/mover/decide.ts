import type { WatchedPod } from "./watched-pod.ts";

export interface MoverSettings {
  /** Moves at a time. */
  readonly atMost: number;
  /** Shortest time between two moves. */
  readonly gapUs: number;
  /** A move whose replacement is not Ready by then holds back no other. */
  readonly moveLimitUs: number;
}

/** One pod on its way: from the ask until another one, which was not there before, is Ready. */
export interface Move {
  readonly uid: string;
  readonly pod: string;
  readonly sinceUs: number;
  readonly knownUids: readonly string[];
}

export interface MoverState {
  readonly moves: readonly Move[];
  readonly lastMoveUs: number | null;
  /** Pods whose eviction was refused: how often in a row, and when to ask again. */
  readonly refused: Readonly<Record<string, { readonly times: number; readonly againUs: number }>>;
  /** More pods are Unhealthy than can be true of single devices: nothing is moved. */
  readonly tripped: boolean;
}

export const IDLE: MoverState = { moves: [], lastMoveUs: null, refused: {}, tripped: false };

/** For the log. */
export type Told =
  | {
      readonly event: "breaker-open" | "breaker-closed";
      readonly unhealthy: number;
      readonly of: number;
    }
  | {
      readonly event: "move-done" | "move-abandoned";
      readonly pod: string;
      readonly uid: string;
      readonly tookUs: number;
    };

export interface Decision {
  readonly state: MoverState;
  readonly evict: readonly WatchedPod[];
  readonly told: readonly Told[];
  /** When to decide again although nothing changed; null: only on a change. */
  readonly wakeUs: number | null;
}

const FIRST_BACKOFF_US = 1_000_000;
const LAST_BACKOFF_US = 30_000_000;

/**
 * What to do now. Pure: the same state, pods and time give the same decision. A pod is evicted only
 * while it is Unhealthy, no more than `atMost` moves are under way, the gap has passed, and no more
 * than half of the pods (or a single one) are Unhealthy.
 */
export function decide(
  state: MoverState,
  pods: readonly WatchedPod[],
  settings: MoverSettings,
  nowUs: number,
): Decision {
  const { moves, told } = settle(state.moves, pods, settings, nowUs);
  const running = pods.filter((pod) => !pod.terminating && !pod.finished);
  const unhealthy = running.filter((pod) => pod.health === "Unhealthy");
  const tripped = unhealthy.length > 1 && unhealthy.length * 2 > running.length;
  const breaker: readonly Told[] =
    tripped === state.tripped
      ? []
      : [
          {
            event: tripped ? "breaker-open" : "breaker-closed",
            unhealthy: unhealthy.length,
            of: running.length,
          },
        ];
  const present = new Set(pods.map(({ uid }) => uid));
  const refused = Object.fromEntries(
    Object.entries(state.refused).filter(([uid]) => present.has(uid)),
  );
  const kept: MoverState = { ...state, moves, refused, tripped };
  const candidates = unhealthy
    .filter(({ uid }) => !moves.some((move) => move.uid === uid))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  const chosen = tripped ? [] : choose(kept, candidates, settings, nowUs);
  const started = chosen.map(({ uid, name }): Move => ({
    uid,
    pod: name,
    sinceUs: nowUs,
    knownUids: [...present],
  }));
  const next: MoverState = {
    ...kept,
    moves: [...moves, ...started],
    lastMoveUs: chosen.length > 0 ? nowUs : state.lastMoveUs,
  };
  const waiting = candidates.filter((pod) => !chosen.includes(pod));
  return {
    state: next,
    evict: chosen,
    told: [...told, ...breaker],
    wakeUs: nextWakeUs(next, tripped ? [] : waiting, settings, nowUs),
  };
}

/** After the API refused (429, 5xx, no answer): the move never began; asked again later. */
export function afterRefusal(state: MoverState, uid: string, nowUs: number): MoverState {
  const times = (state.refused[uid]?.times ?? 0) + 1;
  const backoffUs = Math.min(LAST_BACKOFF_US, FIRST_BACKOFF_US * 2 ** Math.min(times - 1, 10));
  return {
    ...state,
    moves: state.moves.filter((move) => move.uid !== uid),
    refused: { ...state.refused, [uid]: { times, againUs: nowUs + backoffUs } },
  };
}

/**
 * Ends moves whose replacement is Ready, each with one of its own, and those that took too long.
 */
function settle(
  moves: readonly Move[],
  pods: readonly WatchedPod[],
  { moveLimitUs }: MoverSettings,
  nowUs: number,
): { readonly moves: readonly Move[]; readonly told: readonly Told[] } {
  const claimed = new Set<string>();
  const told: Told[] = [];
  const open = moves.filter((move) => {
    const tookUs = nowUs - move.sinceUs;
    const left = pods.every((pod) => pod.uid !== move.uid || pod.terminating || pod.finished);
    const replacement = pods.find(
      (pod) =>
        pod.ready && !pod.terminating && !claimed.has(pod.uid) && !move.knownUids.includes(pod.uid),
    );
    if (left && replacement !== undefined) {
      claimed.add(replacement.uid);
      told.push({ event: "move-done", pod: move.pod, uid: move.uid, tookUs });
      return false;
    }
    if (tookUs < moveLimitUs) return true;
    told.push({ event: "move-abandoned", pod: move.pod, uid: move.uid, tookUs });
    return false;
  });
  return { moves: open, told };
}

function choose(
  state: MoverState,
  candidates: readonly WatchedPod[],
  { atMost, gapUs }: MoverSettings,
  nowUs: number,
): readonly WatchedPod[] {
  if (state.lastMoveUs !== null && nowUs < state.lastMoveUs + gapUs) return [];
  const due = candidates.filter(({ uid }) => nowUs >= (state.refused[uid]?.againUs ?? 0));
  const free = Math.max(0, atMost - state.moves.length);
  return due.slice(0, gapUs > 0 ? Math.min(1, free) : free);
}

function nextWakeUs(
  state: MoverState,
  waiting: readonly WatchedPod[],
  { atMost, gapUs, moveLimitUs }: MoverSettings,
  nowUs: number,
): number | null {
  // Where all are under way, the end of one is a change.
  const next = state.moves.length < atMost ? waiting : [];
  const gapEndsUs = (state.lastMoveUs ?? -gapUs) + gapUs;
  const times = [
    ...state.moves.map(({ sinceUs }) => sinceUs + moveLimitUs),
    ...next.map(({ uid }) => Math.max(gapEndsUs, state.refused[uid]?.againUs ?? 0)),
  ].filter((atUs) => atUs > nowUs);
  return times.length === 0 ? null : Math.min(...times);
}
