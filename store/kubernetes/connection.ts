import type { Agent } from 'node:http'
import type { RequestOptions } from 'node:https'

import type { Clock } from '#core/clock.ts'
import { AppError } from '#core/errors.ts'

/** Who we are to the API server, and how it proves that it is the right one. */
export interface Credentials {
  readonly tls: Pick<RequestOptions, 'ca' | 'cert' | 'key' | 'servername' | 'rejectUnauthorized'>
  /** `Authorization`, and whom to impersonate. */
  readonly headers: Readonly<Record<string, string>>
  /** Leads through the proxy that a kubeconfig names. */
  readonly agent?: Agent
}

/** Where an API server is, before anything was asked of it. */
export interface Connection {
  /** Without a slash at the end; may have a path. */
  readonly server: string
  /** The namespace that the service account or the kubeconfig names. */
  readonly namespace: string | undefined
  /**
   * Gives the credentials; they are read again every minute, and at once when `isFresh` is asked for. Rejects with
   * `STORE_UNAVAILABLE` when they never could be read.
   */
  readonly credentials: (isFresh?: boolean) => Promise<Credentials>
}

export interface ConnectionOptions {
  readonly server: string
  readonly namespace: string | undefined
  readonly clock: Clock
  /** `isFresh`: the server refused what it gave before. */
  readonly load: (isFresh: boolean) => Promise<Credentials>
}

// Tokens of service accounts are replaced in their file long before they expire; client libraries read them this often.
const READ_AGAIN_MS = 60_000

/** Makes a connection of something that reads credentials. What cannot be read again stays as it was. */
export function createConnection({ server, namespace, clock, load }: ConnectionOptions): Connection {
  let known: Credentials | undefined
  let readAt = Number.NEGATIVE_INFINITY
  let reading: Promise<Credentials> | undefined
  const read = async (isFresh: boolean) => {
    try {
      known = await load(isFresh)
    } catch (cause) {
      if (known === undefined) throw unreadable(cause)
    }
    readAt = clock.monotonic()
    return known
  }
  return {
    server: server.replace(/\/+$/, ''),
    namespace,
    credentials: async (isFresh = false) => {
      if (!isFresh && known !== undefined && clock.monotonic() - readAt < READ_AGAIN_MS) return known
      reading ??= read(isFresh).finally(() => {
        reading = undefined
      })
      return reading
    },
  }
}

// The cause is left out: what a plugin says on its standard error may be anything.
function unreadable(cause: unknown): AppError {
  const what = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : ''
  return new AppError(
    'STORE_UNAVAILABLE',
    `the credentials for the API server cannot be read${what}; check the service account or the kubeconfig`,
  )
}
