import { clockInWords } from "../../model/clock-words.ts";
import { showDamage } from "../../model/damage.ts";
import type { Event } from "../../model/event.ts";
import type { Episode, Measurement } from "../../model/measurement.ts";
import type { Us } from "../../model/quantity.ts";
import type { RunRecord } from "../../model/record.ts";
import { artifactPathProblem, type ArtifactIndex } from "../../model/artifact.ts";
import { showMeasured, showNumber, showPoint } from "../../model/show.ts";
import { ALERT_HEAD, ALERTS_ARE, alertRows } from "../run/alerts.ts";
import { adviceBefore } from "../run/words.ts";
import { originOf } from "../run/frame.ts";
import { howClocks, howScenarios, howWaterfall } from "./how.ts";
import { folded } from "./page.ts";
import { after, escape, interval, table, whole } from "./text.ts";
import { waterfall } from "./waterfall.ts";

const EVENTS_MAX = 400;

export function clocks(measurement: Measurement): string {
  const origin = originOf(measurement);
  const all = measurement.episodes.map((episode) => {
    const rows = Object.entries(episode.clocks)
      .sort(([a, one], [b, other]) => instant(one) - instant(other) || (a < b ? -1 : 1))
      .map(([name, clock]) => [
        escape(clockInWords(name)),
        clock.is === "value" ? whole(after(clock.value, origin)) : escape(showMeasured(clock)),
        clock.is === "value" ? whole(between(clock, origin)) : "",
      ]);
    return [
      `<h3>${escape(afterSteps(episode, measurement))}</h3>`,
      table("Clocks", ["Clock", "Instant", "Interval"], rows),
      reasons(episode),
    ].join("");
  });
  return all.length === 0 ? "" : all.join("") + howClocks();
}

/** `After f01 gpu-lost on gpu GPU-n1-0`. */
export function afterSteps({ steps: ids }: Episode, { steps: all }: Measurement): string {
  const names = ids.map((id) => {
    const step = all.find((one) => one.id === id);
    return step ? `${id} ${step.fault} on ${step.targets.join(", ") || "nothing"}` : id;
  });
  return `After ${names.join("; ")}`;
}

export function waterfalls(measurement: Measurement): string {
  const all = measurement.episodes.flatMap((episode) => {
    const drawn = waterfall(episode, adviceBefore(measurement, episode));
    return drawn === "" ? [] : [`<h3>${escape(afterSteps(episode, measurement))}</h3>${drawn}`];
  });
  return all.length === 0 ? "" : all.join("") + howWaterfall();
}

/** "" where both ends read the same. */
function between({ low, high }: { readonly low: Us; readonly high: Us }, origin: Us): string {
  const [from, to] = [after(low, origin), after(high, origin)];
  return from === to ? "" : `${from} to ${to}`;
}

function instant(clock: Episode["clocks"][string]): number {
  return clock.is === "value" ? clock.value : Number.MAX_SAFE_INTEGER;
}

function reasons(episode: Episode): string {
  const rows = episode.reasons.map(({ lane, scenario, what, evidence, hint }) => [
    escape(scenario === null ? lane : `${lane}, ${scenario}`),
    escape(what),
    escape(hint),
    folded("what proves it", `<code>${escape(JSON.stringify(evidence))}</code>`),
  ]);
  const head = ["Lane", "Because", "What to do", "Evidence"];
  return rows.length === 0 ? "" : table("Reasons", head, rows);
}

/** When alerts on the error budget should have fired, and when those of the record did. */
export function alerts(measurement: Measurement): string {
  const all = measurement.episodes.map(
    (episode) => `<h3>${escape(afterSteps(episode, measurement))}</h3>${alertsOf(episode)}`,
  );
  return all.length === 0 ? "" : `${all.join("")}<p class="dim">${escape(ALERTS_ARE)}</p>`;
}

function alertsOf(episode: Episode): string {
  const rows = alertRows(episode).map((cells) => cells.map(escape));
  return table("Burn-rate alerts", ALERT_HEAD, rows);
}

export function steps(measurement: Measurement): string {
  return table(
    "Faults",
    ["Step", "Fault", "Target", "Effect", "Heal", "Inject took", "Evidence"],
    measurement.steps.map((step) => [
      escape(step.id),
      escape(step.fault),
      escape(step.targets.join(", ")),
      step.lapsed ? "lapsed" : step.proved,
      `${step.healed}, ${step.healProved}`,
      whole(escape(showMeasured(step.injectTook))),
      folded("what was seen", `<code>${escape(JSON.stringify(step.evidence))}</code>`),
    ]),
  );
}

export function scenarios(measurement: Measurement): string {
  const rows = measurement.scenarios.flatMap((scenario) =>
    Object.entries(scenario.phases).map(([phase, counts]) => [
      whole(escape(`${scenario.name}, ${phase}`)),
      showNumber(counts.intended),
      interval(counts.goodRatio),
      Object.entries(counts.outcomes)
        .filter(([outcome]) => outcome !== "ok")
        .map(([outcome, n]) => whole(escape(`${outcome} ${n}`)))
        .join(", "),
      interval(counts.latency.p50),
      interval(counts.latency.p95),
      interval(counts.latency.p99),
      whole(escape(counts.reusedRatio.is === "value" ? showPoint(counts.reusedRatio) : "?")),
    ]),
  );
  const invalid = measurement.scenarios
    .filter((scenario) => !scenario.steady.valid)
    .map(
      (scenario) =>
        `<p class="unknown">steady phase of ${escape(scenario.name)} is invalid: ${escape(scenario.steady.why.join("; "))}</p>`,
    );
  const head = ["Scenario, phase", "Intended", "Good", "Not ok", "p50", "p95", "p99", "Reused"];
  return table("Scenarios", head, rows) + invalid.join("") + howScenarios();
}

/** @param ordered by time, and of one instant by text */
export function events(ordered: readonly Event[], measurement: Measurement): string {
  const origin = originOf(measurement);
  const rows = ordered
    .slice(0, EVENTS_MAX)
    .map((event) => [whole(after(event.atUs, origin)), escape(event.type), escape(told(event))]);
  const more =
    ordered.length > EVENTS_MAX
      ? `<p class="dim">${ordered.length - EVENTS_MAX} more in <a href="events.ndjson">events.ndjson</a></p>`
      : "";
  return folded(
    `Events (${ordered.length})`,
    table("Events", ["When", "Type", "What"], rows) + more,
  );
}

function told(event: Event): string {
  switch (event.type) {
    case "phase":
      return event.phase;
    case "error":
      return `${event.code}: ${event.message}`;
    case "prediction":
      return `${event.segments.length} segments predicted`;
    case "damage":
      return showDamage(event);
    case "cluster":
      return `${event.object} ${event.change}`;
    case "fault":
      return `${event.id} ${event.edge}${"message" in event ? `: ${event.message}` : ""}`;
  }
}

export function environment(record: RunRecord): string {
  const { environment: env, plan } = record;
  const seed = ["seed", `<code>${escape(plan.seed)}</code>`];
  const again = [
    "again",
    `<code>${escape(`npm run experiment -- ${plan.experiment} --seed ${plan.seed}`)}</code>`,
  ];
  if (!env) {
    const rows = table("Environment", ["What", "Value"], [seed, again]);
    return `${rows}<p>environment.json is missing.</p>`;
  }
  const rows = [
    seed,
    ["started", `${escape(env.startedAt)} (UTC)`],
    ["ninety", escape(env.ninety)],
    ["commit", escape(env.gitCommit ?? "not in a git checkout")],
    ["evidence level", escape(env.level)],
    ["cluster", `${escape(env.cluster.kind)}, Kubernetes ${escape(env.cluster.kubernetes)}`],
    ...(env.planSha256 === undefined
      ? []
      : [["plan.json, SHA-256", `<code>${escape(env.planSha256)}</code>`]]),
    ...Object.entries(env.cluster.versions).map(([name, version]) => [
      escape(name),
      escape(version),
    ]),
    ["machine", `<code>${escape(JSON.stringify(env.machine))}</code>`],
    again,
  ];
  const differs = env.cluster.differences.map((line) => `<li>${escape(line)}</li>`).join("");
  return [
    table("Environment", ["What", "Value"], rows),
    differs === "" ? "" : `<p>What differs from a production cluster:</p><ul>${differs}</ul>`,
  ].join("");
}

const RAW = [
  ["plan.json", "what was going to be done"],
  ["environment.json", "versions, nodes, machine"],
  ["events.ndjson", "phases, faults, changes in the cluster"],
  ["samples.ndjson", "metrics over time"],
  ["measurement.json", "all that is measured here, with its intervals"],
  ["verdict.json", "the findings"],
] as const;

/** The raw files, from which this page can be made again. */
export function files(record: RunRecord): string {
  const requests = record.requestsFile ?? "requests.ndjson.gz";
  const links = [[requests, "every request"] as const, ...RAW].map(
    ([name, about]) => `<li><a href="${name}">${name}</a>: ${about}</li>`,
  );
  return [
    `<ul>${links.join("")}</ul>`,
    "<p>All of this page can be made again from them, offline: <code>ninety check</code>, <code>ninety report</code>.</p>",
    ...artifacts(record),
  ].join("");
}

/** What was kept for those who look for the cause, each file a link, and what was not. */
function artifacts({ artifacts: index }: RunRecord): readonly string[] {
  if (!index) return [];
  const rows = index.files.map(({ path, bytes, cutBytes }) => [
    artifactPathProblem(path) === null
      ? `<a href="artifacts/${path}">${escape(path)}</a>`
      : escape(path),
    `${showNumber(bytes)} bytes`,
    cutBytes === 0
      ? ""
      : `${cutBytes === null ? "some" : `${showNumber(cutBytes)} bytes`} left out`,
  ]);
  const inside = [
    table("Logs and objects", ["File", "Size", "Cut"], rows),
    leftOut(index),
    '<p class="dim">Secrets were replaced before anything was written. The list as data: <a href="artifacts/index.json">artifacts/index.json</a></p>',
  ];
  return [folded(`Logs and objects (${index.files.length} files)`, inside.join(""))];
}

function leftOut({ leftOut }: ArtifactIndex): string {
  if (leftOut.length === 0) return "";
  const lines = leftOut.map(({ what, why }) => `<li>${escape(what)}: ${escape(why)}</li>`);
  return `<p>Not there:</p><ul>${lines.join("")}</ul>`;
}
