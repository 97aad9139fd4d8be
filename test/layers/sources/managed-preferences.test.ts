import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { LayersError } from '#layers/errors.ts'
import { decodePreference, readManagedPreferences } from '#layers/sources/managed-preferences.ts'

import { refusalOf } from './refusal.ts'
import { aSandbox } from './sandbox.ts'

/** A program that stands in for macOS's own. */
async function aCommand(script: string): Promise<string> {
  const { root } = await aSandbox()
  const command = join(root, 'defaults')
  await writeFile(command, `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  return command
}

describe('managed preferences', () => {
  it('are read by the program of the system, each under its name', async () => {
    const command = await aCommand('echo "$1 $2 $3"')
    expect(await readManagedPreferences({ platform: 'darwin', command })).toEqual({
      config: 'read com.openai.codex config_toml_base64\n',
      requirements: 'read com.openai.codex requirements_toml_base64\n',
    })
  })

  it('are absent where the program knows none', async () => {
    const command = await aCommand('echo "does not exist" >&2; exit 1')
    expect(await readManagedPreferences({ platform: 'darwin', command })).toEqual({
      config: null,
      requirements: null,
    })
  })

  it('are absent on other systems, where no program is started', async () => {
    expect(await readManagedPreferences({ platform: 'linux', command: '/nowhere' })).toEqual({})
  })

  it('are a fault where the program cannot be started: what an administrator set must not be left out', async () => {
    const fault = await refusalOf(
      readManagedPreferences({ platform: 'darwin', command: '/nowhere/defaults' }),
    )
    expect([fault.code, fault.message]).toEqual([
      'managedPreferencesInvalid',
      'managed preferences com.openai.codex config_toml_base64: they could not be read',
    ])
  })
})

describe('the text of a preference', () => {
  it.each<readonly [what: string, value: string | null | undefined, text: string | null]>([
    ['what its base64 says, white space around it left aside', '  YSA9IDEK\n', 'a = 1\n'],
    ['what base64 with padding says', 'YQ==', 'a'],
    ['absent when blank', ' \n', null],
    ['absent when null', null, null],
    ['absent when not there', undefined, null],
  ])('is %s', (_what, value, text) => {
    expect(decodePreference('config', value)).toBe(text)
  })

  it.each([
    ['no base64', 's3cret!', 'expected base64 with its padding, got something else'],
    ['base64 without its padding', 'YQ', 'expected base64 with its padding, got something else'],
    ['base64 of URLs', '-_-_', 'expected base64 with its padding, got something else'],
    ['base64 with a break inside', 'YSA9\nIDEK', 'expected base64 with its padding, got something else'],
    ['base64 with bits left over', 'YR==', 'expected base64 with its padding, got something else'],
    ['bytes that are not UTF-8', '/w==', 'expected UTF-8 below the base64, got other bytes'],
  ])('cannot be %s', (_what, value, reason) => {
    const fault = new LayersError('managedPreferencesInvalid', reason, {
      path: 'managed preferences com.openai.codex requirements_toml_base64',
    })
    expect(() => decodePreference('requirements', value)).toThrow(fault)
  })
})
