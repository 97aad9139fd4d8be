import { createHash } from 'node:crypto'
import { chmod, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'

import { type Installation, runCommand, startInstallation } from '#test/support/installation.ts'
import { openTerminal, type Terminal } from '#test/support/terminal.ts'

interface Finding {
  readonly check: string
  readonly verdict: string
  readonly message: string
  readonly advice: string | null
}

let installation: Installation
let terminal: Terminal
/** A data folder that a server used and left, or was killed in. */
let kept: string

beforeAll(async () => {
  installation = await startInstallation()
  terminal = await openTerminal({ RUNTIMECONFIG_SERVER: installation.address() })
  await terminal.write('.config/runtimeconfig/token', await installation.token('alice'))
  kept = installation.data
})
afterAll(async () => {
  await installation.close()
  await terminal[Symbol.asyncDispose]()
})

async function diagnose(data: string): Promise<{ code: number | null; findings: readonly Finding[] }> {
  const { code, stdout, stderr } = await terminal.run(`doctor --data ${data} --output json`)
  expect(stderr).toBe('')
  const { healthy, findings } = JSON.parse(stdout) as { healthy: boolean; findings: readonly Finding[] }
  expect(healthy).toBe(code === 0)
  return { code, findings }
}

async function verdictsOf(data: string): Promise<readonly string[]> {
  const { findings } = await diagnose(data)
  return findings.slice(0, 4).map(({ check, verdict, message }) => `${check}: ${verdict}: ${message}`)
}

/** Name, size, mode, time of change and hash of everything in a folder, and of the folder. */
async function everythingIn(folder: string) {
  const names = (await readdir(folder)).toSorted()
  const files = await Promise.all(
    names.map(async (name) => {
      const { size, mode, mtimeMs, ctimeMs } = await stat(join(folder, name))
      const hash = createHash('sha256')
        .update(await readFile(join(folder, name)))
        .digest('hex')
      return { name, size, mode, mtimeMs, ctimeMs, hash }
    }),
  )
  return { files, changedAt: (await stat(folder)).mtimeMs }
}

it('finds nothing wrong where nothing is, and shows it to people and to programs', async () => {
  const found = [
    ['data folder', `${kept} is yours alone (700)`],
    ['keyring', `${kept}/keyring.json is usable`],
    ['signing key', `${kept}/signing-key.pem is usable`],
    ['store', `${kept}/runtimeconfig.db is in use by a running server`],
    ['server', `${installation.address()} is ready`],
    ['clock', 'agrees with the server'],
    ['device channel', 'WebSocket connections get through'],
    ['token', `${terminal.path('.config/runtimeconfig/token')} is accepted`],
    ['claude file', `${terminal.path('.claude/.credentials.json')} is not there`],
    ['codex file', `${terminal.path('.codex/auth.json')} is not there`],
  ] as const
  expect(await terminal.json(`doctor --data ${kept}`)).toEqual({
    healthy: true,
    findings: found.map(([check, message]) => ({ check, verdict: 'ok', message, advice: null })),
  })
  expect(await terminal.run(`doctor --data ${kept}`)).toEqual({
    code: 0,
    stdout: `${found.map(([check, message]) => `✓ ${check.padEnd(15)} ${message}\n`).join('')}\nnothing is wrong\n`,
    stderr: '',
  })
})

it('looks at the login files of this machine', async () => {
  await using other = await openTerminal({ RUNTIMECONFIG_SERVER: installation.address() })
  await other.write('.config/runtimeconfig/token', await installation.token('alice'))
  await chmod(await other.write('.codex/auth.json', '{}'), 0o644)
  await other.write('.claude', 'a file where a folder belongs')
  const { code, stdout } = await other.run('doctor --output json')
  const { findings } = JSON.parse(stdout) as { readonly findings: readonly Finding[] }
  expect([code, findings.slice(-2)]).toEqual([
    1,
    [
      {
        check: 'claude file',
        verdict: 'problem',
        message: `${other.path('.claude/.credentials.json')} cannot be looked at (ENOTDIR)`,
        advice: 'let your user own your home folder',
      },
      {
        check: 'codex file',
        verdict: 'warning',
        message: `${other.path('.codex/auth.json')} can be read by others (644)`,
        advice: `chmod go-rwx ${other.path('.codex/auth.json')}`,
      },
    ],
  ])
})

it('says to people what to do', async () => {
  const file = await terminal.write('a-file', '')
  const { code, stdout } = await terminal.run(`doctor --data ${file}`)
  expect([code, stdout.split('\n').slice(0, 2), stdout.split('\n').at(-2)]).toEqual([
    1,
    [`✗ data folder     ${file} is a file`, '                  → name a folder with --data'],
    '1 to mend',
  ])
})

describe('the data folder', () => {
  let data: string
  let count = 0
  beforeEach(async () => {
    count += 1
    data = terminal.path(`data-${count}`)
    await mkdir(data, { mode: 0o700 })
  })

  /** The folder of the running server, as a kill would leave it: the newest part still in the log. */
  async function copyOfKilled(): Promise<void> {
    for (const name of ['keyring.json', 'signing-key.pem', 'runtimeconfig.db', 'runtimeconfig.db-wal']) {
      await writeFile(join(data, name), await readFile(join(kept, name)), { mode: 0o600 })
    }
  }

  it('is left as it is, to the byte, after a server that was killed', async () => {
    await copyOfKilled()
    await writeFile(join(data, '.keyring.json.new-0123456789abcdef'), 'left by a killed first start')
    const before = await everythingIn(data)
    expect(before.files.map(({ name }) => name)).toHaveLength(5)
    expect((await diagnose(data)).code).toBe(0)
    expect(await everythingIn(data)).toEqual(before)
  })

  it('is left as it is, to the byte, after a server that was stopped', async () => {
    const server = await runCommand(['serve', '--data', data, '--listen', '127.0.0.1:0'])
    await server.kill('SIGTERM')
    const before = await everythingIn(data)
    expect(before.files.map(({ name }) => name)).toEqual([
      'keyring.json',
      'runtimeconfig.db',
      'runtimeconfig.db.lock',
      'signing-key.pem',
    ])
    expect(await verdictsOf(data)).toEqual([
      `data folder: ok: ${data} is yours alone (700)`,
      `keyring: ok: ${data}/keyring.json is usable`,
      `signing key: ok: ${data}/signing-key.pem is usable`,
      `store: ok: ${data}/runtimeconfig.db is whole`,
    ])
    expect(await everythingIn(data)).toEqual(before)
  })

  it('is left empty when it is', async () => {
    expect(await verdictsOf(data)).toEqual([
      `data folder: ok: ${data} is yours alone (700)`,
      ...['keyring.json', 'signing-key.pem', 'runtimeconfig.db'].map(
        (name, at) =>
          `${['keyring', 'signing key', 'store'][at]}: skipped: ${data}/${name} does not exist; runtimeconfig serve makes it`,
      ),
    ])
    expect(await readdir(data)).toEqual([])
  })

  it('is not made', async () => {
    await rm(data, { recursive: true })
    const [first] = await verdictsOf(data)
    expect(first).toBe(`data folder: skipped: ${data} does not exist; runtimeconfig serve makes it`)
    await expect(stat(data)).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('has a problem when a key is lost that the store needs', async () => {
    await copyOfKilled()
    await rm(join(data, 'keyring.json'))
    const [, keyring] = await verdictsOf(data)
    expect(keyring).toBe(
      `keyring: problem: the keyring ${data}/keyring.json cannot be used: it does not exist; restore it from a backup`,
    )
  })

  it('has a problem for each of its files that is damaged', async () => {
    for (const name of ['keyring.json', 'signing-key.pem', 'runtimeconfig.db'])
      await writeFile(join(data, name), 'damaged'.repeat(200), { mode: 0o600 })
    expect((await verdictsOf(data)).map((line) => line.split(':').slice(0, 2).join(':'))).toEqual([
      'data folder: ok',
      'keyring: problem',
      'signing key: problem',
      'store: problem',
    ])
  })

  it('is warned about when others may look into it', async () => {
    await chmod(data, 0o755)
    await writeFile(join(data, 'runtimeconfig.db'), '')
    await chmod(join(data, 'runtimeconfig.db'), 0o644)
    const [folder, , , store] = await verdictsOf(data)
    expect([folder, store]).toEqual([
      `data folder: warning: ${data} can be read by others (755)`,
      `store: warning: ${data}/runtimeconfig.db can be read by others (644)`,
    ])
  })

  it('has a problem when something else has its name', async () => {
    const file = join(data, 'file')
    await writeFile(file, '')
    expect((await verdictsOf(file))[0]).toBe(`data folder: problem: ${file} is a file`)
    expect((await verdictsOf(join(file, 'x')))[0]).toBe(
      `data folder: problem: ${join(file, 'x')} cannot be looked at (ENOTDIR)`,
    )
  })
})

it('says which settings make no sense together, and looks no further at the server', async () => {
  const { stdout } = await terminal.run('doctor --store kubernetes --output json')
  const { findings } = JSON.parse(stdout) as { findings: readonly Finding[] }
  expect(findings[0]).toEqual({
    check: 'settings',
    verdict: 'problem',
    message: expect.stringContaining('keyring: expected a file, because all replicas of a cluster share'),
    advice: 'follow the message, then run runtimeconfig doctor again',
  })
  expect(findings[1]?.check).toBe('server')
})

it('looks at keys where the settings say they are, whatever their modes', async () => {
  await terminal.run('keys create named')
  await chmod(terminal.path('named/keyring.json'), 0o644)
  const flags = '--keyring named/keyring.json --signing-key named/nothing.pem'
  const { stdout } = await terminal.run(`doctor --data ${terminal.path('nowhere')} ${flags} --output json`)
  const { findings } = JSON.parse(stdout) as { findings: readonly Finding[] }
  expect(findings.slice(0, 3).map(({ check, verdict }) => [check, verdict])).toEqual([
    ['data folder', 'skipped'],
    ['keyring', 'ok'],
    ['signing key', 'problem'],
  ])
})
