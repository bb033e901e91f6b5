/** One element: its text or its children, never both. */
export interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string | number>>;
  readonly inside?: string | readonly Element[];
}

/** An XML 1.0 document, an element a line; the same elements are the same bytes. */
export function xml(root: Element): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${lines(root, "").join("\n")}\n`;
}

function lines({ name, attributes, inside = "" }: Element, indent: string): readonly string[] {
  const told = Object.entries(attributes)
    .map(([key, value]) => ` ${key}="${inAttribute(String(value))}"`)
    .join("");
  if (inside.length === 0) return [`${indent}<${name}${told}/>`];
  if (typeof inside === "string") {
    return [`${indent}<${name}${told}>${inText(inside)}</${name}>`];
  }
  return [
    `${indent}<${name}${told}>`,
    ...inside.flatMap((one) => lines(one, `${indent}  `)),
    `${indent}</${name}>`,
  ];
}

/** What XML 1.0 can say in no way at all: most control characters, halves of surrogate pairs. */
const UNSAYABLE = /[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu;

/** Line ends and tabs would be blanks in an attribute that does not say them by number. */
function inAttribute(text: string): string {
  return inText(text).replaceAll('"', "&quot;").replaceAll("\t", "&#9;").replaceAll("\n", "&#10;");
}

function inText(text: string): string {
  return text
    .replace(UNSAYABLE, "\u{FFFD}")
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll("\r", "&#13;");
}
