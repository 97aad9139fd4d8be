import { AppError } from '#core/errors.ts'

import type { SettingOrigin } from './resolve-settings.ts'
import { SETTINGS, type SettingName } from './settings.ts'

/** What only a cluster has a use for. */
const OF_CLUSTER: readonly SettingName[] = [
  'kubeconfig',
  'operator-namespace',
  'replica',
  'peer-listen',
  'peer-url',
  'peer-token-file',
  'token-review',
]

/** What only an OpenID provider has a use for. */
const OF_OIDC: readonly SettingName[] = [
  'oidc-audience',
  'oidc-subject-claim',
  'oidc-groups-claim',
  'oidc-create-users',
]

const OF_PEERS: readonly SettingName[] = ['peer-listen', 'peer-url', 'peer-token-file']
const OF_GROUPS: readonly SettingName[] = ['admin-groups', 'execution-groups']
const KEYS: readonly SettingName[] = ['keyring', 'signing-key']

/**
 * Refuses settings of a server that are each good and make no sense together.
 *
 * @param origins all of them, as they were written
 * @throws AppError `SETTING_INVALID` naming who said the setting that is one too many or missing, and what to do
 */
export function refuseOddCombinations(origins: readonly SettingOrigin[]): void {
  const said = new Map(origins.filter(isUnlikeDefault).map((row) => [row.name, row]))
  const odd = oddCluster(said) ?? oddPeers(said) ?? oddOidc(said) ?? oddGroups(said)
  if (odd !== undefined) throw new AppError('SETTING_INVALID', odd)
}

/** Settings that differ from their defaults. */
type Said = ReadonlyMap<SettingName, SettingOrigin>

function isUnlikeDefault({ name, value, origin }: SettingOrigin): boolean {
  return origin !== 'default' && value !== SETTINGS[name].fallback({})
}

function oddCluster(said: Said): string | undefined {
  if (!said.has('store')) {
    const row = firstOf(said, OF_CLUSTER)
    return row && `${sourceOf(row)}: ${row.name} is for --store kubernetes; add that, or leave this out`
  }
  const missing = KEYS.find((name) => !said.has(name))
  return (
    missing &&
    `${missing}: expected a file, because all replicas of a cluster share their keys; make them with runtimeconfig keys create FOLDER, mount them from a Secret, and name the file with --${missing}`
  )
}

function oddPeers(said: Said): string | undefined {
  const row = firstOf(said, OF_PEERS)
  const missing = OF_PEERS.find((name) => !said.has(name))
  if (row === undefined || missing === undefined) return undefined
  return `${sourceOf(row)}: ${row.name} needs ${missing} as well; name all of ${OF_PEERS.join(', ')}, or none for a single replica`
}

function oddOidc(said: Said): string | undefined {
  if (said.has('oidc-issuer')) {
    return said.has('oidc-audience')
      ? undefined
      : `oidc-audience: expected the client id of this installation at ${said.get('oidc-issuer')?.value}: tokens that it issued for others are no sign of anybody here`
  }
  const row = firstOf(said, OF_OIDC)
  return row && `${sourceOf(row)}: ${row.name} needs an oidc-issuer; name it, or leave this out`
}

function oddGroups(said: Said): string | undefined {
  if (said.has('oidc-issuer') || said.has('token-review')) return undefined
  const row = firstOf(said, OF_GROUPS)
  return (
    row &&
    `${sourceOf(row)}: ${row.name} needs an oidc-issuer or a token-review: no other token names groups; name one, or leave this out`
  )
}

function firstOf(said: Said, names: readonly SettingName[]): SettingOrigin | undefined {
  return names.map((name) => said.get(name)).find((row) => row !== undefined)
}

function sourceOf({ source, name }: SettingOrigin): string {
  return source ?? name
}
