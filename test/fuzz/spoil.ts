// One thing wrong with a record: each kind on each file.
import { randomFrom } from "../property/measure-record.ts";
import { bytesOf, type FileName, type Kind, type RecordFiles } from "./record-files.ts";
import { FIELD_SPOILS, spoiltField } from "./spoil-field.ts";
import {
  type LineSpoil,
  type Lines,
  type RandomOf,
  anyLine,
  clocked,
  counts,
  gone,
  half,
  inMs,
  isEnd,
  later,
  lineIn,
  oneLine,
  read,
  swapped,
  twice,
} from "./spoil-lines.ts";

export interface Spoil {
  readonly file: string;
  readonly what: string;
  /** Files that it needs: others are as the seed has it. */
  readonly needs: Partial<Kind>;
  readonly spoil: (files: RecordFiles, random: RandomOf) => RecordFiles;
}

const requestsName = (files: RecordFiles): FileName =>
  files["requests.ndjson"] ? "requests.ndjson" : "requests.ndjson.gz";
type NameOf = (files: RecordFiles) => FileName;
const named =
  (name: FileName): NameOf =>
  () =>
    name;

function linesIn(files: RecordFiles, name: FileName): readonly string[] {
  const content = files[name];
  if (!content || Buffer.isBuffer(content)) throw new Error(`${name} must be lines`);
  return content;
}

const withLines =
  (name: NameOf, change: LineSpoil): Spoil["spoil"] =>
  (files, random) => ({
    ...files,
    [name(files)]: change(linesIn(files, name(files)), random),
  });
const withBytes =
  (name: NameOf, change: (bytes: Buffer, random: RandomOf) => Buffer | null): Spoil["spoil"] =>
  (files, random) => ({
    ...files,
    [name(files)]: change(bytesOf(name(files), files[name(files)]!), random),
  });

const TRIES = 50;

/** Fields of lines: a line that has a field of that sort is looked for. */
function fieldSpoils(file: string, name: NameOf): readonly Spoil[] {
  return FIELD_SPOILS.filter(({ what }) => file !== "samples" || what !== "an unknown word").map(
    (field) => ({
      file,
      what: `a field ${field.what}`,
      needs: {},
      spoil: withLines(name, (lines, random) => {
        for (let tries = 0; tries < TRIES; tries += 1) {
          const nth = lineIn(lines, anyLine, random);
          const spoilt = spoiltField(lines[nth]!, field, random);
          if (spoilt !== null) return lines.with(nth, spoilt);
        }
        throw new Error(`no field of ${file} can be ${field.what}`);
      }),
    }),
  );
}

const needsEnvironment = { environment: true };
const needsNone = { environment: false };
/** With a hash any other plan is known; without one what no plan can be. */
const NOT_KNOWN_ALONE = ["huge"];

function documentSpoils(file: string, name: FileName, needs: Partial<Kind>): readonly Spoil[] {
  return FIELD_SPOILS.filter(({ what }) => file === "plan" || !NOT_KNOWN_ALONE.includes(what)).map(
    (field) => ({
      file,
      what: `a field ${field.what}`,
      needs,
      spoil: withBytes(named(name), (bytes, random) => {
        const spoilt = spoiltField(bytes.toString(), field, random);
        if (spoilt === null) throw new Error(`no field of ${file} can be ${field.what}`);
        return Buffer.from(spoilt);
      }),
    }),
  );
}

/** Of lines and of bytes alike. */
function cutSpoils(file: string, name: NameOf, needs: Partial<Kind> = {}): readonly Spoil[] {
  return [
    {
      file,
      what: "empty",
      needs,
      spoil: withBytes(name, () => Buffer.alloc(0)),
    },
    {
      file,
      what: "cut at any byte",
      needs,
      spoil: withBytes(name, (bytes, random) =>
        // The last line's end is no loss.
        bytes.subarray(0, 1 + Math.floor(random() * (bytes.length - 3))),
      ),
    },
  ];
}

const ends =
  (change: (count: number) => readonly object[]): LineSpoil =>
  (lines) => [
    ...lines.filter(anyLine),
    ...change(lines.length - 1).map((one) => JSON.stringify(one)),
  ];
const endRaw =
  (count: string): LineSpoil =>
  (lines) => [...lines.filter(anyLine), `{"end":true,"requests":${count}}`];
const counted = (lines: Lines): Lines =>
  ends((n) => [{ end: true, requests: n }])([...lines, ""], Math.random);

const isScenario =
  (name: string) =>
  (line: string): boolean =>
    read(line)["scenario"] === name;

/** Among so many lines each scenario has its last. */
const LAST = 12;

/** The last so many lines, of scenario new alone. */
const cutEnd = (lines: Lines, last: number): Lines =>
  lines.filter((line, nth) => nth < lines.length - last || isEnd(line) || !isScenario("new")(line));

const REQUESTS: readonly (readonly [string, LineSpoil])[] = [
  ["a line dropped", oneLine(gone)],
  [
    // The last of a scenario is as good as never asked for.
    "a line dropped, counted so",
    (lines, random) =>
      counted([...oneLine(gone)(lines.slice(0, -LAST), random), ...lines.slice(-LAST)]),
  ],
  ["lines dropped at the end, of one scenario, counted so", (lines) => counted(cutEnd(lines, 60))],
  ["the last 31 s dropped, counted so", (lines) => counted(lines.slice(0, -622))],
  ["lines dropped at the end", (lines) => lines.slice(0, -60)],
  [
    "a scenario dropped, counted so",
    (lines) => counted(lines.filter((line) => isEnd(line) || isScenario("new")(line))),
  ],
  ["a line twice", oneLine(twice)],
  ["a line twice, counted so", (lines, random) => counted(oneLine(twice)(lines, random))],
  [
    "an id twice, counted so",
    (lines, random) =>
      counted(
        oneLine((line) => [line, JSON.stringify({ ...read(line), attempts: 2 })])(lines, random),
      ),
  ],
  ["a line cut", oneLine(half)],
  ["two intended starts changed over", swapped("intendedUs", isScenario("new"), 7)],
  ["two ends changed over", swapped("endUs", isScenario("reused"), 7)],
  ["a scenario by a clock of an hour later", clocked(later, isScenario("new"))],
  ["all by a clock of an hour later", clocked(later, anyLine)],
  ["times in milliseconds", clocked(inMs, anyLine)],
  [
    "times of a line in milliseconds",
    (lines, random) => {
      const nth = lineIn(lines, anyLine, random);
      return lines.with(nth, clocked(inMs, anyLine)([lines[nth]!], random)[0]!);
    },
  ],
  ["no end line", ends(() => [])],
  ["an end line of another count", ends((n) => [{ end: true, requests: n + 1 }])],
  ["an end line of a negative count", ends((n) => [{ end: true, requests: -n }])],
  ["an end line of a count as text", ends((n) => [{ end: true, requests: String(n) }])],
  ["an end line without a count", ends(() => [{ end: true }])],
  ["an end line of NaN", endRaw("NaN")],
  ["an end line of an infinite count", endRaw("1e999")],
  [
    "two end lines",
    ends((n) => [
      { end: true, requests: n },
      { end: true, requests: n },
    ]),
  ],
  ["no requests", ends(() => [{ end: true, requests: 0 }])],
];

const isFault = (line: string): boolean => read(line)["type"] === "fault";
const isPhase = (line: string): boolean => read(line)["type"] === "phase";

const EVENTS: readonly (readonly [string, LineSpoil])[] = [
  ["a fault's edge dropped", oneLine(gone, isFault)],
  [
    "lines dropped at the end",
    (lines, random) => lines.slice(0, Math.floor(random() * lines.length)),
  ],
  ["a line twice", oneLine(twice)],
  [
    "an edge or phase again, later",
    oneLine(
      (line) => [line, JSON.stringify({ ...read(line), atUs: Number(read(line)["atUs"]) + 5 })],
      counts,
    ),
  ],
  ["a line cut", oneLine(half)],
  ["times of two edges of a fault changed over", swapped("atUs", isFault, 1)],
  ["times of two phases changed over", swapped("atUs", isPhase, 1)],
  ["all by a clock of an hour later", clocked(later, anyLine)],
  ["faults by a clock of an hour later", clocked(later, isFault)],
  ["times in milliseconds", clocked(inMs, anyLine)],
  ["an id of no step", oneLine((line) => [JSON.stringify({ ...read(line), id: "f02" })], isFault)],
];

const SAMPLES: readonly (readonly [string, LineSpoil])[] = [
  ["a line twice", oneLine(twice)],
  ["a line cut", oneLine(half)],
];

/** Other tools need not tell what is before the phases that are judged. */
const phaseDropped: Spoil = {
  file: "events",
  what: "a phase dropped",
  needs: needsEnvironment,
  spoil: withLines(named("events.ndjson"), oneLine(gone, isPhase)),
};

const linesSpoils = (
  file: string,
  name: NameOf,
  all: readonly (readonly [string, LineSpoil])[],
): readonly Spoil[] =>
  all.map(([what, change]) => ({ file, what, needs: {}, spoil: withLines(name, change) }));

/** Elements of the plan's lists that no other plan could lack or have twice. */
function listSpoil(list: string, twiceToo: boolean): readonly Spoil[] {
  const change = (of: (list: readonly unknown[]) => readonly unknown[]): Spoil["spoil"] =>
    withBytes(named("plan.json"), (bytes) => {
      const plan = JSON.parse(bytes.toString()) as Record<string, unknown>;
      const holder = list === "scenarios" ? (plan["load"] as Record<string, unknown>) : plan;
      holder[list] = of(holder[list] as readonly unknown[]);
      return Buffer.from(JSON.stringify(plan));
    });
  const needs = needsNone;
  const file = "plan, no hash";
  return [
    { file, what: `${list}: one less`, needs, spoil: change((all) => all.slice(0, -1)) },
    ...(twiceToo
      ? [{ file, what: `${list}: one twice`, needs, spoil: change((all) => [...all, all[0]]) }]
      : []),
  ];
}

const lost = (name: FileName, needs: Partial<Kind> = {}): Spoil => ({
  file: name.split(".")[0]!,
  what: "no file",
  needs,
  spoil: (files) => ({ ...files, [name]: null }),
});

const gzip: readonly Spoil[] = [
  {
    file: "requests.gz",
    what: "cut at any byte",
    needs: { gzip: true },
    spoil: withBytes(requestsName, (bytes, random) =>
      bytes.subarray(0, 1 + Math.floor(random() * (bytes.length - 1))),
    ),
  },
  {
    file: "requests.gz",
    what: "cut in its last 20 bytes",
    needs: { gzip: true },
    spoil: withBytes(requestsName, (bytes, random) =>
      bytes.subarray(0, bytes.length - 1 - Math.floor(random() * 20)),
    ),
  },
  {
    file: "requests.gz",
    what: "a bit turned over",
    needs: { gzip: true },
    spoil: withBytes(requestsName, (bytes, random) => {
      const out = Buffer.from(bytes);
      // Behind the header, whose time and system say nothing.
      const at = 10 + Math.floor(random() * (out.length - 10));
      out[at]! ^= 1 << Math.floor(random() * 8);
      return out;
    }),
  },
  {
    file: "requests.gz",
    what: "not gzip",
    needs: { gzip: true },
    spoil: withBytes(requestsName, () => Buffer.from("no gzip at all")),
  },
  {
    file: "requests.gz",
    what: "a plain file beside it",
    needs: { gzip: true },
    spoil: (files) => ({ ...files, "requests.ndjson": linesIn(files, requestsName(files)) }),
  },
];

export const SPOILS: readonly Spoil[] = [
  ...fieldSpoils("requests", requestsName),
  ...linesSpoils("requests", requestsName, REQUESTS),
  ...cutSpoils("requests", requestsName, { gzip: false }),
  lost("requests.ndjson", { gzip: false }),
  lost("requests.ndjson.gz", { gzip: true }),
  ...gzip,
  ...fieldSpoils("events", named("events.ndjson")),
  ...linesSpoils("events", named("events.ndjson"), EVENTS),
  phaseDropped,
  ...cutSpoils("events", named("events.ndjson")),
  lost("events.ndjson"),
  ...fieldSpoils("samples", named("samples.ndjson")),
  ...linesSpoils("samples", named("samples.ndjson"), SAMPLES),
  ...documentSpoils("plan", "plan.json", needsEnvironment),
  ...documentSpoils("plan, no hash", "plan.json", needsNone),
  ...["scenarios", "steps", "stack", "accepts"].flatMap((list) =>
    listSpoil(list, ["scenarios", "steps", "stack"].includes(list)),
  ),
  ...cutSpoils("plan", named("plan.json")),
  lost("plan.json"),
  ...documentSpoils("environment", "environment.json", needsEnvironment),
  ...cutSpoils("environment", named("environment.json"), needsEnvironment),
];

/** By the seed: each kind of spoil as often as any other. */
export const spoilOf = (seed: number): Spoil => SPOILS[seed % SPOILS.length]!;
export const kindOf = (seed: number, { needs }: Spoil): Kind => {
  const random = randomFrom(seed * 31 + 7);
  const [environment, zipped] = [random() < 0.5, random() < 0.5];
  return { environment: needs.environment ?? environment, gzip: needs.gzip ?? zipped };
};
