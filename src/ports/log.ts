import type { Event, EventBody } from "../model/event.ts";
import type { Request, Sample } from "../model/request.ts";

/** The record of the run while it is written: append-only, one loop at a time. */
export interface Log {
  /** Stamped with the clock; resolves once it is synced to disk. Rejects when the disk is full. */
  append(body: EventBody): Promise<void>;
  /** All that was appended, in order. */
  events(): readonly Event[];
  /** A whole document (plan.json, environment.json): written beside and renamed. */
  write(name: string, data: unknown): Promise<void>;
  /**
   * A text below `artifacts/`, replacing what was there. `path` is relative and plain: see
   * `artifactPathProblem`; any other one is rejected.
   */
  artifact(path: string, text: string): Promise<void>;
  /** Buffered: a sample or a request that is lost with the process is a gap, not a leak. */
  sample(sample: Sample): void;
  request(request: Request): void;
  /** Flushes; writes the counted end line of the requests if `complete`. */
  close(complete: boolean): Promise<void>;
}
