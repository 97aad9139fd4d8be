import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import { inject } from 'vitest'

import { type Client, createClient } from '#cli/client.ts'
import { type KeyFiles, makeKeyFiles } from '#cli/commands/keys.ts'
import { Secret } from '#core/secret.ts'
import { openSigningKey, signToken } from '#secrets/signing.ts'
import { freePort } from '#test/support/free-port.ts'
import {
  type Ended,
  eventually,
  type RunningCommand,
  runCommand,
  type StartedProgram,
  startToEnd,
} from '#test/support/installation.ts'

import { type ApiServer, startApiServer } from './api-server.ts'
import { makeChartAccount } from './chart-account.ts'
import { installDefinitions } from './kubectl.ts'
import { makeServiceAccount } from './service-account.ts'

const NAMESPACE = 'runtimeconfig'

/** A `serve` process that is one of several. */
export interface Replica {
  readonly name: string
  readonly address: string
  readonly command: RunningCommand
  client(user: string, scopes?: readonly string[]): Promise<Client>
  /** Runs an agent that is connected here, in a home with these files; resolves when it runs. */
  startDevice(user: string, id: string, files?: Readonly<Record<string, string>>): Promise<void>
}

/** A `serve` process that may still wait for its cluster. */
export interface EarlyReplica extends StartedProgram {
  readonly address: string
  /** Everything it wrote to stderr so far. */
  readonly said: () => string
}

/** An API server of its own, and what replicas stand on. */
export interface ReplicaGround {
  readonly server: ApiServer
  readonly namespace: string
  readonly keys: KeyFiles
  /** Of the service account that the replicas are: for the API server, and for each other. */
  readonly accountTokens: readonly [api: string, peers: string]
  startReplica(name: string, flags?: readonly string[]): Promise<Replica>
  /** Starts a replica without waiting for it, on what the settings say in place of what is here. */
  startEarly(name: string, settings: Readonly<Record<string, string>>): Promise<EarlyReplica>
  /** Runs a command to its end with the settings that the replicas have. */
  run(command: string): Promise<Ended>
  close(): Promise<void>
}

/**
 * Starts an API server with the kinds, and a service account of the chart for the replicas to be.
 *
 * @param serverFlags more of kube-apiserver, without the dashes
 */
export async function layReplicaGround(
  serverFlags: Readonly<Record<string, string>> = {},
): Promise<ReplicaGround> {
  const server = await startApiServer(inject('assets'), serverFlags)
  const { kubeconfig } = server
  await installDefinitions(kubeconfig)
  const account = await makeChartAccount({ kubeconfig, namespace: NAMESPACE })
  const name = account.rendered.find(({ kind }) => kind === 'ServiceAccount')?.metadata.name ?? ''
  const audiences = ['runtime-config-operator/peers']
  const peers = await makeServiceAccount(kubeconfig, { namespace: NAMESPACE, name, audiences })
  const root = await mkdtemp(join(tmpdir(), 'runtimeconfig-replicas-'))
  const keys = await makeKeyFiles(join(root, 'keys'))
  const { keyring, signingKey } = keys
  const running: RunningCommand[] = []
  const early: StartedProgram[] = []
  const shared = {
    store: 'kubernetes',
    kubeconfig: account.kubeconfig,
    'operator-namespace': NAMESPACE,
    keyring,
    'signing-key': signingKey,
    'log-format': 'json',
    output: 'json',
  }
  const peerToken = { 'peer-token-file': join(peers.folder, 'token') }
  return {
    server,
    namespace: NAMESPACE,
    keys,
    accountTokens: [account.token, peers.token],
    async startReplica(replica, flags = []) {
      const peer = `127.0.0.1:${await freePort()}`
      const own = { listen: '127.0.0.1:0', replica, 'peer-listen': peer, 'peer-url': `http://${peer}` }
      const named = Object.entries({ ...shared, ...peerToken, ...own }).flatMap(([flag, value]) => [
        `--${flag}`,
        value,
      ])
      const command = await runCommand(['serve', ...named, ...flags])
      running.push(command)
      return toReplica({ name: replica, command, root, signingKey, running })
    },
    async startEarly(replica, settings) {
      const listen = `127.0.0.1:${await freePort()}`
      const named = Object.entries({ ...shared, replica, listen, ...settings })
      const started = startToEnd(['serve', ...named.flatMap(([flag, value]) => [`--${flag}`, value])])
      early.push(started)
      const said: string[] = []
      started.child.stderr?.on('data', (chunk: Buffer) => void said.push(chunk.toString('utf8')))
      const address = `http://${listen}`
      await eventually('it to listen', () => fetch(`${address}/livez`).catch(() => null))
      return { ...started, address, said: () => said.join('') }
    },
    run: (command) =>
      startToEnd([command, ...Object.entries(shared).flatMap(([flag, value]) => [`--${flag}`, value])]).ended,
    async close() {
      for (const { child } of early) child.kill('SIGTERM')
      await Promise.all(early.map(({ ended }) => ended))
      await Promise.all(running.toReversed().map((one) => one.kill('SIGTERM')))
      await server.stop()
      await rm(root, { recursive: true, force: true })
    },
  }
}

interface Started {
  readonly name: string
  readonly command: RunningCommand
  readonly root: string
  readonly signingKey: string
  readonly running: RunningCommand[]
}

function toReplica({ name, command, root, signingKey, running }: Started): Replica {
  const { address } = JSON.parse(command.firstLine) as { readonly address: string }
  const client: Replica['client'] = async (subject, scopes = ['user']) => {
    const request = { subject, scopes, expiresInSeconds: 3600, now: Date.now() }
    const { token } = await signToken(await openSigningKey(signingKey), request)
    return createClient(address, new Secret(token))
  }
  return {
    name,
    address,
    command,
    client,
    async startDevice(user, id, files = {}) {
      const folder = join(root, 'devices', user, id)
      const [home, tokenFile] = [join(folder, 'home'), join(folder, 'token')]
      await mkdir(home, { recursive: true, mode: 0o700 })
      for (const [name, text] of Object.entries(files)) {
        await mkdir(dirname(join(home, name)), { recursive: true, mode: 0o700 })
        await writeFile(join(home, name), text, { mode: 0o600 })
      }
      const body = { name: id, device_id: id }
      const made = await (await client(user)).call({ method: 'POST', path: '/users/me/device-tokens', body })
      await writeFile(tokenFile, (made as { readonly token: string }).token, { mode: 0o600 })
      const flags = { server: address, 'token-file': tokenFile, home, state: join(folder, 'state') }
      const named = Object.entries({ ...flags, 'device-id': id, output: 'json' })
      running.push(await runCommand(['agent', ...named.flatMap(([flag, value]) => [`--${flag}`, value])]))
    },
  }
}
