import { createHash, createHmac, randomBytes } from 'node:crypto'

import { isTime } from '#protocol/liberal.ts'

import type { NormalForm } from './ports.ts'

/** Where things are in a runtime's auth document, as JSON pointers; `null`: it has no such thing. */
export interface AuthFields {
  readonly accountId: string | null
  readonly lastRefresh: string | null
}

/** What may be said about an auth file's text without giving it away. */
export interface AuthFacts {
  /** Names the key without being of any use for guessing it. */
  readonly keyId: string
  /** Lower-case hex HMAC of the normal form; `null`: no JSON object. */
  digestOf(text: string): string | null
  /** The same of the account id inside. */
  accountOf(text: string, fields: AuthFields): string | null
  /** The CLI's own refresh time inside, as written there; `null` also for what is no time, whatever the server calls it. */
  lastRefreshOf(text: string, fields: AuthFields): string | null
}

/** Makes {@link AuthFacts} under the key a device was given at registration (hex). */
export function createAuthFacts(digestKey: string, normalFormOf: NormalForm): AuthFacts {
  const key = Buffer.from(digestKey, 'hex')
  const hmac = (message: string) => createHmac('sha256', key).update(message, 'utf8').digest('hex')
  return {
    keyId: createHash('sha256').update('runtimeconfig key id\n').update(key).digest('hex').slice(0, 16),
    digestOf(text) {
      const normalForm = tryNormalForm(text, normalFormOf)
      return normalForm === null ? null : hmac(normalForm)
    },
    accountOf(text, { accountId }) {
      const account = findString(text, accountId)
      return account === null ? null : hmac(account)
    },
    lastRefreshOf(text, { lastRefresh }) {
      const time = findString(text, lastRefresh)
      return time !== null && isTime(time) ? time : null
    },
  }
}

/** A digest that only this device can compare: salted, kept in its own state, independent of the server's key. */
export interface LocalDigest {
  readonly salt: string
  readonly hash: string
}

/** Makes the {@link LocalDigest} of a text; `null`: no JSON object. Without `salt` a new one is drawn. */
export function localDigestOf(text: string, normalFormOf: NormalForm, salt?: string): LocalDigest | null {
  const normalForm = tryNormalForm(text, normalFormOf)
  if (normalForm === null) return null
  const drawn = salt ?? randomBytes(16).toString('hex')
  return { salt: drawn, hash: createHmac('sha256', drawn).update(normalForm, 'utf8').digest('hex') }
}

// What is thrown may quote the text, so nobody sees it.
function tryNormalForm(text: string, normalFormOf: NormalForm): string | null {
  try {
    return normalFormOf(text)
  } catch {
    return null
  }
}

function findString(text: string, pointer: string | null): string | null {
  if (pointer === null || !pointer.startsWith('/')) return null
  let value = parseJson(text)
  for (const segment of pointer.slice(1).split('/')) {
    const key = segment.replaceAll('~1', '/').replaceAll('~0', '~')
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return null
    value = Reflect.get(value, key)
  }
  return typeof value === 'string' && value !== '' ? value : null
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
