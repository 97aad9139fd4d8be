import { execFileSync } from 'node:child_process'
import { createHmac } from 'node:crypto'
import { mkdirSync, rmSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { createAuthFacts } from '#agent/auth-facts.ts'
import { openHome } from '#agent/home.ts'
import { Inspector } from '#agent/inspect.ts'
import type { RunningProcess } from '#agent/ports.ts'
import { normalFormOf } from '#core/normal-form.ts'
import { parseFileReport } from '#protocol/heartbeat.ts'
import { aFileDeps, aFolder, DIGEST_KEY } from '#test/support/command-devices.ts'

const CODEX = {
  name: 'codex',
  target: { targetPath: '~/.codex/auth.json', homeVariable: 'CODEX_HOME' },
  fields: { accountId: '/tokens/account_id', lastRefresh: '/last_refresh' },
  processName: 'codex',
  config: null,
} as const

const DOCUMENT = '{"tokens":{"account_id":"acct-1"},"last_refresh":"2026-11-20T10:00:00Z"}'

const hmac = (text: string) => createHmac('sha256', Buffer.from(DIGEST_KEY, 'hex')).update(text).digest('hex')

const NOTHING = { digest: null, last_written_digest: null, account: null, last_refresh: null }

let root: ReturnType<typeof aFolder>
let home: string
let file: string

beforeEach(() => {
  root = aFolder()
  home = join(root.path, 'home')
  file = join(home, '.codex/auth.json')
  mkdirSync(join(home, '.codex'), { recursive: true })
})

afterEach(() => root[Symbol.dispose]())

function anInspector(
  environment: Readonly<Record<string, string>> = {},
  facts: ReturnType<typeof createAuthFacts> | null = createAuthFacts(DIGEST_KEY, normalFormOf),
): Inspector {
  const homeOf = openHome(home, environment)
  const inspector = new Inspector(homeOf, aFileDeps(homeOf, join(root.path, 'state')).written)
  inspector.assign({ runtimes: [CODEX], facts })
  return inspector
}

const reportOf = (inspector: Inspector, processes: readonly RunningProcess[] | null = null) =>
  inspector.report(processes)['codex']

describe('the report of a runtime', () => {
  it('says everything about a login without giving it away', () => {
    writeFileSync(file, DOCUMENT, { mode: 0o640 })
    utimesSync(file, 1000, 1000)
    const report = reportOf(anInspector())

    expect(report).toEqual({
      target_path: '~/.codex/auth.json',
      exists: true,
      mode: 0o640,
      size: DOCUMENT.length,
      modified_at: 1_000_000,
      digest: hmac(normalFormOf(DOCUMENT)),
      last_written_digest: null,
      account: hmac('acct-1'),
      last_refresh: '2026-11-20T10:00:00Z',
      sessions: null,
    })
  })

  it('sends no piece of a login, wherever the server says that a time is', () => {
    const document = '{"tokens":{"account_id":"acct-1","access_token":"secret-access-token 12"}}'
    writeFileSync(file, document)
    const inspector = anInspector()
    const fields = { accountId: '/tokens/access_token', lastRefresh: '/tokens/access_token' }
    inspector.assign({ ...inspector.assignment, runtimes: [{ ...CODEX, fields }] })

    expect(reportOf(inspector)).toMatchObject({ digest: hmac(normalFormOf(document)), last_refresh: null })
    expect(JSON.stringify(reportOf(inspector))).not.toContain('secret')
  })

  it('is read by the server as it is meant', () => {
    writeFileSync(file, DOCUMENT)
    const report = reportOf(anInspector(), [])

    expect(parseFileReport(report)).toEqual({
      targetPath: '~/.codex/auth.json',
      exists: true,
      digest: report?.digest,
      lastWrittenDigest: null,
      account: report?.account,
      lastRefresh: '2026-11-20T10:00:00Z',
      modifiedAt: report?.modified_at,
      mode: 0o644,
      size: DOCUMENT.length,
      sessions: 0,
      error: null,
    })
  })

  it('says that a file is missing', () => {
    expect(reportOf(anInspector())).toEqual({
      target_path: '~/.codex/auth.json',
      exists: false,
      ...NOTHING,
      sessions: null,
    })
    rmSync(join(home, '.codex'), { recursive: true })
    expect(reportOf(anInspector())).toMatchObject({ exists: false })
  })

  it.each([
    ['an array', () => writeFileSync(file, '[1]')],
    ['half a document', () => writeFileSync(file, '{"token":')],
    ['an empty file', () => writeFileSync(file, '')],
    ['a file larger than any login', () => writeFileSync(file, `{"a":"${'x'.repeat(1_048_576)}"}`)],
    ['a folder', () => mkdirSync(file)],
    ['a named pipe', () => execFileSync('mkfifo', [file])],
    ['a dangling link', () => symlinkSync('nowhere', file)],
    ['a link to itself', () => symlinkSync('auth.json', file)],
    ['a link out of the home directory', () => symlinkSync('/etc/hostname', file)],
  ])('says that %s exists, and no digest', (_what, make) => {
    make()

    expect(reportOf(anInspector())).toMatchObject({ exists: true, ...NOTHING })
  })

  it('gives the same digest for the same document in another layout', () => {
    writeFileSync(file, DOCUMENT)
    const digest = reportOf(anInspector())?.digest
    writeFileSync(file, '{ "last_refresh":"2026-11-20T10:00:00Z",\n "tokens":{"account_id":"acct-1"} }\n')

    expect(reportOf(anInspector())?.digest).toBe(digest)
  })

  it.each([
    ['an account that is no string', '{"tokens":{"account_id":7}}'],
    ['tokens that are no object', '{"tokens":"account_id"}'],
    ['a key that every object has', '{"tokens":[]}'],
  ])('reports no account for %s', (_what, text) => {
    writeFileSync(file, text)

    expect(reportOf(anInspector())).toMatchObject({ account: null, digest: hmac(normalFormOf(text)) })
  })

  it('says nothing about contents without a key', () => {
    writeFileSync(file, DOCUMENT)

    expect(reportOf(anInspector({}, null))).toMatchObject({ exists: true, ...NOTHING })
  })

  it('counts sessions', () => {
    const processes = [
      { pid: 10, parentPid: 1, name: 'codex' },
      { pid: 11, parentPid: 10, name: 'codex' },
      { pid: 12, parentPid: 1, name: 'codex' },
      { pid: 13, parentPid: 1, name: 'claude' },
    ]
    expect(reportOf(anInspector(), processes)?.sessions).toBe(2)
  })
})

describe("the CLI's own variable", () => {
  it('moves what is reported to where a command would write', () => {
    mkdirSync(join(home, 'work'))
    writeFileSync(join(home, 'work/auth.json'), DOCUMENT)

    expect(reportOf(anInspector({ CODEX_HOME: join(home, 'work') }))).toMatchObject({
      target_path: '~/work/auth.json',
      exists: true,
    })
  })

  it('outside the home directory makes it unknown, and the value is not told', () => {
    writeFileSync(join(root.path, 'auth.json'), DOCUMENT)

    expect(reportOf(anInspector({ CODEX_HOME: root.path }))).toEqual({
      target_path: '~/.codex/auth.json',
      exists: null,
      error: 'target path must stay inside the user home directory',
      sessions: null,
    })
  })
})

describe('a look for changes', () => {
  it('sees nothing when nothing changed', () => {
    writeFileSync(file, DOCUMENT)
    const inspector = anInspector()

    expect(inspector.signature()).toBe(inspector.signature())
  })

  it.each([
    ['other text of the same length and time', () => writeFileSync(file, DOCUMENT.replace('1', '2'))],
    ['its removal', () => rmSync(file)],
    [
      'a folder in its place',
      () => {
        rmSync(file)
        mkdirSync(file)
      },
    ],
    [
      'a link in place of its folder',
      () => {
        rmSync(join(home, '.codex'), { recursive: true })
        symlinkSync('/tmp', join(home, '.codex'))
      },
    ],
  ])('sees %s', (_what, change) => {
    writeFileSync(file, DOCUMENT)
    const inspector = anInspector()
    const [before, time] = [inspector.signature(), statSync(file).mtime]
    change()
    if (statSync(file, { throwIfNoEntry: false })?.isFile() === true) utimesSync(file, time, time)

    expect(inspector.signature()).not.toBe(before)
  })

  it('sees a change behind a link', () => {
    writeFileSync(join(home, 'real.json'), DOCUMENT)
    symlinkSync('../real.json', file)
    const inspector = anInspector()
    const before = inspector.signature()
    const digest = reportOf(inspector)?.digest
    writeFileSync(join(home, 'real.json'), '{}')

    expect(inspector.signature()).not.toBe(before)
    expect(digest).toBe(hmac(normalFormOf(DOCUMENT)))
    expect(reportOf(inspector)?.digest).toBe(hmac('{}'))
  })
})
