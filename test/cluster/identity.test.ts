import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest'

import { createClient } from '#cli/client.ts'
import { Secret } from '#core/secret.ts'
import { eventually } from '#test/support/installation.ts'
import { refusalOf } from '#test/support/key-files.ts'
import { anOpenIdProvider, type OpenIdProvider } from '#test/support/openid-provider.ts'

import { runProgram } from './kubectl.ts'
import { layReplicaGround, type Replica, type ReplicaGround } from './replica-pair.ts'
import { makeServiceAccount } from './service-account.ts'

const AUDIENCE = 'runtime-config-operator/api'
const CI = 'system:serviceaccount:team:ci'

let ground: ReplicaGround
let provider: OpenIdProvider
let replica: Replica

beforeAll(async () => {
  ground = await layReplicaGround()
  provider = await anOpenIdProvider()
  const settings = {
    'token-review': AUDIENCE,
    'oidc-issuer': provider.issuer,
    'oidc-audience': 'runtimeconfig',
    'oidc-create-users': 'true',
    'admin-groups': 'system:serviceaccounts:admins,platform',
  }
  const flags = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value])
  replica = await ground.startReplica('one', flags)
})

afterAll(async () => {
  await ground?.close()
  provider?.close()
})

describe('a service account', () => {
  it('is refused with the User to make, until there is one', async () => {
    const client = clientOf(await tokenOf('team', 'ci'))
    expect(await refusalOf(client.call({ path: '/users/me/devices' }))).toMatchObject({
      code: 'FORBIDDEN',
      message: `nobody here is "${CI}"; ask an administrator to make a User with spec.subject: "${CI}"`,
    })
    await apply({ metadata: { name: 'ci' }, spec: { subject: CI, namespace: 'team-ci' } })
    await eventually('the user to be known', () =>
      client.call({ path: '/users/me/devices' }).then(
        () => true,
        () => false,
      ),
    )
    expect(await client.call({ path: '/users/me/devices' })).toMatchObject({ items: [] })
  })

  it('is nobody with a token that is for the API server', async () => {
    const client = clientOf(await tokenOf('team', 'ci', []))
    expect(await refusalOf(client.call({ path: '/users/me/devices' }))).toMatchObject({
      code: 'UNAUTHENTICATED',
      message: 'the token is not good: neither this server nor the cluster knows it',
    })
  })

  it('is no administrator unless its group is', async () => {
    const token = await tokenOf('admins', 'root')
    const subject = 'system:serviceaccount:admins:root'
    await apply({ metadata: { name: 'root' }, spec: { subject, namespace: 'user-root' } })
    const names = await eventually('the administrator to be known', () =>
      clientOf(token)
        .call({ path: '/users' })
        .catch(() => null),
    )
    expect(names).toMatchObject({ items: [{ name: subject }, { name: CI }] })
    expect(await refusalOf(clientOf(await tokenOf('team', 'ci')).call({ path: '/users' }))).toMatchObject({
      code: 'FORBIDDEN',
    })
  })
})

describe('a person of an OpenID provider', () => {
  it('becomes a User with a namespace at their first sign-in', async () => {
    const client = clientOf(await provider.token('ada'))
    expect(await client.call({ path: '/users/me/devices' })).toMatchObject({ items: [] })
    expect(
      await kubectl([
        'get',
        'users.agent.wecode.io',
        'ada',
        '--output=jsonpath={.spec.subject} {.spec.namespace}',
      ]),
    ).toBe('ada user-ada')
  })

  it('who is suspended is refused at once', async () => {
    const client = clientOf(await provider.token('ada'))
    await kubectl([
      'patch',
      'users.agent.wecode.io',
      'ada',
      '--type=merge',
      '--patch={"spec":{"suspend":true}}',
    ])
    const refusal = await eventually('ada to be refused', () =>
      client.call({ path: '/users/me/devices' }).then(
        () => null,
        (error: unknown) => error,
      ),
    )
    expect(refusal).toMatchObject({
      code: 'UNAUTHENTICATED',
      message: expect.stringContaining('deactivated'),
    })
  })
})

function clientOf(token: string) {
  return createClient(replica.address, new Secret(token))
}

async function tokenOf(namespace: string, name: string, audiences = [AUDIENCE]): Promise<string> {
  const { kubeconfig } = ground.server
  const options = { namespace, name, ...(audiences.length > 0 && { audiences }) }
  return (await makeServiceAccount(kubeconfig, options)).token
}

async function apply(user: object): Promise<void> {
  await kubectl(
    ['apply', '-f', '-'],
    JSON.stringify({ apiVersion: 'agent.wecode.io/v1', kind: 'User', ...user }),
  )
}

async function kubectl(args: readonly string[], input = ''): Promise<string> {
  const command = [inject('assets').kubectl, `--kubeconfig=${ground.server.kubeconfig}`, ...args]
  const answer = await runProgram(command, input)
  if (answer.code !== 0) throw new Error(answer.stderr)
  return answer.stdout
}
