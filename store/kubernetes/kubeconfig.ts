import { access, readFile, stat } from 'node:fs/promises'
import { Agent } from 'node:http'
import type { RequestOptions } from 'node:https'
import { homedir } from 'node:os'
import { delimiter, dirname, join, resolve } from 'node:path'

import type { KubeConfig } from '@kubernetes/client-node'
import { parse } from 'yaml'

import type { Clock } from '#core/clock.ts'
import { AppError } from '#core/errors.ts'
import { ownField } from '#crds/violation.ts'

import { type Connection, createConnection, type Credentials } from './connection.ts'

/** Finds the kubeconfig as kubectl does: the files that `KUBECONFIG` names, else `~/.kube/config`; empty when there is none. */
export async function findKubeconfigs(environment: NodeJS.ProcessEnv): Promise<readonly string[]> {
  const named = (environment['KUBECONFIG'] ?? '').split(delimiter).filter(Boolean)
  // Of several, kubectl passes over those that are not there.
  if (named.length > 0) return named.length === 1 ? named : filterPresent(named)
  const usual = join(environment['HOME'] ?? homedir(), '.kube', 'config')
  return filterPresent([usual])
}

async function filterPresent(paths: readonly string[]): Promise<readonly string[]> {
  const present = paths.map((path) =>
    access(path).then(
      () => [path],
      () => [],
    ),
  )
  return (await Promise.all(present)).flat()
}

/**
 * Connects to what the current context of a kubeconfig names, with whatever it says to log in with: tokens, files, client
 * certificates, plugins. Files that changed are read again with the credentials.
 *
 * @param paths one or more, merged as kubectl merges them: what is named in an earlier one wins
 * @throws AppError `SETTING_INVALID`
 */
export async function connectByKubeconfig(paths: readonly string[], clock: Clock): Promise<Connection> {
  let config = await loadConfig(paths)
  let tokenFile = await findTokenFile(config, paths)
  let changedAt = await lastChange(paths)
  return createConnection({
    ...placeOf(config),
    clock,
    load: async (isFresh) => {
      const now = await lastChange(paths)
      // A plugin's answer is kept with the configuration: after a refusal both are forgotten.
      if (isFresh || now !== changedAt) {
        config = await loadConfig(paths)
        tokenFile = await findTokenFile(config, paths)
      }
      changedAt = now
      const credentials = await credentialsOf(config)
      return tokenFile === undefined ? credentials : withToken(credentials, await readFile(tokenFile, 'utf8'))
    },
  })
}

async function loadConfig(paths: readonly string[]): Promise<KubeConfig> {
  const { KubeConfig } = await import('@kubernetes/client-node')
  try {
    const configs = paths.map((path) => {
      const config = new KubeConfig()
      config.loadFromFile(path)
      return config
    })
    // The library's own merge refuses a name that comes twice, and takes the context of the last file.
    const merged = new KubeConfig()
    merged.loadFromOptions({
      clusters: firstOfEachName(configs.flatMap((config) => config.getClusters())),
      users: firstOfEachName(configs.flatMap((config) => config.getUsers())),
      contexts: firstOfEachName(configs.flatMap((config) => config.getContexts())),
      currentContext: configs.map((config) => config.getCurrentContext()).find(Boolean),
    })
    return merged
  } catch (cause) {
    const why = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : ''
    // Without the cause: a parser quotes the file.
    throw new AppError('SETTING_INVALID', `the kubeconfig ${paths.join(delimiter)} cannot be read${why}`)
  }
}

function firstOfEachName<T extends { readonly name: string }>(entries: readonly T[]): readonly T[] {
  return entries.filter(({ name }, at) => entries.findIndex((entry) => entry.name === name) === at)
}

function placeOf(config: KubeConfig): { readonly server: string; readonly namespace: string | undefined } {
  const cluster = config.getCurrentCluster()
  const context = config.getContextObject(config.getCurrentContext())
  if (cluster === null || !URL.canParse(cluster.server)) {
    throw new AppError('SETTING_INVALID', 'the kubeconfig needs a current context whose cluster has a server')
  }
  if (new URL(cluster.server).protocol === 'http:' && !cluster.skipTLSVerify) {
    const todo = 'set insecure-skip-tls-verify to use it all the same'
    throw new AppError(
      'SETTING_INVALID',
      `the server of the kubeconfig is reached without encryption; ${todo}`,
    )
  }
  return { server: cluster.server, namespace: context?.namespace || undefined }
}

async function credentialsOf(config: KubeConfig): Promise<Credentials> {
  const options: RequestOptions = {}
  await config.applyToHTTPSOptions(options)
  const { ca, cert, key, servername, rejectUnauthorized, auth } = options
  const tls = Object.fromEntries(
    Object.entries({ ca, cert, key, servername, rejectUnauthorized }).filter(
      ([, value]) => value !== undefined,
    ),
  )
  const headers = Object.fromEntries(
    Object.entries(options.headers ?? {}).map(([name, value]) => [name.toLowerCase(), String(value).trim()]),
  )
  if (auth) headers['authorization'] = `Basic ${Buffer.from(auth).toString('base64')}`
  const hasProxy = Boolean(config.getCurrentCluster()?.proxyUrl)
  return { tls, headers, ...(hasProxy && options.agent instanceof Agent && { agent: options.agent }) }
}

// The library does not know this field of a user, which is where a token that is replaced now and then lies.
async function findTokenFile(config: KubeConfig, paths: readonly string[]): Promise<string | undefined> {
  const name = config.getContextObject(config.getCurrentContext())?.user
  for (const path of paths) {
    const users = ownField(parse(await readFile(path, 'utf8')), 'users')
    const entry = Array.isArray(users) ? users.find((user) => ownField(user, 'name') === name) : undefined
    if (entry === undefined) continue
    const file = ownField(ownField(entry, 'user'), 'tokenFile')
    return typeof file === 'string' ? resolve(dirname(path), file) : undefined
  }
  return undefined
}

function withToken({ headers, ...rest }: Credentials, token: string): Credentials {
  return { ...rest, headers: { ...headers, authorization: `Bearer ${token.trim()}` } }
}

async function lastChange(paths: readonly string[]): Promise<number> {
  const times = await Promise.all(
    paths.map((path) =>
      stat(path).then(
        ({ mtimeMs }) => mtimeMs,
        () => 0,
      ),
    ),
  )
  return Math.max(...times)
}
