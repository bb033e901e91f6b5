import { clockInWords } from "../model/clock-words.ts";
import { value } from "../model/measured.ts";
import type { Episode, Lane, Segment } from "../model/measurement.ts";
import type { Ms } from "../model/quantity.ts";
import { showMs } from "../model/quantity.ts";
import type { Finding } from "../model/verdict.ts";
import { defineCheck } from "../ports/check.ts";

const NAME = "waterfall";
const UNATTRIBUTED_MIN_MS = 1_000;
const UNATTRIBUTED_RATIO = 0.1;

type About = Pick<Finding, "about"> & { readonly lane: string };

/** Only where the whole interval is outside of what was predicted. */
function missOf({ from, to, took, cause }: Segment, { about, lane }: About): readonly Finding[] {
  if (!cause || took.is === "absent") return [];
  const { lowMs, highMs } = cause.predicted;
  const longer = took.low > highMs;
  if (!longer && (took.is === "beyond" || took.high >= lowMs)) return [];
  return [
    {
      check: NAME,
      outcome: "noted",
      what: `${lane}, ${clockInWords(from)} → ${clockInWords(to)}: ${longer ? "longer" : "shorter"} than predicted`,
      observed: took,
      limit: longer ? { max: highMs } : { min: lowMs },
      about,
      hint: `${cause.setting} of ${cause.object} foretells ${showMs(lowMs)} to ${showMs(highMs)}: it is not what these seconds are due to, or not it alone`,
    },
  ];
}

const tookMs = ({ took }: Segment): Ms =>
  took.is === "absent" ? 0 : took.is === "value" ? took.value : took.low;

function unattributed({ waterfall }: Lane, { about, lane }: About): readonly Finding[] {
  const sum = (all: readonly Segment[]): Ms => all.reduce((ms, one) => ms + tookMs(one), 0);
  const open = waterfall.filter(({ cause }) => cause === null);
  const limitMs = Math.max(UNATTRIBUTED_MIN_MS, UNATTRIBUTED_RATIO * sum(waterfall));
  const openMs = sum(open);
  if (openMs <= limitMs) return [];
  return [
    {
      check: NAME,
      outcome: "noted",
      what: `${lane}: time that no setting is known to be the cause of`,
      observed: value("ms", { value: openMs, n: open.length }),
      limit: { max: limitMs },
      about,
      hint: open.map(({ from, to }) => `${clockInWords(from)} → ${clockInWords(to)}`).join("; "),
    },
  ];
}

function judgeEpisode(episode: Episode): readonly Finding[] {
  if (episode.predicted === undefined) return [];
  const lanes = [
    ...Object.entries(episode.service).map(
      ([name, lane]) => [`service, scenario ${name}`, lane] as const,
    ),
    ["capacity", episode.capacity] as const,
  ];
  return lanes.flatMap(([name, lane]) => {
    const of = { about: episode.steps, lane: name };
    return [...lane.waterfall.flatMap((one) => missOf(one, of)), ...unattributed(lane, of)];
  });
}

/** Told, and never judged: what was predicted before the inject against what was measured. */
export const waterfall = defineCheck({
  name: NAME,
  about:
    "Seconds of a recovery that are not as predicted, or that nothing is known to be the cause of; decides nothing.",
  params: {},
  always: true,
  judge: ({ episodes }) => episodes.flatMap(judgeEpisode),
});
