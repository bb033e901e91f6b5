import type { Json, KubeObject } from "../model/json.ts";

/**
 * One change that a watch told; `stale`: it may have happened long before, because it came with a
 * list (the first one, or the one after a gap) and not with the stream.
 */
export interface WatchChange {
  readonly type: "ADDED" | "MODIFIED" | "DELETED";
  readonly object: KubeObject;
  readonly stale: boolean;
}

/** A process started inside a container; lines in, lines out. */
export interface ExecSession {
  send(line: string): void;
  onLine(take: (line: string) => void): void;
  /** Resolves when it ended, with what it said on stderr. */
  readonly ended: Promise<{ readonly code: number | null; readonly stderr: string }>;
  close(): void;
}

/** The Kubernetes API, as much of it as ninety needs. Throws ApiError. */
export interface Api {
  /** GET `api/v1/...` or `apis/...`; null on 404. */
  get(path: string, signal?: AbortSignal): Promise<Json>;
  /** Items of a list, all pages. */
  list(path: string, signal?: AbortSignal): Promise<readonly KubeObject[]>;
  /** Server-side apply with our field manager, forced; returns what the server holds now. */
  apply(object: KubeObject, signal?: AbortSignal): Promise<KubeObject>;
  /** POST, DELETE, PATCH; answers status and body without throwing on 4xx. */
  call(
    request: {
      readonly method: "POST" | "DELETE" | "PATCH" | "GET";
      readonly path: string;
      readonly body?: Json;
      readonly contentType?: string;
    },
    signal?: AbortSignal,
  ): Promise<{ readonly status: number; readonly body: string }>;
  /**
   * List and watch with an idle timeout and relists of its own; `take` gets every object once at
   * the start and every change after it; `gap` is called once for each time that changes may have
   * been missed or late, with how long the watch was then without a sign of life; the changes found
   * afterwards come as `stale`. Runs until the signal aborts; never gives up before.
   */
  watch(
    path: string,
    on: {
      readonly take: (change: WatchChange) => void;
      readonly gap: (why: string, blindMs: number) => void;
    },
    signal: AbortSignal,
  ): Promise<void>;
  /** A long-lived process in a container of a pod. */
  exec(
    pod: { readonly namespace: string; readonly name: string; readonly container: string },
    argv: readonly string[],
    signal?: AbortSignal,
  ): Promise<ExecSession>;
}

/** What the API server answered when it was not what was asked for. */
export class ApiError extends Error {
  readonly status: number;
  constructor(message: string, status: number, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "ApiError";
    this.status = status;
  }
}
