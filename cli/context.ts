import { readFile } from 'node:fs/promises'

import type { Clock } from '#core/clock.ts'
import { AppError } from '#core/errors.ts'

import { type Client, createClient, readTokenFile } from './client.ts'
import { createOutput, type Output } from './output.ts'
import {
  resolveSettings,
  type SettingOrigin,
  type Settings,
  type SettingSources,
} from './resolve-settings.ts'
import { defaultSettingsFile } from './settings.ts'
import { systemClock } from './system-clock.ts'

/** What every command is handed: settings, output, time, and a client that is made when it is first needed. */
export interface Context {
  readonly settings: Settings
  readonly origins: readonly SettingOrigin[]
  readonly output: Output
  readonly clock: Clock
  readonly environment: Readonly<Record<string, string | undefined>>
  /**
   * Takes SIGINT, SIGTERM and the named ones over, for commands that have something to finish; the first one aborts, a second one
   * kills. Commands that never ask are ended by the first.
   */
  readonly untilStopped: (...more: readonly NodeJS.Signals[]) => AbortSignal
  readonly client: () => Promise<Client>
}

/** Flags every command takes, as the command line gave them. */
export interface GlobalFlags {
  readonly config?: string
  readonly output?: Output['format']
  readonly [setting: string]: unknown
}

/** Reads settings and makes the context. @throws AppError `SETTING_INVALID` */
export async function createContext(flags: GlobalFlags): Promise<Context> {
  const environment = process.env
  const file = await readSettingsFile(flags.config, environment)
  const { settings, origins } = resolveSettings({ flags: toSettingFlags(flags), environment, file })
  const output = createOutput(flags.output === 'json' ? 'json' : 'text', process)
  return {
    settings,
    origins,
    output,
    environment,
    clock: systemClock,
    untilStopped: abortOnSignals,
    client: async () => createClient(settings.server, await readTokenFile(settings['token-file'])),
  }
}

function toSettingFlags(flags: GlobalFlags): Readonly<Record<string, string>> {
  const said = Object.entries(flags).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  )
  return Object.fromEntries(
    said.map(([name, value]) => [name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`), value]),
  )
}

async function readSettingsFile(
  named: string | undefined,
  environment: Context['environment'],
): Promise<SettingSources['file']> {
  const path = named ?? defaultSettingsFile(environment)
  let text: string
  try {
    text = await readFile(path, 'utf8')
  } catch (cause) {
    if (named === undefined && isMissing(cause)) return null
    throw new AppError('SETTING_INVALID', `expected a settings file at ${path}, which cannot be read`, {
      cause,
    })
  }
  return { path, values: await parseSettingsFile(path, text) }
}

async function parseSettingsFile(path: string, text: string): Promise<Readonly<Record<string, unknown>>> {
  // Most machines have no such file; the agent starts faster without a parser for it.
  const { parse: parseYaml } = await import('yaml')
  let values: unknown
  try {
    // Its warnings would go to stderr on their own, in words of its own.
    values = parseYaml(text, { logLevel: 'error' }) ?? {}
  } catch (cause) {
    throw new AppError(
      'SETTING_INVALID',
      `${path}: expected YAML or JSON with one "setting: value" per line`,
      { cause },
    )
  }
  if (typeof values === 'object' && values !== null && !Array.isArray(values)) return { ...values }
  throw new AppError('SETTING_INVALID', `${path}: expected "setting: value" lines at the top level`)
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT'
}

function abortOnSignals(...more: readonly NodeJS.Signals[]): AbortSignal {
  const controller = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM', ...more] as const) process.once(name, () => controller.abort())
  return controller.signal
}
