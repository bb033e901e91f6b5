/** The canonical codes that answers carry, with TensorFlow Serving's HTTP status for each. */
const HTTP_STATUS = {
  OK: 200,
  CANCELLED: 499,
  UNKNOWN: 500,
  INVALID_ARGUMENT: 400,
  DEADLINE_EXCEEDED: 504,
  NOT_FOUND: 404,
  RESOURCE_EXHAUSTED: 429,
  FAILED_PRECONDITION: 400,
  UNAVAILABLE: 503,
  INTERNAL: 500,
} as const;
export type StatusCode = keyof typeof HTTP_STATUS;

/** A request that ends with an error body. */
export class StatusError extends Error {
  readonly code: StatusCode;
  /** The version that was to answer, where that was found. */
  readonly version: number | null;
  constructor(code: StatusCode, message: string, version: number | null = null) {
    super(message);
    this.name = "StatusError";
    this.code = code;
    this.version = version;
  }
}

/** What is sent back; `json` false: no content type, for what matches no path. */
export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export const JSON_TYPE = "application/json";
/** On every answer to which a version was found, good or not. */
export const VERSION_HEADER = "x-model-version";

/** TensorFlow Serving's error body; a full queue also says when to come back. */
export function errorAnswer(error: StatusError): Answer {
  return {
    status: HTTP_STATUS[error.code],
    body: `{ "error": ${JSON.stringify(error.message)} }`,
    headers: {
      "content-type": JSON_TYPE,
      ...(error.code === "UNAVAILABLE" ? { "retry-after": "1" } : {}),
      ...(error.version === null ? {} : { [VERSION_HEADER]: String(error.version) }),
    },
  };
}

export function jsonAnswer(body: unknown, status = 200): Answer {
  return {
    status,
    body: `${JSON.stringify(body, null, 1)}\n`,
    headers: { "content-type": JSON_TYPE },
  };
}
