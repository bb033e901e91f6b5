import { createLogUpdate } from "log-update";
import { PHASES, type Event } from "../model/event.ts";
import { showNumber } from "../model/show.ts";
import type { Clock } from "../ports/clock.ts";
import type { Progress } from "../ports/cluster.ts";
import type { RunLog } from "../store/run-log.ts";
import { LiveState, phaseLine, stamp } from "./live-state.ts";
import type { Plan } from "../model/plan.ts";

const REDRAW_MS = 250;
const QUIET_LINE_MS = 10_000;

/**
 * Progress of one run on stderr: redrawn on a terminal, else a line an event and one every 10 s.
 */
export interface ProgressView {
  readonly step: Progress;
  say(line: string): void;
  stop(): void;
}

/** What a step is about, without what counts up while it goes on. */
const topicOf = (what: string): string => what.split(/[,:\d]/, 1)[0] ?? what;

/** Long work outside of a run: a line for each new step, and one now and then while it goes on. */
export function plainProgress(write: (text: string) => void, repeatMs = QUIET_LINE_MS): Progress {
  let topic = "";
  let lastAtMs = 0;
  return ({ what, doneRatio }) => {
    const nowMs = performance.now();
    if (topicOf(what) === topic && nowMs - lastAtMs < repeatMs) return;
    topic = topicOf(what);
    lastAtMs = nowMs;
    write(`${what}${doneRatio === undefined ? "" : ` (${Math.round(doneRatio * 100)} %)`}\n`);
  };
}

export function progressView(of: { plan: Plan; log: RunLog; clock: Clock }): ProgressView {
  const state = new LiveState(of.plan);
  const live = process.stderr.isTTY;
  const redraw = createLogUpdate(process.stderr);
  const nowUs = (): number => of.clock.nowUs();
  const line = (text: string): void => {
    if (live) redraw.clear();
    process.stderr.write(`${text}\n`);
  };
  const draw = (): void => redraw(screen(state, nowUs()).join("\n"));
  const tick = live
    ? setInterval(draw, REDRAW_MS)
    : setInterval(() => line(`${stamp(nowUs())}  ${statusLine(state, nowUs())}`), QUIET_LINE_MS);
  tick.unref();
  of.log.listen({
    event: (event: Event) => {
      const told = state.event(event);
      // What will be harmed stays readable above what is redrawn.
      if (told !== null && (!live || event.type === "damage"))
        line(`${stamp(event.atUs)}  ${told}`);
      if (live) draw();
    },
    request: (request) => state.request(request),
    sample: (sample) => state.sample(sample),
  });
  // The line that comes every few seconds tells how far it is.
  const plain = plainProgress(
    (text) => process.stderr.write(`${stamp(nowUs())}  ${text}`),
    Number.POSITIVE_INFINITY,
  );
  return {
    step: (step) => {
      state.step = step.what;
      if (!live) plain(step);
    },
    say: line,
    stop: () => {
      clearInterval(tick);
      if (live) redraw.clear();
    },
  };
}

function statusLine(state: LiveState, nowUs: number): string {
  const step = state.step === "" ? "" : `: ${state.step}`;
  return [`${phaseLine(state, nowUs)}${step}`, ...rateTexts(state, nowUs), counts(state)]
    .filter((text) => text !== "")
    .join(" · ");
}

function rateTexts(state: LiveState, nowUs: number): readonly string[] {
  if (state.metric("replicas_ready") === null) return [];
  return state
    .rates(nowUs)
    .map(
      ({ name, offeredRps, goodRps }) =>
        `${name} ${showNumber(goodRps)} good of ${showNumber(offeredRps)}/s`,
    );
}

function counts(state: LiveState): string {
  const { stack } = state.plan;
  const wanted = stack.some((part) => part.replicas === null && part.service !== null)
    ? null
    : stack.reduce((sum, part) => sum + (part.replicas ?? 0), 0);
  const show = (label: string, ready: number | null, of: number | null): string =>
    ready === null ? "" : `${label} ${ready}${of === null ? "" : `/${of}`}`;
  return [
    show("replicas", state.metric("replicas_ready"), wanted),
    show("endpoints", state.metric("endpoints_ready"), null),
    show("GPUs", state.metric("gpus_healthy"), state.metric("gpus_capacity")),
  ]
    .filter((text) => text !== "")
    .join("  ");
}

function screen(state: LiveState, nowUs: number): readonly string[] {
  const { plan } = state;
  const under = PHASES.filter((phase) => phase !== "end");
  const bar = under.map((phase) => (phase === state.phase ? `[${phase}]` : phase)).join(" ");
  const faults = [...state.openFaults.values()].map((open) => {
    const ageS = Math.round((nowUs - open.sinceUs) / 1_000_000);
    return `  ${open.id} held for ${ageS} s, ${open.proof}: ${open.what}`;
  });
  return [
    `${plan.experiment}  seed ${plan.seed}  ${stamp(nowUs)}`,
    `  ${bar}`,
    `  ${phaseLine(state, nowUs)}${state.step ? `: ${state.step}` : ""}`,
    ...rateTexts(state, nowUs).map((text) => `  ${text}`),
    ...(counts(state) ? [`  ${counts(state)}`] : []),
    ...faults,
    ...state.recent.map((text) => `    ${text}`),
    "  Ctrl-C heals and tears down",
  ].map((text) => text.slice(0, Math.max(20, (process.stderr.columns ?? 100) - 1)));
}
