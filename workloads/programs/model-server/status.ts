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
  constructor(code: StatusCode, message: string) {
    super(message);
    this.name = "StatusError";
    this.code = code;
  }
}

/** What is sent back; `json` false: no content type, for what matches no path. */
export interface Answer {
  readonly status: number;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export const JSON_TYPE = "application/json";

/** TensorFlow Serving's error body; a full queue also says when to come back. */
export function errorAnswer(error: StatusError): Answer {
  return {
    status: HTTP_STATUS[error.code],
    body: `{ "error": ${JSON.stringify(error.message)} }`,
    headers: {
      "content-type": JSON_TYPE,
      ...(error.code === "UNAVAILABLE" ? { "retry-after": "1" } : {}),
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
