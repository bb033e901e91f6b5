import type { Measured } from "../../model/measured.ts";
import type { BurnAlert, BurnRate, Episode, RealAlert } from "../../model/measurement.ts";
import type { Ms } from "../../model/quantity.ts";
import { showMeasured, showNumber, showPoint } from "../../model/show.ts";

const HOUR_MS = 3_600_000;

/** In the words of alert rules: `5 min`, `6 h`, `3 d`. */
function showWindow(windowMs: Ms): string {
  if (windowMs < HOUR_MS) return `${showNumber(windowMs / 60_000)} min`;
  const hours = windowMs / HOUR_MS;
  return hours < 24 ? `${showNumber(hours)} h` : `${showNumber(hours / 24)} d`;
}

/** `page, 14.4× over 1 h and 5 min`. */
function alertName({ severity, factor, longMs, shortMs }: BurnAlert): string {
  const windows = `${showWindow(longMs)} and ${showWindow(shortMs)}`;
  return `${severity}, ${showNumber(factor)}× over ${windows}`;
}

/** `after 52 s [41 s, 53 s]`, `not within 41 s`. */
function showInstant(instant: Measured<"ms">): string {
  if (instant.is === "value") return `after ${showMeasured(instant)}`;
  if (instant.is === "absent") return `unknown: ${instant.why}`;
  return showPoint(instant).replace("more than", "not within");
}

function showDue({ due, thresholdRatio }: BurnAlert): string {
  if (thresholdRatio >= 1 && due.is === "beyond") return "never: more than all would have to fail";
  return showInstant(due);
}

/** When the first page of the budget's burn rate was due: one line. */
export function firstPage({ alerts }: BurnRate): string {
  const pages = alerts.filter(({ severity }) => severity === "page");
  const dueMs = ({ due }: BurnAlert): Ms => (due.is === "value" ? due.value : Infinity);
  const first = pages.reduce((a, b) => (dueMs(b) < dueMs(a) ? b : a));
  const which = first.due.is === "value" ? ` (${alertName(first)})` : "";
  return `${showDue(first)}${which}`;
}

/** `fired after 60 s, due after 52 s`. */
export function realText({ due, fired }: RealAlert): string {
  return `fired ${showInstant(fired)}; due ${showInstant(due)}`;
}

export const ALERT_HEAD = ["Alert", "Fires above", "Due", "Fired"] as const;

/** The usual alerts, then those that the record has. */
export function alertRows({ burnRate }: Episode): readonly (readonly string[])[] {
  return [
    ...burnRate.alerts.map((alert) => [
      alertName(alert),
      `${showNumber(alert.thresholdRatio * 100)} % bad`,
      showDue(alert),
      "",
    ]),
    ...burnRate.real.map(({ name, due, fired }) => [
      name,
      "",
      showInstant(due),
      showInstant(fired),
    ]),
  ];
}

/** What the times are, and what they take for granted. */
export const ALERTS_ARE =
  "Seconds after the effect at which the usual alerts on the error budget should have fired, from " +
  "the requests. Before the run clients are taken to have asked and got what they did in the " +
  "steady phase; scrape, evaluation and the rule's own wait come on top.";
