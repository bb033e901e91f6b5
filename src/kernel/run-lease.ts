import { BEAT_MS } from "../model/agent-protocol.ts";
import { EXIT, NinetyError } from "../model/error.ts";
import { numberAt, textAt, type Json } from "../model/json.ts";
import type { Api } from "../ports/api.ts";
import type { Clock } from "../ports/clock.ts";
import { bounded, RunAborted, within } from "./crew.ts";

/** Without a sign of life for this long another run may take it. */
const EXPIRES_MS = 30_000;
const LOOK_MS = 1_000;
const CALL_MAX_MS = 10_000;
const TAKES_MAX = 5;
const LEASES = "apis/coordination.k8s.io/v1/namespaces/default/leases";
const PATH = `${LEASES}/ninety-run`;
const NAME = "default/ninety-run";
const MERGE = "application/merge-patch+json";

type Body = Readonly<Record<string, Json>>;

/** One run per cluster at a time: a Lease object, which is also the red button. */
export interface RunLease {
  /** Rejects with RunAborted once the object is gone or another run's; never resolves. */
  readonly lost: Promise<never>;
  /** No more signs of life: the cluster goes, or the object runs out by itself. */
  stop(): void;
  /** Stops and takes the object away. Idempotent, and never throws. */
  release(): Promise<void>;
}

export interface LeaseOptions {
  readonly api: Api;
  readonly clock: Clock;
  /** Names the run; unique among all that the cluster sees. */
  readonly run: string;
  readonly tell: (what: string) => void;
}

/**
 * Takes the cluster's Lease for this run and gives signs of life until it is released. The object
 * of a run that died is taken once nothing has changed in it for half a minute: no two clocks are
 * compared. Throws NinetyError (exit 4) where another run lives, or where it may not be taken.
 */
export async function takeRunLease(of: LeaseOptions, signal: AbortSignal): Promise<RunLease> {
  for (let tries = 1; ; tries += 1) {
    const there = await of.api.get(PATH, signal);
    const holder = textAt(there, "spec", "holderIdentity");
    if (there !== null && holder !== of.run) await waitExpired(of, there, signal);
    const { status, body } = await (there === null
      ? make(of, signal)
      : takeOver(of, there, signal));
    if (status < 300) return keep(of);
    // Another one was faster, or the object went meanwhile.
    if ((status === 409 || status === 404) && tries < TAKES_MAX) continue;
    throw new NinetyError(`Lease ${NAME} must be taken, got ${status}: ${messageIn(body)}`, {
      exit: EXIT.preflight,
      hint: "a run may get, create, patch and delete leases.coordination.k8s.io in default",
    });
  }
}

/** Half of the red button: a run that lives heals and ends at its next beat. False: none lives. */
export async function endRun(api: Api, signal: AbortSignal): Promise<boolean> {
  const { status, body } = await api.call({ method: "DELETE", path: PATH }, signal);
  if (status < 300) return true;
  if (status === 404) return false;
  throw new NinetyError(`Lease ${NAME} must go, got ${status}: ${messageIn(body)}`, {
    exit: EXIT.unknown,
  });
}

async function waitExpired(
  { api, clock, tell }: LeaseOptions,
  first: Json,
  signal: AbortSignal,
): Promise<void> {
  const holder = textAt(first, "spec", "holderIdentity");
  const version = textAt(first, "metadata", "resourceVersion");
  const expiresMs = (numberAt(first, "spec", "leaseDurationSeconds") ?? 0) * 1_000 || EXPIRES_MS;
  const untilMs = clock.nowMs() + Math.min(expiresMs, EXPIRES_MS);
  tell(`waiting for the Lease of run ${holder} to run out`);
  while (clock.nowMs() < untilMs) {
    await clock.until(clock.nowMs() + LOOK_MS, signal);
    const now = await api.get(PATH, signal);
    if (now === null) return;
    if (textAt(now, "metadata", "resourceVersion") === version) continue;
    throw new NinetyError(`the cluster must be free, got in use by run ${holder}`, {
      exit: EXIT.preflight,
      hint: "one run per cluster at a time: wait for its end, or end it",
    });
  }
}

const spec = (run: string): Body => ({
  holderIdentity: run,
  leaseDurationSeconds: EXPIRES_MS / 1_000,
});

function make({ api, run }: LeaseOptions, signal: AbortSignal): ReturnType<Api["call"]> {
  const body = {
    apiVersion: "coordination.k8s.io/v1",
    kind: "Lease",
    metadata: { name: "ninety-run", namespace: "default" },
    spec: spec(run),
  };
  return api.call({ method: "POST", path: LEASES, body }, signal);
}

/** Only as it was seen: whoever changed it since keeps it. */
function takeOver(
  { api, run }: LeaseOptions,
  there: Json,
  signal: AbortSignal,
): ReturnType<Api["call"]> {
  const resourceVersion = textAt(there, "metadata", "resourceVersion");
  const body = { metadata: { resourceVersion }, spec: spec(run) };
  return api.call({ method: "PATCH", path: PATH, body, contentType: MERGE }, signal);
}

function keep(of: LeaseOptions): RunLease {
  const over = new AbortController();
  const lost = beats(of, over.signal);
  // Whoever waits hears of it; nobody has to.
  lost.catch(() => {});
  return {
    lost,
    stop: () => over.abort(),
    async release() {
      over.abort();
      const bound = { what: `release of Lease ${NAME}`, forMs: CALL_MAX_MS };
      await bounded(of.clock, bound, (signal) => drop(of, signal)).catch(() => {});
    },
  };
}

/** Gives a sign of life at every beat; what fails is tried at the next one. */
async function beats({ api, clock, run }: LeaseOptions, over: AbortSignal): Promise<never> {
  for (let beat = 1; ; beat += 1) {
    const isOver = await clock.until(clock.nowMs() + BEAT_MS, over).then(
      () => false,
      () => true,
    );
    if (isOver) return new Promise<never>(() => {});
    const body = { metadata: { annotations: { "ninety/beat": String(beat) } } };
    const ask = { method: "PATCH", path: PATH, body, contentType: MERGE } as const;
    const signal = clock.deadline(CALL_MAX_MS, over);
    const answer = await within(signal, api.call(ask, signal)).catch(() => null);
    const why = answer === null ? null : lossIn(answer, run);
    if (why !== null) throw new RunAborted("lease-lost", `Lease ${NAME} ${why}: the run ends`);
  }
}

function lossIn(answer: Awaited<ReturnType<Api["call"]>>, run: string): string | null {
  if (answer.status === 404) return "must be there, got deleted";
  if (answer.status >= 300) return null;
  const holder = textAt(parsed(answer.body), "spec", "holderIdentity");
  return holder === run ? null : `must be this run's, got ${holder || "nobody"}'s`;
}

async function drop({ api, run }: LeaseOptions, signal: AbortSignal): Promise<void> {
  const there = await api.get(PATH, signal);
  if (textAt(there, "spec", "holderIdentity") !== run) return;
  const uid = textAt(there, "metadata", "uid");
  const body = { apiVersion: "v1", kind: "DeleteOptions", preconditions: { uid } };
  await api.call({ method: "DELETE", path: PATH, body }, signal);
}

function parsed(body: string): Json {
  try {
    return JSON.parse(body) as Json;
  } catch {
    return null;
  }
}

function messageIn(body: string): string {
  return textAt(parsed(body), "message") || body.slice(0, 300);
}
