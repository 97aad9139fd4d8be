import { readFile } from 'node:fs/promises'

import { AppError, type ErrorCode, ERRORS } from '#core/errors.ts'
import { Secret } from '#core/secret.ts'

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
}

/**
 * Makes a client that sends the token with every call.
 *
 * A problem of the server is thrown as `AppError` with its code and its text; a server that is not there as
 * `STORE_UNAVAILABLE` with the address that was tried.
 */
export function createClient(server: string, token: Secret<string> | null): Client {
  return {
    server,
    async call({ method = 'GET', path, body }) {
      const response = await send(server, { method, path, body }, token)
      const text = await response.text()
      const answer = parseAnswer(text, response)
      if (!response.ok) throw toError(answer, response.status)
      return answer
    },
  }
}

/** Reads a token file. @throws AppError `UNAUTHENTICATED` that names the file and how to make one */
export async function readTokenFile(path: string): Promise<Secret<string>> {
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    throw new AppError(
      'UNAUTHENTICATED',
      `expected a token in ${path}, which cannot be read; make one with: runtimeconfig token create --user NAME --save`,
      { cause },
    )
  }
  const token = text.trim()
  if (/^[\x21-\x7e]{1,8192}$/.test(token)) return new Secret(token)
  throw new AppError(
    'UNAUTHENTICATED',
    `expected ${path} to hold one token and nothing else; make one with: runtimeconfig token create --user NAME --save`,
  )
}

async function send(
  server: string,
  { method, path, body }: Call,
  token: Secret<string> | null,
): Promise<Response> {
  try {
    return await fetch(`${server}${path}`, {
      method: method ?? 'GET',
      headers: {
        accept: 'application/json',
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...(token === null ? {} : { authorization: `Bearer ${token.open()}` }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(120_000),
    })
  } catch (cause) {
    throw new AppError(
      'STORE_UNAVAILABLE',
      `no answer from ${server}; is the server running there? start it with: runtimeconfig serve, or name another one with --server URL`,
      { cause },
    )
  }
}

function parseAnswer(text: string, response: Response): unknown {
  if (text === '') return null
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw new AppError(
      'STORE_UNAVAILABLE',
      `expected JSON from ${response.url.split('?')[0]}, got something else with status ${response.status}; is this a runtimeconfig server?`,
      { cause },
    )
  }
}

function toError(answer: unknown, status: number): AppError {
  const problem = typeof answer === 'object' && answer !== null ? answer : {}
  const detail =
    'detail' in problem && typeof problem.detail === 'string'
      ? problem.detail
      : `the server answered ${status}`
  const code = 'code' in problem && isErrorCode(problem.code) ? problem.code : codeOf(status)
  return new AppError(code, detail)
}

function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(ERRORS, value)
}

function codeOf(status: number): ErrorCode {
  const found = Object.entries(ERRORS).find(([, row]) => row.status === status)?.[0]
  return isErrorCode(found) ? found : 'STORE_UNAVAILABLE'
}
