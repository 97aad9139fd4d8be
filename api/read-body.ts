import type { IncomingMessage } from 'node:http'

import { AppError } from '#core/errors.ts'

const JSON_TYPES = /^application\/(?:json|[\w.-]+\+json)$/
const TEXT_TYPES =
  /^(?:application\/(?:json|yaml|x-yaml|[\w.-]+\+(?:json|yaml))|text\/(?:yaml|x-yaml|plain))$/

// Decoding without `stream` keeps no state, so one decoder serves every request.
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

export interface BodyLimits {
  readonly maxBytes: number
  /** Which media types the route reads: JSON only, or YAML too. */
  readonly types: 'json' | 'text'
}

/**
 * Reads a whole request body as UTF-8 text; empty when there is none.
 *
 * Rejects with `MEDIA_TYPE_UNSUPPORTED`, `BODY_TOO_LARGE` (as soon as it is known, without keeping what came) and
 * `REQUEST_MALFORMED` (not UTF-8, or cut off).
 */
export async function readBodyText(req: IncomingMessage, limits: BodyLimits): Promise<string> {
  if (Number(req.headers['content-length'] ?? 0) > limits.maxBytes) throw tooLarge(limits)
  const bytes = await collect(req, limits)
  if (bytes.length === 0) return ''
  requireMediaType(req, limits)
  try {
    return UTF8.decode(bytes)
  } catch (cause) {
    throw new AppError('REQUEST_MALFORMED', 'request body must be UTF-8', { cause })
  }
}

function requireMediaType(req: IncomingMessage, limits: BodyLimits): void {
  const encoding = req.headers['content-encoding']
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    throw new AppError('MEDIA_TYPE_UNSUPPORTED', 'request body must not be compressed')
  }
  const type = req.headers['content-type']
  if (type === undefined) return
  const [media = '', ...parameters] = type.toLowerCase().split(';')
  const allowed = limits.types === 'json' ? JSON_TYPES : TEXT_TYPES
  if (!allowed.test(media.trim())) {
    const expected = limits.types === 'json' ? 'application/json' : 'application/json or application/yaml'
    throw new AppError('MEDIA_TYPE_UNSUPPORTED', `expected a body of type ${expected}`)
  }
  const charset = parameters.map((text) => text.trim()).find((text) => text.startsWith('charset='))
  if (charset !== undefined && !/^charset="?utf-?8"?$/.test(charset)) {
    throw new AppError('MEDIA_TYPE_UNSUPPORTED', 'request body must be UTF-8')
  }
}

// Events instead of `for await`: an async iterator costs more than the rest of a small request together.
function collect(req: IncomingMessage, limits: BodyLimits): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    req.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size <= limits.maxBytes) chunks.push(chunk)
      // The rest is still read, and dropped: closing the connection now would lose the answer on its way to the client.
      else reject(tooLarge(limits))
    })
    req.on('end', () =>
      resolve(chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks)),
    )
    req.on('error', (cause) => reject(cutOff(cause)))
    req.on('close', () => {
      // An error costs a stack trace, so none is made for the requests that ended well.
      if (!req.complete) reject(cutOff(undefined))
    })
  })
}

function tooLarge(limits: BodyLimits): AppError {
  return new AppError('BODY_TOO_LARGE', `request body must be at most ${limits.maxBytes} bytes`)
}

function cutOff(cause: unknown): AppError {
  return new AppError('REQUEST_MALFORMED', 'request body ended before it was complete', { cause })
}
