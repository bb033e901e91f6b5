import { createHash } from "node:crypto";
import { escape } from "./text.ts";

/**
 * One self-contained page: no script, no network, the same bytes each time. `sections` with an id
 * are named at the top, for those who do not want to scroll.
 */
export function page(of: {
  readonly title: string;
  readonly style: string;
  readonly head: string;
  readonly sections: readonly Section[];
}): string {
  const style = createHash("sha256").update(of.style).digest("base64");
  const policy = `default-src 'none'; style-src 'sha256-${style}'; base-uri 'none'; form-action 'none'`;
  const sections = of.sections.filter(({ html }) => html !== "");
  const links = sections.map(({ id, title }) => `<a href="#${id}">${escape(title)}</a>`);
  return [
    '<!doctype html><html lang="en"><head><meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="${policy}">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    `<title>${escape(of.title)}</title><style>${of.style}</style></head><body><main>`,
    of.head,
    `<nav aria-label="Sections">${links.join(" ")}</nav>`,
    ...sections.map(
      ({ id, title, html }) =>
        `<section aria-labelledby="${id}"><h2 id="${id}">${escape(title)}</h2>\n${html}</section>`,
    ),
    "</main></body></html>\n",
  ].join("\n");
}

/** Left out where `html` is "". */
export interface Section {
  readonly id: string;
  readonly title: string;
  readonly html: string;
}

/** One number for people in a hurry, with what it is above it and what to know of it below. */
export function card(of: {
  readonly what: string;
  readonly shows: string;
  readonly note: string;
}): string {
  const [what, shows, note] = [of.what, of.shows, of.note].map(escape);
  return `<div class="card"><span>${what}</span><b>${shows}</b><span>${note}</span></div>`;
}

/** Something that is there for those who ask, beside what it is about. */
export function folded(summary: string, html: string): string {
  return `<details><summary>${escape(summary)}</summary>${html}</details>`;
}
