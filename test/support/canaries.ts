import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'

import { parseKeyring } from '#secrets/keyring.ts'

/** A secret of this run alone, which nothing spells by chance. Escapes and encodings of JSON and URLs leave it as it is. */
export function aCanary(about: string): string {
  return `canary${about}${randomBytes(12).toString('hex')}`
}

/** Texts in which a secret may be hidden, by the name of the place. */
export type Places = Readonly<Record<string, string>>

/** What to look for, by a name to tell it by: a text, or bytes such as those of a key. */
export type Secrets = Readonly<Record<string, string | Buffer>>

/** The bytes of all keys of an installation. */
export async function keyBytes(files: { keyring: string; signingKey: string }): Promise<Secrets> {
  const { keys, deviceSeed } = parseKeyring(await readFile(files.keyring, 'utf8'), 'test')
  const sealing = [...keys.values()].map(({ kid, secret }) => [`sealing key ${kid}`, secret.export()])
  // Of the whole, only the end is secret.
  const pem = (await readFile(files.signingKey, 'utf8')).replaceAll(/-----[^-]+-----|\s/g, '')
  const signing = Buffer.from(pem, 'base64').subarray(-32)
  return { ...Object.fromEntries(sealing), 'device seed': deviceSeed.export(), 'signing key': signing }
}

/** Says which secret is in which place, in which form. Empty: none anywhere. */
export function findLeaks(places: Places, secrets: Secrets): readonly string[] {
  return Object.entries(secrets).flatMap(([name, secret]) =>
    formsOf(secret).flatMap(([form, spelt]) =>
      Object.entries(places)
        .filter(([, text]) => text.includes(spelt))
        .map(([place, text]) => `${name} (${form}) in ${place}: ${around(text, spelt)}`),
    ),
  )
}

/** Every way in which programs spell a secret: each is there as a whole, wherever the secret is in something longer. */
function formsOf(secret: string | Buffer): readonly (readonly [form: string, spelt: string])[] {
  const bytes = Buffer.from(secret)
  const hex = bytes.toString('hex')
  const forms: (readonly [string, string])[] = [
    ...(typeof secret === 'string' ? formsOfText(secret) : [['bytes', bytes.toString('latin1')] as const]),
    ['hex', hex],
    ['HEX', hex.toUpperCase()],
    ['printed bytes', hex.replaceAll(/..\B/g, '$& ')],
    ['numbers', [...bytes].join(',')],
    ['spaced numbers', [...bytes].join(', ')],
  ]
  for (const shift of [0, 1, 2]) {
    forms.push([`base64 at ${shift}`, inBase64(bytes, shift, 'base64')])
    forms.push([`base64url at ${shift}`, inBase64(bytes, shift, 'base64url')])
  }
  const known = new Set<string>()
  return forms.filter(([, spelt]) => !known.has(spelt) && known.add(spelt))
}

function formsOfText(secret: string): readonly (readonly [string, string])[] {
  const json = JSON.stringify(secret).slice(1, -1)
  return [
    ['plain', secret],
    ['JSON', json],
    ['JSON in JSON', JSON.stringify(json).slice(1, -1)],
    ['URL-encoded', encodeURIComponent(secret)],
  ]
}

// What stands before it moves it by one or two bytes; characters that neighbours share are left out.
function inBase64(bytes: Buffer, shift: number, encoding: 'base64' | 'base64url'): string {
  const text = Buffer.concat([Buffer.alloc(shift), bytes])
    .toString(encoding)
    .replace(/=+$/, '')
  const from = shift === 0 ? 0 : shift + 1
  const isWhole = (shift + bytes.length) % 3 === 0
  return text.slice(from, isWhole ? undefined : -1)
}

function around(text: string, spelt: string): string {
  const at = text.indexOf(spelt)
  return JSON.stringify(text.slice(Math.max(0, at - 80), at + 20))
}

/** Notes what every process of this machine is told, all the time: a command lives only for milliseconds. */
export function watchArguments(): { stop(): Promise<string> } {
  const seen = new Set<string>()
  const over = new AbortController()
  const loop = (async () => {
    while (!over.signal.aborted) {
      const { stdout } = await promisify(execFile)('ps', ['-eo', 'args', '--no-headers'], {
        maxBuffer: 16 * 1024 * 1024,
      })
      for (const line of stdout.split('\n')) seen.add(line)
      await sleep(2)
    }
  })()
  return {
    async stop() {
      over.abort()
      await loop
      return [...seen].join('\n')
    },
  }
}

/** Notes what all processes of this user were given as arguments and environment, where there is a `/proc` to see it in. */
export function watchProcesses(): { stop(): Promise<string> } {
  const seen = new Set<string>()
  const over = new AbortController()
  const look = async (): Promise<void> => {
    const pids = (await readdir('/proc').catch(() => [])).filter((name) => /^\d+$/.test(name))
    for (const pid of pids)
      for (const what of ['cmdline', 'environ'])
        seen.add(await readFile(`/proc/${pid}/${what}`, 'latin1').catch(() => ''))
  }
  const loop = (async () => {
    while (!over.signal.aborted) {
      await look()
      await sleep(10)
    }
  })()
  return {
    async stop() {
      over.abort()
      await loop
      return [...seen].join('\n')
    },
  }
}

/** The bytes of all files below a folder, as one text; empty when it is not there. */
export async function filesOf(folder: string, isLeftOut = (_path: string) => false): Promise<string> {
  const names = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  const files = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const texts = files.filter((file) => !isLeftOut(file)).map((file) => readFile(file, 'latin1'))
  return [...files, ...(await Promise.all(texts))].join('\n')
}
