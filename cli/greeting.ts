import { hostname } from 'node:os'

import { VERSION } from './version.ts'

/** What a person types to run this program: from a clone through npx, from the package by its name. */
export const PROGRAM = import.meta.url.endsWith('.ts') ? 'npx runtimeconfig' : 'runtimeconfig'

interface Start {
  /** Where it listens: `http://host:port`. */
  readonly address: string
  readonly data: string
  readonly user: string | undefined
}

/** Says where the server is and what to type next; each command works as it stands, in any folder of this machine. */
export function greetingOf({ address, data, user }: Start): readonly string[] {
  const here = reachable(address, { v4: '127.0.0.1', v6: '[::1]' })
  const there = reachable(address, { v4: hostname(), v6: hostname() })
  const server = here === 'http://127.0.0.1:8080' ? '' : ` --server ${here}`
  return [
    `runtimeconfig ${VERSION} is listening on ${address}; store and keys are in ${data}`,
    '',
    'Next, in another terminal:',
    `  1  ${PROGRAM} token create --user ${nameOf(user)} --save --data ${quote(data)}`,
    `  2  ${PROGRAM} runtimes upload codex ~/.codex/auth.json --enable${server}`,
    `  3  ${PROGRAM} token create --device laptop --save laptop.token${server}`,
    '',
    'then on that device:',
    `     ${PROGRAM} agent --server ${there} --token-file laptop.token --device-id laptop`,
  ]
}

/** Says where a replica in a cluster is; what to do next, it has no way to know. */
export function clusterGreetingOf(address: string): readonly string[] {
  return [`runtimeconfig ${VERSION} is listening on ${address}; everything is kept in the cluster`]
}

// `0.0.0.0` is where to listen, not where to go.
function reachable(address: string, any: { readonly v4: string; readonly v6: string }): string {
  return address.replace('//0.0.0.0:', `//${any.v4}:`).replace('//[::]:', `//${any.v6}:`)
}

function nameOf(user: string | undefined): string {
  return user !== undefined && /^[a-zA-Z0-9._][a-zA-Z0-9._-]{0,63}$/.test(user) ? user : 'me'
}

function quote(path: string): string {
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", String.raw`'\''`)}'`
}
