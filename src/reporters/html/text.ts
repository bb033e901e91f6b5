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
  return [
    `<div class="scroll" tabindex="0" role="region" aria-label="${escape(caption)}"><table>`,
    `<caption class="unseen">${escape(caption)}</caption>`,
    `<thead><tr>${head.map((cell) => `<th scope="col">${cell}</th>`).join("")}</tr></thead>`,
    `<tbody>${rows.map((row) => `<tr>${cells(row)}</tr>`).join("")}</tbody></table></div>`,
  ].join("");
}

/** Microseconds of the run as seconds after `originUs`: `+12.3 s`. */
export function after(us: number, originUs: number): string {
  const seconds = (us - originUs) / 1_000_000;
  const digits = Math.abs(seconds) < 10 ? 2 : 1;
  return `${seconds < 0 ? "−" : "+"}${Math.abs(seconds).toFixed(digits)} s`;
}
