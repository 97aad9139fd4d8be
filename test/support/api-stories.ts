import type { ObjectOf } from '#crds/kinds.ts'
import type { Preferences, User } from '#store/users.ts'

import type { TestAnswer, TestApi } from './api-server.ts'
import { until } from './until.ts'

/** Path of one runtime's configuration. */
export const CODEX = '/users/me/runtime-configs/codex'

/** Sets a user's preferences as another program might have left them, and waits until memory shows them. */
export async function setPreferences(api: TestApi, preferences: Preferences, name = 'ada'): Promise<void> {
  const user = await findUser(api, name)
  const { resourceVersion } = await api.users.updatePreferences(user.id, {
    expectedVersion: user.resourceVersion,
    preferences,
  })
  await until(() => api.caches.users.get(user.id)?.resourceVersion === resourceVersion)
}

/** Reads a user's preferences from the store. */
export async function storedPreferences(api: TestApi, name = 'ada'): Promise<Preferences> {
  return (await findUser(api, name)).preferences
}

/** Applies a runtime that no test but this one knows. */
export async function applyGemini(api: TestApi, validation: object = { maxBytes: 1000 }): Promise<void> {
  await api.call('POST', '/v1/namespaces/default/apply', {
    token: await api.tokenFor('root', ['admin']),
    body: {
      apiVersion: 'agent.wecode.io/v1',
      kind: 'Runtime',
      metadata: { name: 'gemini' },
      spec: {
        displayName: 'Gemini',
        auth: { targetPath: '~/.gemini/oauth.json', format: 'json', validation },
      },
    },
  })
}

async function findUser(api: TestApi, name: string): Promise<User> {
  const user = await api.users.findByName(name)
  if (user === undefined) throw new Error(`there is no user ${name}`)
  return user
}

/** Uploads a document and gives the answer. */
export function upload(api: TestApi, text: string, token = api.token): Promise<TestAnswer> {
  return api.call('POST', `${CODEX}/auth-json`, { body: { auth_json: text }, token })
}

export function saveProxy(api: TestApi, url: string, token = api.token): Promise<TestAnswer> {
  return api.call('PUT', '/users/me/proxy-config', { body: { proxy_url: url }, token })
}

export function storedConfig(api: TestApi, namespace = 'user-1'): Promise<ObjectOf<'UserRuntimeConfig'>> {
  return api.store.get('UserRuntimeConfig', { namespace, name: 'codex' })
}

export function storedProxy(api: TestApi, namespace = 'user-1'): Promise<ObjectOf<'UserProxyConfig'>> {
  return api.store.get('UserProxyConfig', { namespace, name: 'default' })
}

/** Opens the login that is stored for the first user. */
export async function openStoredDocument(api: TestApi): Promise<string> {
  const { spec } = await storedConfig(api)
  const place = {
    user: '1',
    kind: 'UserRuntimeConfig',
    namespace: 'user-1',
    name: 'codex',
    field: 'spec.auth.encryptedValue',
  }
  return (await api.sealer.open(spec.auth?.encryptedValue ?? '', place)).open()
}

/** Opens the proxy that is stored for the first user. */
export async function openStoredProxy(api: TestApi): Promise<string> {
  const { spec } = await storedProxy(api)
  const place = {
    user: '1',
    kind: 'UserProxyConfig',
    namespace: 'user-1',
    name: 'default',
    field: 'spec.proxy.encryptedUrl',
  }
  return (await api.sealer.open(spec.proxy?.encryptedUrl ?? '', place)).open()
}

/** Reads the two members of a problem that tests mostly look at. */
export function problemOf({ status, body }: TestAnswer): unknown {
  const { detail } = body as { readonly detail?: unknown }
  return { status, detail }
}

/** Puts a value where the stored one was, as a damaged disk or another program might. */
export async function damageDocument(api: TestApi, encryptedValue: string): Promise<void> {
  const config = await storedConfig(api)
  const { auth } = config.spec
  if (auth === undefined) throw new Error('nothing is stored')
  await api.store.update('UserRuntimeConfig', {
    ...config,
    spec: { ...config.spec, auth: { ...auth, encryptedValue } },
  })
}

export async function damageProxy(api: TestApi, encryptedUrl: string): Promise<void> {
  const object = await storedProxy(api)
  const { proxy } = object.spec
  if (proxy === undefined) throw new Error('no proxy is stored')
  const { metadata } = await api.store.update('UserProxyConfig', {
    ...object,
    spec: { ...object.spec, proxy: { ...proxy, encryptedUrl } },
  })
  await until(() => {
    const known = api.caches.proxies.get({ namespace: 'user-1', name: 'default' })
    return known?.metadata.resourceVersion === metadata.resourceVersion
  })
}
