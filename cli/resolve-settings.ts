import { homedir } from 'node:os'
import { join, resolve } from 'node:path'

import * as z from 'zod/mini'

import { AppError } from '#core/errors.ts'

import { type Environment, settingNames, SETTINGS, type SettingName, variableOf } from './settings.ts'

/** Where a setting's value came from, strongest first. */
export type Origin = 'flag' | 'environment' | 'file' | 'default'

const PRINTABLE = /^\P{C}{1,300}$/u

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
const NONE = z.literal('none')
const AUTO = z.literal('auto')
const claim = z.string().check(z.regex(/^[\w:/.-]{1,200}$/))
const groups = z.pipe(
  z.string().check(z.minLength(1)),
  z.pipe(z.transform(splitList), z.array(z.string().check(z.regex(PRINTABLE)))),
)
const audience = z.string().check(z.regex(PRINTABLE))
const issuer = z.url().check(
  // Over plain http anybody on the way could hand out keys of their own.
  z.regex(/^(https:\/\/|http:\/\/(localhost|127\.0\.0\.1|\[::1\])(?=[:/]|$))[^@?#\s]*$/),
)
const count = z.pipe(
  z.string().check(z.regex(/^[1-9]\d{0,8}$/)),
  z.transform((text: string) => Number(text)),
)

/** What a value must be, and what becomes of it. */
const SCHEMAS = {
  store: z.enum(['sqlite', 'kubernetes']),
  data: path,
  keyring: z.union([AUTO, path]),
  'signing-key': z.union([AUTO, path]),
  listen: address,
  'trust-proxy': z.string().check(z.regex(/^(none|[0-9a-zA-Z.:/, ]+)$/)),
  'requests-per-minute': count,
  'legacy-key': z.union([NONE, path]),
  kubeconfig: z.union([AUTO, path]),
  'operator-namespace': z.string().check(z.regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/)),
  replica: z.string().check(z.regex(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/)),
  'peer-listen': z.union([NONE, address]),
  'peer-url': z.union([NONE, serverUrl]),
  'peer-token-file': z.union([NONE, path]),
  'oidc-issuer': z.union([NONE, issuer]),
  'oidc-audience': audience,
  'oidc-subject-claim': claim,
  'oidc-groups-claim': claim,
  'oidc-create-users': z.pipe(
    z.enum(['true', 'false']),
    z.transform((text) => text === 'true'),
  ),
  'token-review': audience,
  'admin-groups': groups,
  'execution-groups': groups,
  'log-level': z.enum(['trace', 'debug', 'info', 'warn', 'error', 'silent']),
  'log-format': z.enum(['auto', 'json', 'pretty']),
  server: serverUrl,
  'token-file': path,
} as const satisfies Record<SettingName, z.ZodMiniType<unknown, string>>

export type Settings = { readonly [N in SettingName]: z.output<(typeof SCHEMAS)[N]> }

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
  const parsed = SCHEMAS[name].safeParse(value)
  if (parsed.success) return parsed.data
  const plain = value.replace(/\/\/.*@/s, '//***@').replace(/\?.*/s, '?***')
  const shown = plain.length > 100 ? `${plain.slice(0, 100)}…` : plain
  throw new AppError(
    'SETTING_INVALID',
    `${source ?? name}: expected ${name} to be ${SETTINGS[name].expected}, got ${JSON.stringify(shown)}`,
  )
}

/** What Kubernetes tells each pod about a Service whose name begins like our variables. */
const SERVICE_LINK =
  /^RUNTIMECONFIG_(?:\w+_)?(?:SERVICE_HOST|SERVICE_PORT(?:_\w+)?|PORT(?:_\d+_(?:TCP|UDP|SCTP)(?:_\w+)?)?)$/

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
    (name) => name.startsWith('RUNTIMECONFIG_') && !variables.has(name) && !SERVICE_LINK.test(name),
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

function splitList(text: string): readonly string[] {
  return text === 'none' ? [] : text.split(',').map((item) => item.trim())
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function expandHome(text: string): string {
  return text === '~' || text.startsWith('~/') ? join(homedir(), text.slice(1)) : text
}
