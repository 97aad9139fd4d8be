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

const CLUSTER_SETTINGS = {
  kubeconfig: {
    description: 'how to reach the cluster (server, store kubernetes)',
    expected: '"auto" (KUBECONFIG, ~/.kube/config or the service account of the pod), or a kubeconfig file',
    fallback: () => 'auto',
  },
  'operator-namespace': {
    description: 'namespace of the tokens and Leases of the server (server, store kubernetes)',
    expected: '"auto" (that of the pod or of the kubeconfig), or the name of a namespace',
    fallback: () => 'auto',
  },
  replica: {
    description: 'name of this replica, of its own among all (server, store kubernetes)',
    expected: '"auto" (the host name), or at most 63 lower-case letters, digits and dashes',
    fallback: () => 'auto',
  },
  'peer-listen': {
    description: 'address for the other replicas to connect to (server, store kubernetes)',
    expected: '"none", or host:port, such as 0.0.0.0:8081; port 0 takes a free one',
    fallback: () => 'none',
  },
  'peer-url': {
    description: 'where the others reach that address (server, store kubernetes)',
    expected: '"none", or an http or https URL, without user, password or query',
    fallback: () => 'none',
  },
  'peer-token-file': {
    description:
      'service account token for the other replicas, read anew each time (server, store kubernetes)',
    expected: '"none", or a file',
    fallback: () => 'none',
  },
} as const satisfies Record<string, SettingRow>

const IDENTITY_SETTINGS = {
  'oidc-issuer': {
    description: 'OpenID provider whose tokens are believed (server)',
    expected: '"none", or its https URL as its tokens spell it; http only on this machine',
    fallback: () => 'none',
  },
  'oidc-audience': {
    description: 'whom its tokens must be for (server)',
    expected: '"none", or the client id of this installation at the provider',
    fallback: () => 'none',
  },
  'oidc-subject-claim': {
    description: 'claim that names the user (server)',
    expected: 'the name of a claim, such as sub or email',
    fallback: () => 'sub',
  },
  'oidc-groups-claim': {
    description: 'claim that lists the groups of the user (server)',
    expected: 'the name of a claim, such as groups',
    fallback: () => 'groups',
  },
  'oidc-create-users': {
    description: 'whether somebody unknown with a good token becomes a user (server)',
    expected: 'true or false',
    fallback: () => 'false',
  },
  'token-review': {
    description:
      'audience of service account tokens that the cluster is asked about (server, store kubernetes)',
    expected: '"none", or an audience, such as runtime-config-operator/api',
    fallback: () => 'none',
  },
  'admin-groups': {
    description: 'groups whose members are administrators (server)',
    expected: '"none", or a comma-separated list of groups',
    fallback: () => 'none',
  },
  'execution-groups': {
    description: 'groups of back ends that ask for execution requests (server)',
    expected: '"none", or a comma-separated list of groups',
    fallback: () => 'none',
  },
} as const satisfies Record<string, SettingRow>

/** Every setting, in the order `runtimeconfig config` shows them. The flag is `--log-level`, the variable `RUNTIMECONFIG_LOG_LEVEL`. */
export const SETTINGS = {
  store: {
    description: 'where everything is kept (server)',
    expected: 'sqlite (a file in the data folder) or kubernetes (resources of a cluster)',
    fallback: () => 'sqlite',
  },
  data: {
    description: 'folder of the store and the keys (server)',
    expected: 'a folder',
    fallback: (environment) => join(xdg(environment, 'XDG_DATA_HOME', '.local/share'), 'runtimeconfig'),
  },
  keyring: {
    description: 'keys that seal what is stored (server)',
    expected: '"auto" (in the data folder, made at first start), or a file that is there',
    fallback: () => 'auto',
  },
  'signing-key': {
    description: "key that signs users' tokens (server)",
    expected: '"auto" (in the data folder, made at first start), or a file that is there',
    fallback: () => 'auto',
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
  ...CLUSTER_SETTINGS,
  ...IDENTITY_SETTINGS,
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
    : join(environment['HOME'] ?? homeOfUser(), fallback)
}

// A container may run as a user that its image does not know.
function homeOfUser(): string {
  try {
    return homedir()
  } catch {
    return '/'
  }
}
