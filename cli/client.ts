import { createReadStream } from 'node:fs'

import type { z } from 'zod'

import { AppError, type ErrorCode, ERRORS } from '#core/errors.ts'
import { Secret } from '#core/secret.ts'

import { readBoundedText } from './bounded-text.ts'

/** One HTTP request to the server, as the commands make it. */
export interface Call {
  readonly method?: 'GET' | 'PUT' | 'POST' | 'DELETE'
  /** Path below the server's address, starting with `/`. */
  readonly path: string
  readonly body?: unknown
}

/** The server as a command sees it: JSON in, JSON out, problems as `AppError`. */
export interface Client {
  readonly server: string
  call(call: Call): Promise<unknown>
  /** Like `call`, for an answer of a known shape; another shape is not a runtimeconfig server's. */
  ask<T>(shape: z.ZodType<T>, call: Call): Promise<T>
}

const PATIENCE_MS = 120_000
const MAX_ANSWER_BYTES = 256 * 1024 * 1024
const MAX_TOKEN_FILE_BYTES = 64 * 1024

/**
 * Makes a client that sends the token with every call.
 *
 * A problem of the server is thrown as `AppError` with its code and its text; a server that is not there, fails, redirects
 * or is something else as `STORE_UNAVAILABLE` with the address that was tried.
 */
export function createClient(server: string, token: Secret<string> | null): Client {
  const call = async (asked: Call): Promise<unknown> => {
    const response = await send(server, asked, token)
    const answer = parseAnswer(await readAnswer(server, response), response)
    if (!response.ok) throw toError(answer, response)
    return answer
  }
  return {
    server,
    call,
    async ask(shape, asked) {
      const parsed = shape.safeParse(await call(asked))
      if (parsed.success) return parsed.data
      const where = parsed.error.issues[0]?.path.join('.') || 'the whole of it'
      throw notOurs(`${server}${asked.path}`, `an answer that does not fit (${where})`, parsed.error)
    },
  }
}

/** Reads a token file. @throws AppError `UNAUTHENTICATED` that names the file and how to make one */
export async function readTokenFile(path: string): Promise<Secret<string>> {
  const advice = 'make one with: runtimeconfig token create --user NAME --save'
  const read = await readBoundedText(createReadStream(path), MAX_TOKEN_FILE_BYTES).catch((cause: unknown) => {
    const message = `expected a token in ${path}, which cannot be read; ${advice}`
    throw new AppError('UNAUTHENTICATED', message, { cause })
  })
  const token = 'text' in read ? read.text.trim() : ''
  if (/^[\x21-\x7e]{1,8192}$/.test(token)) return new Secret(token)
  throw new AppError('UNAUTHENTICATED', `expected ${path} to hold one token and nothing else; ${advice}`)
}

async function send(
  server: string,
  { method, path, body }: Call,
  token: Secret<string> | null,
): Promise<Response> {
  try {
    return await fetch(`${server}${path}`, {
      method: method ?? 'GET',
      // A redirect would carry a login to whatever address it names.
      redirect: 'manual',
      headers: {
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === null ? {} : { authorization: `Bearer ${token.open()}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(PATIENCE_MS),
    })
  } catch (cause) {
    throw new AppError(
      'STORE_UNAVAILABLE',
      `no answer from ${server}; is the server running there? start it with: runtimeconfig serve, or name another one with --server URL`,
      { cause },
    )
  }
}

async function readAnswer(server: string, { body }: Response): Promise<string> {
  if (body === null) return ''
  const read = await readBoundedText(body, MAX_ANSWER_BYTES).catch((cause: unknown) => {
    const message = `the answer of ${server} broke off; try again, and look at the log of the server`
    throw new AppError('STORE_UNAVAILABLE', message, { cause })
  })
  return 'text' in read ? read.text : `not a text: ${read.unfit}`
}

function parseAnswer(text: string, response: Response): unknown {
  if (text === '') return null
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw notOurs(response.url.split('?')[0] ?? '', `something else with status ${response.status}`, cause)
  }
}

function notOurs(url: string, got: string, cause: unknown): AppError {
  return new AppError(
    'STORE_UNAVAILABLE',
    `expected the JSON of a runtimeconfig server from ${url}, got ${got}; name another address with --server URL`,
    { cause },
  )
}

function toError(answer: unknown, { status, url }: Response): AppError {
  const problem = typeof answer === 'object' && answer !== null ? answer : {}
  if (status < 400) {
    const message = `${url} answered ${status}, a redirect; name the address it leads to with --server URL`
    return new AppError('STORE_UNAVAILABLE', message)
  }
  const detail =
    'detail' in problem && typeof problem.detail === 'string'
      ? problem.detail
      : `${url} answered ${status} and did not say why`
  // What is wrong with the server's own settings is not a setting of this command.
  if (status >= 500) return new AppError('STORE_UNAVAILABLE', detail)
  return new AppError('code' in problem && isErrorCode(problem.code) ? problem.code : codeOf(status), detail)
}

function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(ERRORS, value)
}

function codeOf(status: number): ErrorCode {
  const found = Object.entries(ERRORS).find(([, row]) => row.status === status)?.[0]
  return isErrorCode(found) ? found : 'REQUEST_MALFORMED'
}
