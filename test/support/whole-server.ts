import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { onTestFinished } from 'vitest'

import type { Scope } from '#api/principal.ts'
import { resolveSettings } from '#cli/resolve-settings.ts'
import { startServer } from '#cli/server.ts'
import { openSigningKey, signToken } from '#secrets/signing.ts'

import { FakeClock } from './fake-clock.ts'

/** An answer, read whole. */
interface Answered {
  readonly status: number
  readonly body: unknown
}

/** The product as `serve` wires it, in this process, on a clock that the test moves. */
export interface WholeServer {
  readonly address: string
  readonly clock: FakeClock
  /** Every log line that was written, as JSON. */
  readonly log: readonly string[]
  tokenFor(user: string, scopes?: readonly Scope[]): Promise<string>
  call(method: string, path: string, request: { token: string; body?: unknown }): Promise<Answered>
}

/** Starts a server in a folder of its own; it stops when the test ends. */
export async function startWholeServer(): Promise<WholeServer> {
  const data = await mkdtemp(join(tmpdir(), 'runtimeconfig-whole-'))
  const flags = { data, listen: '127.0.0.1:0' }
  const { settings } = resolveSettings({ flags, environment: { HOME: data }, file: null })
  const clock = new FakeClock()
  const log: string[] = []
  const note = (fields: object, message: string) => void log.push(JSON.stringify({ ...fields, message }))
  const logger = { debug: note, info: note, warn: note, error: note }
  const server = await startServer({ settings, clock, logger })
  onTestFinished(async () => {
    const stopped = server.stop()
    // Goodbyes are bounded by the clock, which stands still.
    await clock.advance(30_000)
    await stopped
    await rm(data, { recursive: true, force: true })
  })
  const key = await openSigningKey(join(data, 'signing-key.pem'))
  const { address } = server
  return {
    address,
    clock,
    log,
    async tokenFor(subject, scopes = ['user']) {
      const request = { subject, scopes, expiresInSeconds: 3600, now: clock.now() }
      return (await signToken(key, request)).token
    },
    async call(method, path, { token, body }) {
      const response = await fetch(`${address}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body !== undefined && { 'content-type': 'application/json' }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })
      return { status: response.status, body: await response.json() }
    },
  }
}
