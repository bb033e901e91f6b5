import type { Event } from "../model/event.ts";
import type { Completeness } from "../model/measurement.ts";
import type { RunRecord } from "../model/record.ts";
import { LEFTOVER, SWEEP_FAILED } from "./leftovers.ts";
import type { Problems } from "./problems.ts";
import { spanOf, type Span } from "./phases.ts";

/** These error events say nothing about whether the run can be judged: cluster-clean tells them. */
const AFTER_THE_RUN: readonly string[] = [LEFTOVER, SWEEP_FAILED];

/** Code of the error event of a run that `abortWhen` ended. */
export const ABORT_WHEN = "abort-when";

/** Whether the record can be judged at all. */
export function completenessOf(
  record: RunRecord,
  events: readonly Event[],
  { spans, problems }: { readonly spans: readonly Span[]; readonly problems: Problems },
): Completeness {
  const counted = record.requestsEnd?.requests;
  const requests = record.requests.length;
  if (counted !== undefined && counted !== requests) {
    problems.add(`requests: ${requests} lines, the end line counts ${counted}`);
  }
  const errors = events.filter((event) => event.type === "error");
  const aborted = errors.filter(({ code }) => !AFTER_THE_RUN.includes(code));
  const stopped = errors.find(({ code }) => code === ABORT_WHEN);
  return {
    ...(stopped ? { aborted: stopped.message } : {}),
    requestsComplete: counted === requests,
    requests,
    runComplete: spanOf(spans, "end") !== null && aborted.length === 0,
    problems: [...record.problems, ...problems.list()],
  };
}

/** In one sentence why nothing can be judged, or null where all of it can. */
export function whyIncomplete(of: Completeness): string | null {
  if (of.problems.length > 0) return `the record has problems: ${of.problems[0]}`;
  if (!of.requestsComplete) return "the requests are incomplete: the end line is missing";
  return of.runComplete ? null : "the run did not end without an error";
}
