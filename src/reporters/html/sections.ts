import { showDamage } from "../../model/damage.ts";
import type { Event } from "../../model/event.ts";
import type { Episode, Measurement } from "../../model/measurement.ts";
import type { RunRecord } from "../../model/record.ts";
import { artifactPathProblem, type ArtifactIndex } from "../../model/artifact.ts";
import { showMeasured, showNumber } from "../../model/show.ts";
import { ALERT_HEAD, ALERTS_ARE, alertRows } from "../run/alerts.ts";
import { adviceBefore, meaning } from "../run/words.ts";
import { after, escape, table } from "./text.ts";
import { waterfall } from "./waterfall.ts";

const EVENTS_MAX = 400;

/** Zero of all times in the report: the first effect, or the start of the run. */
export function originOf(measurement: Measurement): number {
  const effect = measurement.episodes[0]?.clocks["inj"];
  return effect?.is === "value" ? effect.value : (measurement.phases[0]?.fromUs ?? 0);
}

export function clocks(measurement: Measurement): string {
  const origin = originOf(measurement);
  return measurement.episodes
    .map((episode) => {
      const rows = Object.entries(episode.clocks)
        .sort(([, a], [, b]) => instant(a) - instant(b))
        .map(([name, clock]) => [
          escape(meaning(name)),
          clock.is === "value" ? after(clock.value, origin) : escape(showMeasured(clock)),
          clock.is === "value" && clock.low !== clock.high
            ? `${after(clock.low, origin)} to ${after(clock.high, origin)}`
            : "",
        ]);
      return `<p class="dim">after ${escape(episode.steps.join(", "))}</p>${table("Clocks", ["Clock", "Instant", "Interval"], rows)}${reasons(episode)}${waterfall(episode, adviceBefore(measurement, episode))}${alerts(episode)}`;
    })
    .join("");
}

function instant(clock: Episode["clocks"][string]): number {
  return clock.is === "value" ? clock.value : Number.MAX_SAFE_INTEGER;
}

function reasons(episode: Episode): string {
  const rows = episode.reasons.map(({ lane, scenario, what, evidence, hint }) => [
    escape(scenario === null ? lane : `${lane}, ${scenario}`),
    escape(what),
    escape(hint),
    `<details><summary>what proves it</summary><code>${escape(JSON.stringify(evidence))}</code></details>`,
  ]);
  const head = ["Lane", "Because", "What to do", "Evidence"];
  return rows.length === 0 ? "" : table("Reasons", head, rows);
}

function alerts(episode: Episode): string {
  const rows = alertRows(episode).map((cells) => cells.map(escape));
  return `${table("Burn-rate alerts", ALERT_HEAD, rows)}<p class="dim">${escape(ALERTS_ARE)}</p>`;
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
      escape(showMeasured(step.injectTook)),
      `<details><summary>what was seen</summary><code>${escape(JSON.stringify(step.evidence))}</code></details>`,
    ]),
  );
}

export function scenarios(measurement: Measurement): string {
  const rows = measurement.scenarios.flatMap((scenario) =>
    Object.entries(scenario.phases).map(([phase, counts]) => [
      `${escape(scenario.name)}, ${phase}`,
      showNumber(counts.intended),
      escape(showMeasured(counts.goodRatio)),
      escape(
        Object.entries(counts.outcomes)
          .filter(([outcome]) => outcome !== "ok")
          .map(([outcome, n]) => `${outcome} ${n}`)
          .join(", "),
      ),
      escape(showMeasured(counts.latency.p50)),
      escape(showMeasured(counts.latency.p99)),
      escape(showMeasured(counts.reusedRatio)),
    ]),
  );
  const invalid = measurement.scenarios
    .filter((scenario) => !scenario.steady.valid)
    .map(
      (scenario) =>
        `<p class="unknown">steady phase of ${escape(scenario.name)} is invalid: ${escape(scenario.steady.why.join("; "))}</p>`,
    );
  const head = ["Scenario, phase", "Intended", "Good", "Not ok", "p50", "p99", "Reused"];
  return table("Scenarios", head, rows) + invalid.join("");
}

export function events(record: RunRecord, measurement: Measurement): string {
  const origin = originOf(measurement);
  const sorted = [...record.events].sort((a, b) => a.atUs - b.atUs);
  const rows = sorted
    .slice(0, EVENTS_MAX)
    .map((event) => [after(event.atUs, origin), escape(event.type), escape(told(event))]);
  const more =
    sorted.length > EVENTS_MAX
      ? `<p class="dim">${sorted.length - EVENTS_MAX} more in <a href="events.ndjson">events.ndjson</a></p>`
      : "";
  return `<details><summary>Events (${sorted.length})</summary>${table("Events", ["When", "Type", "What"], rows)}${more}</details>`;
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
  const { environment: env } = record;
  if (!env) return "<p>environment.json is missing.</p>";
  const rows = [
    ["ninety", escape(env.ninety)],
    ["cluster", `${escape(env.cluster.kind)}, Kubernetes ${escape(env.cluster.kubernetes)}`],
    ...(env.planSha256 === undefined
      ? []
      : [["plan.json, SHA-256", `<code>${escape(env.planSha256)}</code>`]]),
    ["commit", escape(env.gitCommit ?? "not in a git checkout")],
    ...Object.entries(env.cluster.versions).map(([name, version]) => [
      escape(name),
      escape(version),
    ]),
    ["machine", `<code>${escape(JSON.stringify(env.machine))}</code>`],
  ];
  const differs = env.cluster.differences.map((line) => `<li>${escape(line)}</li>`).join("");
  return [
    `<details><summary>Environment</summary>${table("Environment", ["What", "Value"], rows)}`,
    `<p>What differs from a production cluster:</p><ul>${differs}</ul></details>`,
  ].join("");
}

/** What was kept for those who look for the cause, each file a link, and what was not. */
export function artifacts({ artifacts: index }: RunRecord): readonly string[] {
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
  const parts = [
    `<details><summary>Logs and objects (${index.files.length} files)</summary>`,
    table("Logs and objects", ["File", "Size", "Cut"], rows),
    leftOut(index),
    '<p class="dim">Secrets were replaced before anything was written. The list as data: <a href="artifacts/index.json">artifacts/index.json</a></p></details>',
  ];
  return [parts.join("")];
}

function leftOut({ leftOut }: ArtifactIndex): string {
  if (leftOut.length === 0) return "";
  const lines = leftOut.map(({ what, why }) => `<li>${escape(what)}: ${escape(why)}</li>`);
  return `<p>Not there:</p><ul>${lines.join("")}</ul>`;
}

export function how(record: RunRecord): string {
  const { slo } = record.plan;
  return [
    "<details><summary>How these numbers were made</summary>",
    `<p>A request is good when it was sent, was answered completely with the expected status and the right values, all within ${slo.withinMs} ms of the instant at which it was meant to start. Requests that failed count as infinitely slow; dropped ones are bad.</p>`,
    `<p>Clients are hurt while a window's count of bad requests rejects ${showNumber(slo.breachRatio * 100)} % good by a binomial test, corrected for all windows of the run. Service is recovered at the earliest instant after which no window breaches to the end of the observation; it is then refined by the posterior mean of the change-point likelihood. Every later breach moves it.</p>`,
    "<p>The effect is dated by the monotonic clock of whoever held it; proofs are looked for by another way, and only decide whether the run is known at all. Intervals include the bracket in which the effect began.</p>",
    '<p>Raw files, from which all of this can be made again with <code>ninety check</code>: <a href="plan.json">plan.json</a>, <a href="events.ndjson">events.ndjson</a>, <a href="requests.ndjson.gz">requests.ndjson.gz</a>, <a href="samples.ndjson">samples.ndjson</a>, <a href="environment.json">environment.json</a>, <a href="measurement.json">measurement.json</a>, <a href="verdict.json">verdict.json</a>.</p></details>',
  ].join("");
}
