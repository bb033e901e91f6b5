// Pictures that stand alone. Where people are to see them (comments on pull requests) a style sheet
// inside of a picture is often forbidden, and nobody says which theme it is seen in: so every
// element has its colours itself, on a ground of its own.

const INK = "#1c2024";
const DIM = "#5d6670";
const LINE = "#dfe2e0";
const GROUND = "#ffffff";
/** The light ones of the style sheet. */
const COLOURS: Readonly<Record<string, string>> = {
  c1: "#0b62a8",
  c2: "#b3541e",
  c3: "#6b4fa0",
  c4: "#2f7d6d",
  c5: "#a0336e",
  c6: "#6f6a13",
  good: "#1a7f4b",
  pass: "#1a7f4b",
  bad: "#b3261e",
  fail: "#b3261e",
  unknown: "#8a6100",
  other: DIM,
  quiet: "#c3c9ce",
};

type Attributes = Readonly<Record<string, string>>;

const PATHS: Readonly<Record<string, (colour: string) => Attributes>> = {
  faint: () => ({ "stroke-width": "1", "stroke-opacity": "0.65" }),
  area: (colour) => ({ fill: colour, "fill-opacity": "0.28", "stroke-width": "1" }),
  stack: (colour) => ({ fill: colour, stroke: GROUND, "stroke-width": "0.6" }),
  over: () => ({ "stroke-width": "4" }),
  grid: () => ({ stroke: LINE, "stroke-width": "1" }),
  limit: () => ({ stroke: DIM, "stroke-width": "1", "stroke-dasharray": "5 4" }),
  mark: () => ({ stroke: DIM, "stroke-width": "1", "stroke-dasharray": "2 3" }),
  happened: () => ({ stroke: INK, "stroke-width": "1.4" }),
};
const RECTS: Readonly<Record<string, (colour: string) => Attributes>> = {
  band: () => ({ fill: "#b3261e", "fill-opacity": "0.08" }),
  bar: (colour) => ({ fill: colour, "fill-opacity": "0.8" }),
  key: (colour) => ({ fill: colour }),
  ground: () => ({ fill: GROUND, stroke: LINE }),
};
const INKED = new Set(["marklabel", "rowlabel"]);

function attributesOf(element: string, classes: readonly string[]): Attributes {
  const colour = classes.map((one) => COLOURS[one]).find((one) => one !== undefined) ?? INK;
  if (element === "text" || element === "tspan") {
    const isInk = classes.some((one) => INKED.has(one));
    const own = classes.some((one) => COLOURS[one] !== undefined) ? colour : isInk ? INK : DIM;
    return { fill: own };
  }
  const of = element === "rect" ? RECTS : PATHS;
  const first: Attributes =
    element === "rect" ? {} : { fill: "none", stroke: colour, "stroke-width": "1.6" };
  return classes.reduce<Attributes>((all, one) => ({ ...all, ...of[one]?.(colour) }), first);
}

/** The same picture with its look in each element instead of in a style sheet. */
export function plainSvg(svg: string): string {
  return svg.replaceAll(
    /<(path|rect|text|tspan)( class="([^"]*)")?/g,
    (_, element: string, _class: string | undefined, classes: string | undefined) => {
      const told = Object.entries(attributesOf(element, (classes ?? "").split(" ")));
      return `<${element}${told.map(([name, value]) => ` ${name}="${value}"`).join("")}`;
    },
  );
}
