import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from 'vitest'

import { createAuthFacts } from '#agent/auth-facts.ts'
import type { FileDeps } from '#agent/auth-file-commands.ts'
import { openHome } from '#agent/home.ts'
import { Inspector } from '#agent/inspect.ts'
import { normalFormOf } from '#core/normal-form.ts'
import { COMMAND_ENV, type CommandKey } from '#protocol/command-env.ts'
import { aCommandEnv, aFileDeps, aFolder, aRunner, DIGEST_KEY } from '#test/support/command-devices.ts'

const OLD = '{"token":"old"}'
const NEW = '{"token":"new"}'
const facts = createAuthFacts(DIGEST_KEY, normalFormOf)
const digestOf = (text: string) => facts.digestOf(text) ?? ''

let root: ReturnType<typeof aFolder>
let home: string
let file: string
let deps: FileDeps

beforeEach(() => {
  root = aFolder()
  home = join(root.path, 'home')
  file = join(home, '.codex/auth.json')
  mkdirSync(home)
  restart()
})

afterEach(() => root[Symbol.dispose]())

// The state is read from disk again, as after a restart.
function restart(): void {
  deps = aFileDeps(openHome(home, {}), join(root.path, 'state'))
}

async function ask(key: CommandKey, env: Readonly<Record<string, string | null>>): Promise<string> {
  const reply = await aRunner(deps).run({ command_key: key, env: aCommandEnv(env) })
  const line = JSON.parse(reply.stdout) as { readonly status: string; readonly error?: string }
  return line.error ?? line.status
}

const sync = (content: string, replaceDigest: string | null = null) =>
  ask('sync_runtime_auth_file', {
    [COMMAND_ENV.content]: content,
    [COMMAND_ENV.replaceDigest]: replaceDigest,
  })
const remove = (expectedDigest: string | null) =>
  ask('remove_runtime_auth_file', {
    [COMMAND_ENV.content]: null,
    [COMMAND_ENV.expectedDigest]: expectedDigest,
  })
const lastWritten = () => deps.written.digest('codex', facts)

describe('replacing', () => {
  it('replaces what this agent wrote last when the server says which digest may go, also after a restart', async () => {
    await sync(OLD)
    restart()

    expect(await sync(NEW, digestOf(OLD))).toBe('written')
    expect(readFileSync(file, 'utf8')).toBe(`${NEW}\n`)
    expect([lastWritten(), statSync(file).mode & 0o777]).toEqual([digestOf(NEW), 0o600])
    expect(readdirSync(join(home, '.codex'))).toEqual(['auth.json'])
  })

  it('writes the file when it is gone', async () => {
    await sync(OLD)
    rmSync(file)

    expect(await sync(NEW, digestOf(OLD))).toBe('written')
  })

  it.each([
    ['the server does not say that anything may go', OLD, null],
    ['the CLI changed it', '{"token":"rotated"}', digestOf(OLD)],
    [
      'the server means the changed one, which this agent did not write',
      '{"token":"r"}',
      digestOf('{"token":"r"}'),
    ],
    ['it is no JSON any more', 'garbage', digestOf(OLD)],
  ])('leaves the file alone when %s', async (_why, text, replaceDigest) => {
    await sync(OLD)
    writeFileSync(file, text)

    expect(await sync(NEW, replaceDigest)).toBe('skipped_existing')
    expect(readFileSync(file, 'utf8')).toBe(text)
    expect(lastWritten()).toBe(digestOf(OLD))
  })

  it('leaves a file alone that somebody else wrote, even with the very same text', async () => {
    mkdirSync(join(home, '.codex'))
    writeFileSync(file, OLD)

    expect(await sync(OLD)).toBe('skipped_existing')
    expect(await sync(NEW, digestOf(OLD))).toBe('skipped_existing')
  })

  it('leaves a link alone', async () => {
    await sync(OLD)
    rmSync(file)
    writeFileSync(join(home, 'elsewhere.json'), OLD)
    symlinkSync('../elsewhere.json', file)

    expect(await sync(NEW, digestOf(OLD))).toBe('skipped_existing')
    expect(readFileSync(join(home, 'elsewhere.json'), 'utf8')).toBe(OLD)
  })

  it('recognises the file in whatever layout the CLI keeps it', async () => {
    await sync(OLD)
    writeFileSync(file, '{ "token" : "old" }')

    expect(await sync(NEW, digestOf(OLD))).toBe('written')
  })

  it.each(['', 'ABCDEF', 'x'.repeat(64)])('refuses a digest that is none: %j', async (digest) => {
    expect(await sync(NEW, digest)).toBe('digest must be 64 lower-case hexadecimal digits')
  })

  it('never replaces or removes without a key from the server', async () => {
    await sync(OLD)
    deps = { ...deps, facts: null }

    expect(await sync(NEW, digestOf(OLD))).toBe('skipped_existing')
    expect(await remove(digestOf(OLD))).toBe('skipped_existing')
  })
})

describe('removing', () => {
  it('removes what this agent wrote last and then knows of nothing it wrote', async () => {
    await sync(OLD)
    restart()

    expect(await remove(digestOf(OLD))).toBe('removed')
    expect([readdirSync(join(home, '.codex')), lastWritten()]).toEqual([[], null])
  })

  it('is done when there is nothing', async () => {
    expect(await remove(digestOf(OLD))).toBe('absent')
    expect(readdirSync(home)).toEqual([])
  })

  it.each([
    ['the CLI changed it', '{"token":"rotated"}', digestOf(OLD)],
    ['the server expects another one', OLD, digestOf(NEW)],
  ])('leaves the file alone when %s', async (_why, text, expected) => {
    await sync(OLD)
    writeFileSync(file, text)

    expect(await remove(expected)).toBe('skipped_existing')
    expect(readFileSync(file, 'utf8')).toBe(text)
  })

  it('leaves a file alone that somebody else wrote', async () => {
    mkdirSync(join(home, '.codex'))
    writeFileSync(file, OLD)

    expect(await remove(digestOf(OLD))).toBe('skipped_existing')
  })

  it('leaves a folder alone', async () => {
    mkdirSync(file, { recursive: true })

    expect(await remove(digestOf(OLD))).toBe('skipped_existing')
  })

  it('wants to be told which digest', async () => {
    expect(await remove(null)).toBe('expected digest is required')
  })
})

describe('what was written', () => {
  const target = { targetPath: '~/.codex/auth.json', homeVariable: null }
  const intent = { runtime: 'codex', target, text: `${OLD}\n`, facts, number: null }
  const look = (facts: FileDeps['facts']) => {
    const inspector = new Inspector(openHome(home, {}), deps.written)
    const fields = { accountId: null, lastRefresh: null }
    inspector.assign({
      runtimes: [{ name: 'codex', target, fields, processName: null, config: null }],
      facts,
    })
    return inspector.report(null)['codex']?.last_written_digest
  }
  const dieDuring = (write: () => void) => {
    const die = () => {
      write()
      throw new Error('killed')
    }
    expect(() => deps.written.record(intent, die, () => true)).toThrow('killed')
    restart()
  }

  it('is known when the agent died between the file and the note of it', () => {
    dieDuring(() => {
      mkdirSync(join(home, '.codex'))
      writeFileSync(file, `${OLD}\n`)
    })

    expect(look(facts)).toBe(digestOf(OLD))
  })

  it('is not claimed when the agent died before the file was there', () => {
    dieDuring(() => {})
    expect(look(facts)).toBeNull()

    // Somebody logs in by hand with the same account later.
    mkdirSync(join(home, '.codex'))
    writeFileSync(file, `${OLD}\n`)
    expect(look(facts)).toBeNull()
  })

  it("is recognised under another key of the server's, as long as the file is still that one", async () => {
    await sync(OLD)
    const other = createAuthFacts('b2'.repeat(32), normalFormOf)

    expect([look(other), other.digestOf(OLD)]).toEqual([other.digestOf(OLD), other.digestOf(OLD)])
    expect(other.digestOf(OLD)).not.toBe(digestOf(OLD))
  })

  it('cannot be said any more when the key and the file are others', async () => {
    await sync(OLD)
    writeFileSync(file, NEW)

    expect(look(createAuthFacts('b2'.repeat(32), normalFormOf))).toBeNull()
    expect(look(facts)).toBe(digestOf(OLD))
  })
})
