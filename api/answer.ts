import { hash } from 'node:crypto'

import type { Request, Response } from 'express'

import { isNotModified } from './precondition.ts'
import type { Answer } from './route.ts'

/** Gives the version of a representation: a strong `ETag` that changes exactly when a client would see a change. */
export function etagOf(text: string): string {
  return `"${hash('sha256', text, 'base64url').slice(0, 22)}"`
}

/** Gives the version that a body will have once it is sent. */
export function etagOfBody(body: unknown): string {
  return etagOf(JSON.stringify(body))
}

/** Writes an answer as JSON, serialised once; a GET whose version the client already has is a 304. */
export function sendAnswer(req: Request, res: Response, answer: Answer): void {
  const isRead = req.method === 'GET' || req.method === 'HEAD'
  const text = JSON.stringify(answer.body)
  const etag = answer.etag === undefined ? etagOf(text) : answer.etag
  res.setHeader('Cache-Control', answer.cacheControl ?? (isRead ? 'private, no-cache' : 'no-store'))
  if (etag !== null) res.setHeader('ETag', etag)
  if (isRead && etag !== null && isNotModified(req.headers['if-none-match'], etag)) {
    res.statusCode = 304
    res.end()
    return
  }
  sendJson(res, { text, status: answer.status ?? 200, type: 'application/json; charset=utf-8' })
}

/** Writes a serialised JSON text with its length; node leaves the text out when the request was a HEAD. */
export function sendJson(res: Response, json: SerialisedJson): void {
  res.statusCode = json.status
  res.setHeader('Content-Type', json.type)
  res.setHeader('Content-Length', Buffer.byteLength(json.text))
  res.end(json.text)
}

interface SerialisedJson {
  readonly text: string
  readonly status: number
  readonly type: string
}
