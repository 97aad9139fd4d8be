import { homedir } from 'node:os'
import { join } from 'node:path'

/** The variables of a process. */
export type Environment = Readonly<Record<string, string | undefined>>

interface SettingRow {
  readonly description: string
  /** Shown in errors and `--help`: what a value looks like. */
  readonly expected: string
  readonly fallback: (environment: Environment) => string
}

/** Every setting, in the order `runtimeconfig config` shows them. The flag is `--log-level`, the variable `RUNTIMECONFIG_LOG_LEVEL`. */
export const SETTINGS = {
  data: {
    description: 'folder of the store and the keys (server)',
    expected: 'a folder',
    fallback: (environment) => join(xdg(environment, 'XDG_DATA_HOME', '.local/share'), 'runtimeconfig'),
  },
  listen: {
    description: 'address to listen on (server)',
    expected: 'host:port, such as 127.0.0.1:8080; port 0 takes a free one',
    fallback: () => '127.0.0.1:8080',
  },
  'trust-proxy': {
    description: 'proxies whose X-Forwarded-For is believed (server)',
    expected: '"none", or a comma-separated list of addresses, networks, loopback, linklocal, uniquelocal',
    fallback: () => 'none',
  },
  'requests-per-minute': {
    description: 'HTTP requests a minute for each user (server)',
    expected: 'a whole number',
    fallback: () => '6000',
  },
  'legacy-key': {
    description: 'AES key of the reference system, to read its values (server)',
    expected: '"none", or a file that holds key and IV on two lines',
    fallback: () => 'none',
  },
  'log-level': {
    description: 'least severe line that is logged',
    expected: 'trace, debug, info, warn, error or silent',
    fallback: () => 'info',
  },
  'log-format': {
    description: 'JSON lines, or text for people',
    expected: 'auto (text on a terminal), json or pretty',
    fallback: () => 'auto',
  },
  server: {
    description: 'address of the server (every other command)',
    expected: 'an http or https URL, without user, password or query',
    fallback: () => 'http://127.0.0.1:8080',
  },
  'token-file': {
    description: 'file that holds the token to use (every other command)',
    expected: 'a file',
    fallback: (environment) => join(xdg(environment, 'XDG_CONFIG_HOME', '.config'), 'runtimeconfig', 'token'),
  },
} as const satisfies Record<string, SettingRow>

export type SettingName = keyof typeof SETTINGS

/** The variable of a setting: `log-level` → `RUNTIMECONFIG_LOG_LEVEL`. */
export function variableOf(name: SettingName): string {
  return `RUNTIMECONFIG_${name.toUpperCase().replaceAll('-', '_')}`
}

/** The names of all settings, in the order of the table. */
export function settingNames(): readonly SettingName[] {
  return Object.keys(SETTINGS) as SettingName[]
}

/** Where the settings file is looked for when no `--config` names one. */
export function defaultSettingsFile(environment: Environment): string {
  return join(xdg(environment, 'XDG_CONFIG_HOME', '.config'), 'runtimeconfig', 'config.yaml')
}

function xdg(environment: Environment, variable: string, fallback: string): string {
  const value = environment[variable]
  return value !== undefined && value.startsWith('/')
    ? value
    : join(environment['HOME'] ?? homedir(), fallback)
}
