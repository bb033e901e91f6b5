import type { Measured } from "../../model/measured.ts";
import { showInterval, showMeasured, showPoint } from "../../model/show.ts";

/** Text that is safe inside HTML and attributes. */
export function escape(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}

/** A table; cells are HTML already. `caption` is read to those who do not see the heading. */
export function table(
  caption: string,
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  const cells = (row: readonly string[]): string =>
    row
      .map((cell, at) => (at === 0 ? `<th scope="row">${cell}</th>` : `<td>${cell}</td>`))
      .join("");
  const html = [
    `<table><caption class="unseen">${escape(caption)}</caption>`,
    `<thead><tr>${head.map((cell) => `<th scope="col">${cell}</th>`).join("")}</tr></thead>`,
    `<tbody>${rows.map((row) => `<tr>${cells(row)}</tr>`).join("")}</tbody></table>`,
  ];
  return scrolling(caption, html.join(""));
}

/** What is wider than a small screen scrolls by itself, with the keyboard too. */
export function scrolling(label: string, html: string): string {
  return `<div class="scroll" tabindex="0" role="group" aria-label="${escape(label)}">${html}</div>`;
}

/** Not broken into lines: a number and its unit stay together. */
export const whole = (html: string): string =>
  html === "" ? "" : `<span class="whole">${html}</span>`;

/** A number above its interval, neither broken. */
export function interval(measured: Measured): string {
  if (measured.is === "absent") return escape(showMeasured(measured));
  const range = showInterval(measured);
  return `${whole(escape(showPoint(measured)))}${range === "" ? "" : `<br>${whole(`<span class="dim">${escape(range)}</span>`)}`}`;
}

/** Microseconds of the run as seconds after `originUs`: `+12.3 s`. */
export function after(us: number, originUs: number): string {
  const seconds = (us - originUs) / 1_000_000;
  const digits = Math.abs(seconds) < 10 ? 2 : 1;
  return `${seconds < 0 ? "−" : "+"}${Math.abs(seconds).toFixed(digits)} s`;
}
