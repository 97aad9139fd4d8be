/** One request to an API server. */
export interface KubeRequest {
  readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Begins with `/api` or `/apis`; names are encoded. */
  readonly path: string
  /** `undefined` values are left out. */
  readonly query?: Readonly<Record<string, string | number | boolean | undefined>>
  readonly body?: unknown
  /** Of the body; default `application/json`. */
  readonly contentType?: string
  /** Form of the answer; default `application/json`. */
  readonly accept?: string
  readonly signal?: AbortSignal
  /** Without an answer after this long it failed; default 30 000. For `stream`: until the answer begins. */
  readonly timeoutMs?: number
}

/** What is known of a request when it has ended; for metrics. */
export interface RequestFact {
  readonly verb: 'get' | 'list' | 'watch' | 'create' | 'update' | 'patch' | 'delete'
  /** Plural name, with `/status` for the sub-resource: `devices/status`. */
  readonly resource: string
  /** HTTP status; 0: no answer. */
  readonly code: number
  readonly seconds: number
}

/** Speaks HTTP with one API server, as one identity. */
export interface KubeClient {
  /** Monotonic ms at which the server last did what it was asked; before the first time, infinitely long ago. */
  readonly heardAt: number
  /**
   * Gives the answer's JSON. Rejects with `NOT_FOUND`, `ALREADY_EXISTS`, `CONFLICT`, `EXPIRED`, `INVALID` (paths, never values),
   * `REQUEST_MALFORMED`, and with `STORE_UNAVAILABLE` for everything that may be otherwise later: no connection, 401 and 403
   * after a fresh token, 429, 5xx, and the 404 of a kind that is not served.
   */
  request(request: KubeRequest): Promise<unknown>
  /** Gives the lines of an answer as they come, without the line feed; ends when the server ends it. Rejects as `request` does. */
  stream(request: KubeRequest): AsyncIterable<string>
  /** Ends every connection. */
  close(): void
}
