import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

import { LayersError } from '#layers/errors.ts'
import { readTomlBytes } from '#layers/toml/read.ts'
import { trimWhiteSpace } from '#layers/white-space.ts'

/** What device management sets on this machine, in base64. null or blank: nothing. */
export interface ManagedPreferences {
  readonly config?: string | null
  readonly requirements?: string | null
}

/** Domain of the preferences. */
export const PREFERENCES_DOMAIN = 'com.openai.codex'

/** Names of the preferences. */
export const PREFERENCE_KEYS = {
  config: 'config_toml_base64',
  requirements: 'requirements_toml_base64',
} as const

/** Where preferences are read, and by which program. */
export interface PreferencesCommand {
  readonly platform: NodeJS.Platform
  /** Path of a program that answers `read DOMAIN KEY` like macOS's `defaults`. */
  readonly command: string
}

const run = promisify(execFile)

/** Reads the managed preferences of macOS. Other systems have none, and nothing is started there. */
export async function readManagedPreferences(
  { platform, command }: PreferencesCommand = { platform: process.platform, command: '/usr/bin/defaults' },
): Promise<ManagedPreferences> {
  if (platform !== 'darwin') return {}
  const [config, requirements] = await Promise.all([
    readPreference(command, PREFERENCE_KEYS.config),
    readPreference(command, PREFERENCE_KEYS.requirements),
  ])
  return { config, requirements }
}

/**
 * The text of a preference: trimmed, standard base64 with its padding, UTF-8.
 *
 * @returns null when the preference is absent or blank
 * @throws LayersError `managedPreferencesInvalid` naming the preference
 */
export function decodePreference(
  kind: keyof typeof PREFERENCE_KEYS,
  value: string | null | undefined,
): string | null {
  const text = trimWhiteSpace(value ?? '')
  if (text === '') return null
  const bytes = Buffer.from(text, 'base64')
  // Buffer skips what it does not understand; what it read must be what is there.
  if (bytes.toString('base64') !== text)
    throw invalid(kind, 'expected base64 with its padding, got something else')
  try {
    return readTomlBytes(bytes)
  } catch (error) {
    throw invalid(kind, 'expected UTF-8 below the base64, got other bytes', error)
  }
}

/** What a preference is called in messages. */
export function preferenceTitle(kind: keyof typeof PREFERENCE_KEYS): string {
  return `managed preferences ${PREFERENCES_DOMAIN} ${PREFERENCE_KEYS[kind]}`
}

async function readPreference(command: string, key: string): Promise<string | null> {
  try {
    const { stdout } = await run(command, ['read', PREFERENCES_DOMAIN, key], { maxBuffer: MAX_OUTPUT_BYTES })
    return stdout
  } catch (error) {
    if (hasEnded(error)) return null
    throw new LayersError('managedPreferencesInvalid', 'they could not be read', {
      path: `managed preferences ${PREFERENCES_DOMAIN} ${key}`,
      cause: error,
    })
  }
}

const MAX_OUTPUT_BYTES = 4 * 1024 * 1024

/** The program ends with a code of its own when there is no such preference. */
function hasEnded(error: unknown): boolean {
  return error instanceof Error && 'code' in error && typeof error.code === 'number'
}

function invalid(kind: keyof typeof PREFERENCE_KEYS, reason: string, cause?: unknown): LayersError {
  return new LayersError('managedPreferencesInvalid', reason, { path: preferenceTitle(kind), cause })
}
