// What every report of a suite says in the same words.
import type {
  Claim,
  LaneResult,
  Pair,
  RunResult,
  SuiteRecord,
  SuiteRun,
} from "../../model/suite.ts";
import type { Measured } from "../../model/measured.ts";
import { showMs } from "../../model/quantity.ts";
import { showMeasured, showNumber, showPoint } from "../../model/show.ts";

export const HEADLINE = {
  yes: "AS STATED",
  no: "NOT AS STATED",
  unknown: "UNKNOWN",
} as const;

/** Which report class colours it. */
export const COLOUR = { yes: "pass", no: "fail", unknown: "unknown" } as const;

/** `pass`, `fail, service UNRECOVERED, capacity RECOVERED`. */
export function statedText({ stated }: SuiteRun): string {
  const { must, service, capacity } = stated;
  return [
    must,
    ...serviceTexts(service),
    ...(capacity ? [`capacity ${either(capacity)}`] : []),
  ].join(", ");
}

const either = (classes: readonly string[]): string => classes.join(" or ");

/** Scenarios of the same classes are told at once. */
function serviceTexts(service: SuiteRun["stated"]["service"]): readonly string[] {
  const told = Object.entries(service).map(([name, classes]) => [name, either(classes)] as const);
  const kinds = new Set(told.map(([, classes]) => classes));
  if (kinds.size === 1) return [...kinds].map((classes) => `service ${classes}`);
  return told.map(([name, classes]) => `service ${classes} for ${name}`);
}

/** The outcome, or that there is none. */
export const gotText = ({ result }: SuiteRun): string => result?.outcome ?? "no result";

/** Every lane of every episode, service first. */
export function lanesOf(
  result: RunResult | null,
): readonly { readonly what: string; readonly lane: LaneResult }[] {
  return (result?.episodes ?? []).flatMap(({ service, capacity, steps }, _at, all) => {
    const after = all.length === 1 ? "" : ` after ${steps.join(", ")}`;
    return [
      ...Object.entries(service).map(([name, lane]) => ({
        what: `service, ${name}${after}`,
        lane,
      })),
      { what: `capacity${after}`, lane: capacity },
    ];
  });
}

/** `3 restarts of server-abc (CrashLoopBackOff)`, a text for each pod. */
export function restartTexts(result: RunResult | null): readonly string[] {
  return (result?.restarts ?? []).map(
    ({ pod, restarts, reason }) =>
      `${restarts} ${restarts === 1 ? "restart" : "restarts"} of ${pod}${reason === "" ? "" : ` (${reason})`}`,
  );
}

/** `15.2 min → 1.4 s`: a lane before and after. */
export const pairText = ({ before, after }: Pair): string =>
  `${showPoint(before.recovery)} → ${showPoint(after.recovery)}`;

/** `before took 651× [563×, 754×] as long`, or why nobody knows. */
export const ratioText = ({ ratio }: Pair): string =>
  ratio.is === "absent"
    ? `how many times as long is not known: ${ratio.why}`
    : `before took ${showMeasured(ratio)} as long`;

/** The claim beside what the headline contrast measured: a row each for before and after. */
export function claimRows(
  claim: Claim,
  pair: Pair,
): readonly {
  readonly when: string;
  readonly claimed: string;
  readonly here: string;
  readonly scale: string;
}[] {
  const row = (when: string, claimedMs: number, here: Measured<"ms">) => ({
    when,
    claimed: showMs(claimedMs),
    here: showPoint(here),
    scale: scaleText(claimedMs, here),
  });
  return [
    row("before", claim.beforeMs, pair.before.recovery),
    row("after", claim.afterMs, pair.after.recovery),
    {
      when: "times faster",
      claimed: `${showNumber(claim.beforeMs / claim.afterMs)}×`,
      here: showPoint(pair.ratio),
      scale: "",
    },
  ];
}

/** How many times as long as here it is said to have been there. */
function scaleText(claimedMs: number, here: Measured<"ms">): string {
  if (here.is === "absent") return "not known";
  if (here.is === "beyond") return `less than ${showNumber(claimedMs / here.low)}`;
  return here.value === 0 ? "not known" : showNumber(claimedMs / here.value);
}

/** What a reader must know before weighing the numbers; "" on real GPUs. */
export function evidenceText({ runs }: SuiteRecord): string {
  const levels = [...new Set(runs.flatMap(({ result }) => (result ? [result.level] : [])))].sort();
  if (levels.length === 0) return "No run has a result, so there is no evidence.";
  const known = levels.filter((level) => level !== "real-gpu");
  if (known.length === 0) return "";
  const several = levels.length > 1 ? "Runs of different levels are not compared. " : "";
  return (
    `Evidence level ${known.join(", ")}. ${several}Devices are not real GPUs, and a model is ` +
    "loaded here in milliseconds where production takes minutes: what recovery takes for " +
    "loading, pulling images and warming up is not in these numbers."
  );
}

/** Of a single run against a single run no spread can be told. */
export const ONE_RUN_EACH =
  "One run each: intervals are those of the measurement, not of repetition.";
