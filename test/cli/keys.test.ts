import { stat } from 'node:fs/promises'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { parseKeyring } from '#secrets/keyring.ts'
import { parseSigningKey } from '#secrets/signing.ts'
import { openTerminal, type Terminal } from '#test/support/terminal.ts'

let terminal: Terminal

beforeAll(async () => {
  terminal = await openTerminal()
})
afterAll(() => terminal[Symbol.asyncDispose]())

describe('keys create', () => {
  it('makes the two files of the Secret, readable by their owner alone', async () => {
    const folder = terminal.path('new')
    expect(await terminal.json('keys create new')).toEqual({
      keyring: `${folder}/keyring.json`,
      signing_key: `${folder}/signing-key.pem`,
    })
    expect(parseKeyring(await terminal.read('new/keyring.json'), 'made').keys.size).toBe(1)
    expect(parseSigningKey(await terminal.read('new/signing-key.pem'), 'made').kid).toHaveLength(43)
    const modes = await Promise.all(['new', 'new/keyring.json', 'new/signing-key.pem'].map(modeOf))
    expect(modes).toEqual(['700', '600', '600'])
  })

  it('says what to do next', async () => {
    const { stdout } = await terminal.run('keys create other')
    expect(stdout).toContain(
      `next: kubectl create secret generic runtime-config-operator-keys --from-file=${terminal.path('other')}\n`,
    )
  })

  it('never replaces a key', async () => {
    await terminal.write('taken/signing-key.pem', 'mine')
    expect(await terminal.run('keys create taken')).toEqual({
      code: 78,
      stdout: '',
      stderr: `error: ${terminal.path('taken/signing-key.pem')} is there already, and keys are never replaced; name another folder\n`,
    })
    expect(await terminal.read('taken/signing-key.pem')).toBe('mine')
    await expect(stat(terminal.path('taken/keyring.json'))).rejects.toThrow('ENOENT')
  })
})

describe('keys add', () => {
  it('adds a key that seals, and keeps what opens', async () => {
    await terminal.run('keys create ring')
    const before = parseKeyring(await terminal.read('ring/keyring.json'), 'before')
    const { code, stdout } = await terminal.run('keys add ring/keyring.json')
    const after = parseKeyring(stdout, 'after')
    expect({ code, kids: [...after.keys.keys()] }).toEqual({
      code: 0,
      kids: [before.current.kid, after.current.kid],
    })
    expect(after.current.kid).not.toBe(before.current.kid)
    expect(after.deviceSeed.equals(before.deviceSeed)).toBe(true)
    expect(after.keys.get(before.current.kid)?.secret.equals(before.current.secret)).toBe(true)
  })

  it('is a filter: one keyring in, one out', async () => {
    const { stdout } = await terminal.shell(
      'runtimeconfig keys create piped >/dev/null; runtimeconfig keys add < piped/keyring.json | runtimeconfig keys add | runtimeconfig keys list',
    )
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => line.replace(/^key-\w{12}/, 'KEY')),
    ).toEqual(['KID               USE', 'KEY  opens', 'KEY  opens', 'KEY  seals and opens'])
  })

  it('refuses what is no keyring, without a word of it', async () => {
    await terminal.write('odd.json', '{"version":1,"current":"a","keys":[{"kid":"a","key":"top-secret"}]}')
    const { code, stdout, stderr } = await terminal.run('keys add odd.json')
    expect({ code, stdout }).toEqual({ code: 78, stdout: '' })
    expect(stderr).toContain('the keyring odd.json cannot be used: keys.0.key: expected base64url')
    expect(stderr).not.toContain('top-secret')
  })
})

describe('keys list', () => {
  it('shows names, never keys', async () => {
    await terminal.run('keys create shown')
    const text = await terminal.read('shown/keyring.json')
    const { current, keys } = JSON.parse(text) as { current: string; keys: { key: string }[] }
    expect(await terminal.json('keys list shown/keyring.json')).toEqual({
      items: [{ kid: current, current: true }],
    })
    expect((await terminal.run('keys list shown/keyring.json')).stdout).not.toContain(keys[0]?.key)
  })
})

async function modeOf(name: string): Promise<string> {
  return ((await stat(terminal.path(name))).mode & 0o777).toString(8)
}
