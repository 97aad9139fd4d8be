import { hash } from 'node:crypto'

import type { Request, Response } from 'express'

import { isNotModified } from './precondition.ts'
import type { Answer } from './route.ts'
import { securityHeadersOf } from './security-headers.ts'

const JSON_TYPE = 'application/json; charset=utf-8'

/** Gives the version that a body will have once it is sent: a strong `ETag`, new exactly when a client sees a change. */
export function etagOfBody(body: unknown): string {
  return etagOf(JSON.stringify(body))
}

function etagOf(text: string): string {
  return `"${hash('sha256', text, 'base64url').slice(0, 22)}"`
}

/** Writes an answer as JSON, serialised once; a GET whose version the client already has is a 304. */
export function sendAnswer(req: Request, res: Response, answer: Answer): void {
  const isRead = req.method === 'GET' || req.method === 'HEAD'
  const text = JSON.stringify(answer.body)
  const etag = answer.etag === undefined ? etagOf(text) : answer.etag
  const cacheControl = answer.cacheControl ?? (isRead ? 'private, no-cache' : 'no-store')
  const headers =
    etag === null ? ['Cache-Control', cacheControl] : ['Cache-Control', cacheControl, 'ETag', etag]
  if (isRead && etag !== null && isNotModified(req.headers['if-none-match'], etag)) {
    res.writeHead(304, [...securityHeadersOf(res), ...headers]).end()
    return
  }
  sendText(res, { text, status: answer.status ?? 200, type: JSON_TYPE, headers })
}

/** A whole answer, ready to be written. */
export interface TextAnswer {
  readonly text: string
  readonly status: number
  readonly type: string
  /** Names and values in turn, besides type and length. */
  readonly headers: readonly string[]
}

/** Writes a serialised JSON text that no cache on the way may keep. */
export function sendJson(res: Response, status: number, body: unknown): void {
  sendText(res, {
    text: JSON.stringify(body),
    status,
    type: JSON_TYPE,
    headers: ['Cache-Control', 'no-store'],
  })
}

/** Writes a text with its length; node leaves the text out when the request was a HEAD. */
export function sendText(res: Response, { text, status, type, headers }: TextAnswer): void {
  const length = String(Buffer.byteLength(text))
  // One list, written at once: headers that are set one by one are each looked up, checked and copied.
  const all = [...securityHeadersOf(res), ...headers, 'Content-Type', type, 'Content-Length', length]
  res.writeHead(status, all).end(text)
}
