import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

import * as z from 'zod/mini'

import { AppError } from '#core/errors.ts'

/** Where a setting's value came from, strongest first. */
export type Origin = 'flag' | 'environment' | 'file' | 'default'

type Environment = Readonly<Record<string, string | undefined>>

interface SettingRow {
  readonly description: string
  /** Shown in errors and `--help`: what a value looks like. */
  readonly expected: string
  readonly schema: z.ZodMiniType<unknown, string>
  readonly fallback: (environment: Environment) => string
}

const address = z.pipe(
  z.string().check(z.regex(/^(\[[0-9a-fA-F:]+\]|[^:\s]+):\d{1,5}$/)),
  z.pipe(
    z.transform(splitAddress),
    z.object({ host: z.string(), port: z.number().check(z.maximum(65_535)) }),
  ),
)

const serverUrl = z.pipe(
  // A password in it would show in every message that names the server.
  z.url({ protocol: /^https?$/ }).check(z.regex(/^[^@?#]*$/)),
  z.transform((text: string) => text.replace(/\/+$/, '')),
)
const path = z.pipe(
  z.string().check(z.minLength(1)),
  z.transform((text: string) => resolve(expandHome(text))),
)
const count = z.pipe(
  z.string().check(z.regex(/^[1-9]\d{0,8}$/)),
  z.transform((text: string) => Number(text)),
)

/** Every setting, in the order `runtimeconfig config` shows them. The flag is `--log-level`, the variable `RUNTIMECONFIG_LOG_LEVEL`. */
export const SETTINGS = {
  data: {
    description: 'folder of the store and the keys (server)',
    expected: 'a folder',
    schema: path,
    fallback: (environment) => join(xdg(environment, 'XDG_DATA_HOME', '.local/share'), 'runtimeconfig'),
  },
  listen: {
    description: 'address to listen on (server)',
    expected: 'host:port, such as 127.0.0.1:8080; port 0 takes a free one',
    schema: address,
    fallback: () => '127.0.0.1:8080',
  },
  'trust-proxy': {
    description: 'proxies whose X-Forwarded-For is believed (server)',
    expected: '"none", or a comma-separated list of addresses, networks, loopback, linklocal, uniquelocal',
    schema: z.string().check(z.regex(/^(none|[0-9a-zA-Z.:/, ]+)$/)),
    fallback: () => 'none',
  },
  'requests-per-minute': {
    description: 'HTTP requests a minute for each user (server)',
    expected: 'a whole number',
    schema: count,
    fallback: () => '6000',
  },
  'legacy-key': {
    description: 'AES key of the reference system, to read its values (server)',
    expected: '"none", or a file that holds key and IV on two lines',
    schema: z.union([z.literal('none'), path]),
    fallback: () => 'none',
  },
  'log-level': {
    description: 'least severe line that is logged',
    expected: 'trace, debug, info, warn, error or silent',
    schema: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']),
    fallback: () => 'info',
  },
  'log-format': {
    description: 'JSON lines, or text for people',
    expected: 'auto (text on a terminal), json or pretty',
    schema: z.enum(['auto', 'json', 'pretty']),
    fallback: () => 'auto',
  },
  server: {
    description: 'address of the server (every other command)',
    expected: 'an http or https URL, without user, password or query',
    schema: serverUrl,
    fallback: () => 'http://127.0.0.1:8080',
  },
  'token-file': {
    description: 'file that holds the token to use (every other command)',
    expected: 'a file',
    schema: path,
    fallback: (environment) => join(xdg(environment, 'XDG_CONFIG_HOME', '.config'), 'runtimeconfig', 'token'),
  },
} as const satisfies Record<string, SettingRow>

export type SettingName = keyof typeof SETTINGS

export type Settings = { readonly [N in SettingName]: z.output<(typeof SETTINGS)[N]['schema']> }

/** One row of `runtimeconfig config`. */
export interface SettingOrigin {
  readonly name: SettingName
  /** As it was written, before parsing. */
  readonly value: string
  readonly origin: Origin
  /** The flag, the variable or the file that said so; `null` for a default. */
  readonly source: string | null
  readonly description: string
}

/** What was said where. The file's path names it in errors. */
export interface SettingSources {
  readonly flags: Readonly<Partial<Record<string, string>>>
  readonly environment: Environment
  readonly file: { readonly path: string; readonly values: Readonly<Record<string, unknown>> } | null
}

/** The variable of a setting: `log-level` → `RUNTIMECONFIG_LOG_LEVEL`. */
export function variableOf(name: SettingName): string {
  return `RUNTIMECONFIG_${name.toUpperCase().replaceAll('-', '_')}`
}

/**
 * Picks each setting's value: flags over environment over file over default.
 *
 * @throws AppError `SETTING_INVALID` naming the flag, variable or file and what it should look like
 */
export function resolveSettings(sources: SettingSources): {
  readonly settings: Settings
  readonly origins: readonly SettingOrigin[]
} {
  refuseUnknown(sources)
  const origins = settingNames().map((name) => originOf(name, sources))
  const entries = origins.map((row) => [row.name, parseSetting(row)] as const)
  return { settings: Object.fromEntries(entries) as Settings, origins }
}

/** The names of all settings, in the order of the table. */
export function settingNames(): readonly SettingName[] {
  return Object.keys(SETTINGS) as SettingName[]
}

/** Where the settings file is looked for when no `--config` names one. */
export function defaultSettingsFile(environment: Environment): string {
  return join(xdg(environment, 'XDG_CONFIG_HOME', '.config'), 'runtimeconfig', 'config.yaml')
}

function originOf(name: SettingName, { flags, environment, file }: SettingSources): SettingOrigin {
  const { description } = SETTINGS[name]
  const flag = flags[name]
  if (flag !== undefined) return { name, value: flag, origin: 'flag', source: `--${name}`, description }
  const variable = environment[variableOf(name)]
  if (variable !== undefined)
    return { name, value: variable, origin: 'environment', source: variableOf(name), description }
  const written = file?.values[name]
  if (file && written !== undefined) {
    return { name, value: textOf(written), origin: 'file', source: file.path, description }
  }
  return { name, value: SETTINGS[name].fallback(environment), origin: 'default', source: null, description }
}

function parseSetting({ name, value, source }: SettingOrigin): unknown {
  const parsed = SETTINGS[name].schema.safeParse(value)
  if (parsed.success) return parsed.data
  const plain = value.replace(/\/\/.*@/s, '//***@').replace(/\?.*/s, '?***')
  const shown = plain.length > 100 ? `${plain.slice(0, 100)}…` : plain
  throw new AppError(
    'SETTING_INVALID',
    `${source ?? name}: expected ${name} to be ${SETTINGS[name].expected}, got ${JSON.stringify(shown)}`,
  )
}

function refuseUnknown({ environment, file }: SettingSources): void {
  const known = new Set<string>(settingNames())
  const strange = Object.keys(file?.values ?? {}).find((name) => !known.has(name))
  if (file && strange !== undefined) {
    throw new AppError(
      'SETTING_INVALID',
      `${file.path}: ${JSON.stringify(strange)} is not a setting; expected one of ${[...known].join(', ')}`,
    )
  }
  const variables = new Set(settingNames().map(variableOf))
  const misspelt = Object.keys(environment).find(
    (name) => name.startsWith('RUNTIMECONFIG_') && !variables.has(name),
  )
  if (misspelt !== undefined) {
    throw new AppError(
      'SETTING_INVALID',
      `${misspelt}: no such setting; expected one of ${[...variables].join(', ')}`,
    )
  }
}

function splitAddress(text: string): { readonly host: string; readonly port: number } {
  const colon = text.lastIndexOf(':')
  return { host: text.slice(0, colon).replace(/^\[|\]$/g, ''), port: Number(text.slice(colon + 1)) }
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function expandHome(text: string): string {
  return text === '~' || text.startsWith('~/') ? join(homedir(), text.slice(1)) : text
}

function xdg(environment: Environment, variable: string, fallback: string): string {
  const value = environment[variable]
  return value !== undefined && value.startsWith('/')
    ? value
    : join(environment['HOME'] ?? homedir(), fallback)
}
