import { chmodSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it, onTestFinished } from 'vitest'

import type { AppError } from '#core/errors.ts'
import { Secret } from '#core/secret.ts'
import { openKeyring } from '#secrets/keyring.ts'
import { followMountedKeyring } from '#secrets/mounted.ts'
import { createSealer } from '#secrets/seal.ts'
import { openSigningKey } from '#secrets/signing.ts'
import { FakeClock } from '#test/support/fake-clock.ts'
import { aKeyFolder, refusalOf } from '#test/support/key-files.ts'
import { aKeyringFile, aKeyText, aPlace } from '#test/support/keys.ts'
import { until } from '#test/support/until.ts'

const ONE = { kid: 'k1', key: aKeyText() }
const TWO = { kid: 'k2', key: aKeyText() }
const deviceSeed = aKeyText()

/** A keyring as a cluster mounts it: a link that is swapped for another, readable by a group. */
async function aMount() {
  const folder = aKeyFolder()
  const path = join(folder, 'keyring.json')
  const clock = new FakeClock()
  const refusals: AppError[] = []
  let changes = 0
  let version = 0
  const write = (text: string) => {
    const target = join(folder, `keyring-${(version += 1)}`)
    writeFileSync(target, text)
    chmodSync(target, 0o644)
    symlinkSync(target, `${path}.new`)
    renameSync(`${path}.new`, path)
  }
  const put = (keyring: Readonly<Record<string, unknown>>) =>
    write(JSON.stringify(aKeyringFile({ keys: [ONE], deviceSeed, ...keyring })))
  put({})
  const mounted = await followMountedKeyring({
    path,
    clock,
    onRefused: (error) => void refusals.push(error),
    onChange: () => (changes += 1),
  })
  const { keyring } = mounted
  const stop = () => mounted.stop()
  onTestFinished(stop)
  /** Lets one look at the file happen, which is real. */
  const look = async () => {
    await until(() => clock.pending > 0)
    await clock.advance(10_000)
    await until(() => clock.pending > 0)
  }
  return { path, clock, keyring, put, write, look, refusals, changes: () => changes, stop }
}

describe('a mounted keyring', () => {
  it('opens whatever its modes are, through a link', async () => {
    const { keyring } = await aMount()
    expect({ current: keyring.current.kid, keys: [...keyring.keys.keys()] }).toEqual({
      current: 'k1',
      keys: ['k1'],
    })
  })

  it('is never made', async () => {
    const path = join(aKeyFolder(), 'keyring.json')
    expect(await refusalOf(openKeyring(path, { isMounted: true }))).toMatchObject({
      code: 'KEYRING_UNUSABLE',
      message: `the keyring ${path} cannot be used: it does not exist; mount it there, or make it with: runtimeconfig keys create FOLDER`,
    })
    expect((await refusalOf(openSigningKey(path, { isMounted: true }))).code).toBe('KEYRING_UNUSABLE')
  })

  it('opens with a new key at once, and seals with it three minutes later', async () => {
    const { put, look, keyring, clock, changes } = await aMount()
    const sealer = createSealer(keyring)
    const sealed = await sealer.seal(new Secret('login'), aPlace())
    put({ keys: [ONE, TWO], current: 'k2' })
    await look()
    await until(() => keyring.keys.has('k2'))
    expect(keyring.current.kid).toBe('k1')
    await clock.advance(180_000)
    expect(keyring.current.kid).toBe('k2')
    expect((await sealer.open(sealed, aPlace())).open()).toBe('login')
    expect(changes()).toBe(2)
  })

  it('seals with another key at once when its own is taken away', async () => {
    const { put, look, keyring } = await aMount()
    put({ keys: [TWO], current: 'k2' })
    await look()
    await until(() => keyring.current.kid === 'k2')
    expect([...keyring.keys.keys()]).toEqual(['k2'])
  })

  it('never seals with a key that was withdrawn while it waited', async () => {
    const { put, look, keyring, clock } = await aMount()
    put({ keys: [ONE, TWO], current: 'k2' })
    await look()
    await until(() => keyring.keys.has('k2'))
    put({})
    await look()
    await until(() => !keyring.keys.has('k2'))
    await clock.advance(600_000)
    expect(keyring.current.kid).toBe('k1')
  })

  it('stays as it was when the file is damaged, says so once, and goes on when it is mended', async () => {
    const { write, put, look, keyring, refusals } = await aMount()
    write('{"version":')
    await look()
    await until(() => refusals.length > 0)
    await look()
    put({ keys: [ONE, TWO] })
    await look()
    await until(() => keyring.keys.has('k2'))
    expect(refusals.map(({ code }) => code)).toEqual(['KEYRING_UNUSABLE'])
  })

  it('stays as it was when the file is gone', async () => {
    const { path, look, keyring, refusals } = await aMount()
    rmSync(path)
    await look()
    await until(() => refusals.length > 0)
    expect(keyring.current.kid).toBe('k1')
  })

  it('refuses another device seed: the digests of every device would mean nothing', async () => {
    const { put, look, keyring, refusals } = await aMount()
    put({ keys: [ONE, TWO], deviceSeed: aKeyText() })
    await look()
    await until(() => refusals.length > 0)
    expect(refusals[0]?.message).toContain('expected the deviceSeed that it had before')
    expect(keyring.keys.has('k2')).toBe(false)
  })

  it('is looked at no more after the end', async () => {
    const { clock, stop } = await aMount()
    stop()
    expect(clock.pending).toBe(0)
  })
})
