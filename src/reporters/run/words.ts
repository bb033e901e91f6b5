import type { Advice, Episode, Lane, Measurement, Segment } from "../../model/measurement.ts";
import { budgetDays, type Plan, type Slo } from "../../model/plan.ts";
import type { Json, JsonObject } from "../../model/json.ts";
import { showMs } from "../../model/quantity.ts";
import { showNumber, showPoint } from "../../model/show.ts";
import type { Verdict } from "../../model/verdict.ts";

/** Lanes that have segments, by the name that people know them by. */
export function fallingLanes(
  episode: Episode,
): readonly { readonly name: string; readonly lane: Lane }[] {
  return [
    ...Object.entries(episode.service).map(([name, lane]) => ({ name: `service, ${name}`, lane })),
    { name: "capacity", lane: episode.capacity },
  ].filter(({ lane }) => lane.waterfall.length > 0);
}

/** `Deployment/server/server: readinessProbe {…}`. */
export function dueTo({ cause }: Segment): string {
  if (!cause) return "not attributed";
  return `${cause.object}: ${cause.setting} = ${JSON.stringify(cause.value)}`;
}

/** `2 s to 6.5 s`, or "". */
export function foretold({ cause }: Segment): string {
  if (!cause) return "";
  const { lowMs, highMs } = cause.predicted;
  return `${showMs(lowMs)} to ${showMs(highMs)}`;
}

/** Head and cells of the nth piece of advice, but for its patch. */
export const ADVICE_HEAD = ["No.", "Lane", "Change", "From", "To", "Saves about", "Risk"] as const;
export function adviceCells(advice: Advice, nth: number): readonly string[] {
  const { lane, scenario, object, setting, from, to, savesMs, risk } = advice;
  return [
    String(nth),
    scenario === null ? lane : `${lane}, ${scenario}`,
    `${setting} of ${object}`,
    ...changed(from, to),
    showMs(savesMs),
    risk,
  ];
}

/** `of a 30-day error budget`. */
export function ofBudget(slo: Slo): string {
  return `of a ${showNumber(budgetDays(slo))}-day error budget`;
}

/** `such faults afforded in 30 days`; an episode of several steps is one. */
export function affordedIn(slo: Slo): string {
  return `such faults afforded in ${showNumber(budgetDays(slo))} days`;
}

/** The command that makes this run again; `folder` is its own. */
export function again({ experiment, seed, patches }: Plan, folder: string): string {
  const patch = patches === undefined ? "" : ` --patch ${folder}/plan.json`;
  return `npm run experiment -- ${experiment} --seed ${seed}${patch}`;
}

/** How many pieces of advice stand before those of each episode: they are numbered through. */
export function adviceBefore({ episodes }: Measurement, episode: Episode): number {
  return episodes
    .slice(0, episodes.indexOf(episode))
    .reduce((sum, { advice = [] }) => sum + advice.length, 0);
}

/** Of two objects only the fields that are not the same in both. */
function changed(from: Json, to: Json): readonly [from: string, to: string] {
  const isTree = (one: Json): one is JsonObject =>
    typeof one === "object" && one !== null && !Array.isArray(one);
  if (!isTree(from) || !isTree(to)) return [JSON.stringify(from), JSON.stringify(to)];
  const names = [...new Set([...Object.keys(from), ...Object.keys(to)])].filter(
    (name) => JSON.stringify(from[name]) !== JSON.stringify(to[name]),
  );
  const told = (of: JsonObject): string =>
    names.map((name) => `${name} ${JSON.stringify(of[name] ?? null)}`).join(", ");
  return [told(from), told(to)];
}

/** `after f01: service, new connections RECOVERED in 3.5 s; …`, a line an episode. */
export function laneTexts({ episodes }: Pick<Measurement, "episodes">): readonly string[] {
  return episodes.map(({ steps, service, capacity, lost }) => {
    const lane = (what: string, { class: is, recovery }: Lane): string =>
      `${what} ${is}${recovery.is === "absent" ? "" : ` ${showPoint(recovery)}`}`;
    const lanes = [
      ...Object.entries(service).map(([name, one]) => lane(`${name} connections`, one)),
      lane("capacity", capacity),
      `lost ${showPoint(lost)}`,
    ];
    return `after ${steps.join(", ")}: ${lanes.join("; ")}`;
  });
}

/** What a picture of a run shows, for those who do not see it. */
export function pictureText(
  measurement: Pick<Measurement, "episodes">,
  { experiment, outcome }: Pick<Verdict, "experiment" | "outcome">,
): string {
  return [`${experiment}: ${outcome.toUpperCase()}`, ...laneTexts(measurement)].join(". ");
}
