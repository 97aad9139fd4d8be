import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import { afterAll, beforeAll, expect, it } from 'vitest'
import { stringify } from 'yaml'

import { API_VERSION } from '#crds/group.ts'
import { KINDS } from '#crds/kinds.ts'
import { addKeyringKey, parseKeyring } from '#secrets/keyring.ts'
import { kidOf } from '#secrets/seal.ts'
import { openSigningKey, signToken } from '#secrets/signing.ts'
import {
  aCanary,
  filesOf,
  findLeaks,
  keyBytes,
  type Places,
  type Secrets,
  watchProcesses,
} from '#test/support/canaries.ts'
import { eventually, type RunningCommand, runCommand, startToEnd } from '#test/support/installation.ts'
import { asManifest, type Manifest } from '#test/support/manifests.ts'
import { anOpenIdProvider, type OpenIdProvider } from '#test/support/openid-provider.ts'

import { anAuditLog, type AuditLog, withoutAskedFor } from './audit-log.ts'
import { type Kubectl, kubectlOf, readCluster } from './cluster-contents.ts'
import { layOutAgent, type LoudAgent } from './loud-agent.ts'
import { type PeerTap, tapPeer } from './peer-tap.ts'
import { layReplicaGround, type Replica, type ReplicaGround } from './replica-pair.ts'
import { makeServiceAccount } from './service-account.ts'

const ME = '/users/me'
const CODEX = `${ME}/runtime-configs/codex`
const CLAUDE = `${ME}/runtime-configs/claude`
const CODEX_FILE = '.codex/auth.json'
const CLAUDE_FILE = '.claude/.credentials.json'
const SETTINGS_FILE = '.codex/config.toml'
const AUDIENCE = 'runtime-config-operator/api'
const SECRET = { namespace: 'user-alice', name: 'claude-login' }

/** What is looked for in the end. Tokens and keys are added when they are made. */
const secrets: { -readonly [name in keyof Secrets]: Secrets[name] } = {
  'own login of a device': aCanary('Own'),
  'account id': aCanary('Account'),
  'refresh token': aCanary('Refresh'),
  'access token': aCanary('Access'),
  'proxy password': aCanary('Proxy'),
  'proxy query': aCanary('Query'),
  setting: aCanary('Setting'),
  'content of a Secret': aCanary('Referenced'),
  'content of a Secret that changed': aCanary('Rotated'),
  'content of a malformed Secret': aCanary('Malformed'),
  'bad input': aCanary('Bad'),
  'text in the place of a ciphertext': aCanary('Misplaced'),
  'wrong token': aCanary('Wrong'),
  'token in a query': aCanary('Asked'),
}

/** Texts that may hold nothing of it, by the place they come from. */
const said: Record<string, string[]> = {}
/** Tokens that only the cluster can judge. */
const asked: string[] = []
const taps: PeerTap[] = []
const commands: Record<string, RunningCommand> = {}
let folder: string
let audit: AuditLog
let provider: OpenIdProvider
let ground: ReplicaGround
let kubectl: Kubectl
let one: Replica
let two: Replica

beforeAll(async () => {
  // The loudest a person can make it: libraries print whole packets, and Node the options of each connection.
  process.env['DEBUG'] = '*'
  process.env['NODE_DEBUG'] = 'http,https,net,tls,child_process,fetch,undici'
  folder = await mkdtemp(join(tmpdir(), 'runtimeconfig-canary-'))
  audit = await anAuditLog('RequestResponse')
  provider = await anOpenIdProvider()
  ground = await layReplicaGround(audit.flags)
  kubectl = kubectlOf(ground.server.kubeconfig)
  for (const [at, token] of ground.accountTokens.entries())
    secrets[`token ${at} of the replicas`] = endOf(token)
  Object.assign(secrets, await keyBytes(ground.keys))
  one = await startReplica('one')
  two = await startReplica('two')
})

afterAll(async () => {
  await Promise.all(Object.values(commands).map((command) => command.kill('SIGTERM')))
  await ground?.close()
  await Promise.all(taps.map((tap) => tap.close()))
  provider?.close()
  await audit?.remove()
  await rm(folder, { recursive: true, force: true })
})

it('a secret that goes through every feature of two replicas stays where it belongs', async () => {
  const watch = watchProcesses()
  const devices = await startDevices()
  await deliver(devices)
  await useProxy()
  await useSettings(devices.laptop)
  await useSecret(devices)
  await beWrong()
  await showTokens()
  await misplace()
  await look(one)
  await look(two)
  await runCommands()
  const three = await rotateKeys()
  await call(three, `DELETE ${CODEX}/auth-json`)
  await call(three, `PUT ${ME}/proxy-config`, { body: { proxy_url: '' } })
  await look(three)
  const processes = await watch.stop()
  await Promise.all(Object.values(commands).map((command) => command.kill('SIGTERM')))
  const entries = await audit.entries()
  const places = {
    ...(await filesPlaces(devices)),
    ...(await readCluster(kubectl, SECRET.name)),
    ...Object.fromEntries(Object.entries(said).map(([place, texts]) => [place, texts.join('\n')])),
    ...Object.fromEntries(Object.entries(commands).map(([name, { said: all }]) => [`log of ${name}`, all()])),
    'audit log': audited(entries),
    'wire between replicas': withoutPeerToken(taps.map((tap) => tap.heard()).join('\n')),
    processes,
  }
  expect(findLeaks(places, secrets)).toEqual([])
  expect(Object.entries(places).filter(([, text]) => text.length < 30)).toEqual([])
  // What shows that the search would have found it: places where it may be, or where it was cut out.
  const homes = await Promise.all(Object.values(devices).map(({ home }) => filesOf(home)))
  const wire = taps.map((tap) => tap.heard()).join('\n')
  const found = findLeaks({ homes: homes.join('\n'), audit: JSON.stringify(entries), wire }, secrets)
  for (const name of ['account id', 'content of a Secret that changed', 'setting', 'token 1 of the replicas'])
    expect(found.some((leak) => leak.startsWith(`${name} (`))).toBe(true)
  for (const path of ['commands', 'syncs', 'explanations']) expect(wire).toContain(`/internal/v1/${path}`)
}, 180_000)

async function startReplica(name: string): Promise<Replica> {
  const tap = await tapPeer()
  taps.push(tap)
  const settings = {
    'log-level': 'trace',
    data: join(folder, 'data'),
    'token-review': AUDIENCE,
    'oidc-issuer': provider.issuer,
    'oidc-audience': 'runtimeconfig',
    'oidc-create-users': 'true',
  }
  const flags = Object.entries(settings).flatMap(([flag, value]) => [`--${flag}`, value])
  const replica = await ground.startReplica(name, [...flags, ...tap.flags])
  commands[`replica ${name}`] = replica.command
  return replica
}

async function startDevices(): Promise<{ readonly laptop: LoudAgent; readonly desk: LoudAgent }> {
  const own = JSON.stringify({ tokens: { refresh_token: secrets['own login of a device'] } })
  const [laptop, desk] = await Promise.all([
    startDevice(one, 'laptop', { [CODEX_FILE]: own }),
    startDevice(two, 'desk', {}),
  ])
  return { laptop, desk }
}

async function startDevice(
  replica: Replica,
  id: string,
  files: Readonly<Record<string, string>>,
): Promise<LoudAgent> {
  const body = { name: id, device_id: id }
  const options = { body, isItsPurpose: true }
  const made = await call(replica, `POST ${ME}/device-tokens`, options)
  const { token } = JSON.parse(made) as { readonly token: string }
  secrets[`device token of ${id}`] = token.slice(-43)
  const agent = await layOutAgent(folder, { server: replica.address, id, token, files })
  commands[`agent ${id}`] = await runCommand(agent.args)
  return agent
}

/** A login comes from a device of one replica, goes to that of the other, and is replaced. */
async function deliver({ laptop, desk }: Awaited<ReturnType<typeof startDevices>>): Promise<void> {
  await eventually('the login to be taken over', async () => {
    const answer = await call(two, `POST ${CODEX}/import-device`, {
      body: { device_id: 'laptop' },
      answer: 'either',
    })
    return answer.includes('"auth_json_sha256":"')
  })
  await call(one, `PUT ${CODEX}`, { body: { use_user_config: true } })
  await holds(join(desk.home, CODEX_FILE), 'own login of a device')
  const auth = { format: 'json', targetPath: `~/${CODEX_FILE}`, updatePolicy: 'IfStale' }
  await call(two, 'POST /v1/namespaces/default/apply', { body: aConfig('codex', auth) })
  const tokens = {
    account_id: `é"\\/${String(secrets['account id'])}`,
    refresh_token: secrets['refresh token'],
    access_token: secrets['access token'],
  }
  const auth_json = JSON.stringify({ tokens, last_refresh: new Date().toISOString() })
  await call(one, `POST ${CODEX}/auth-json`, { body: { auth_json } })
  await holds(join(desk.home, CODEX_FILE), 'refresh token')
  await rm(join(laptop.home, CODEX_FILE))
  await holds(join(laptop.home, CODEX_FILE), 'refresh token')
  await everywhere(`POST ${CODEX}/sync`, {})
  await kubectl(['annotate', 'urc/codex', '-n', 'user-alice', 'agent.wecode.io/sync-requested-at=now'])
}

async function useProxy(): Promise<void> {
  const proxy_url = `http://user:${String(secrets['proxy password'])}%40@127.0.0.1:9/?key=${String(secrets['proxy query'])}`
  await call(one, `PUT ${ME}/proxy-config`, { body: { proxy_url } })
  await call(two, `PUT ${CODEX}`, { body: { use_user_config: true, use_proxy: true } })
  await everywhere(`POST ${ME}/devices/laptop/probe-proxy`)
  await everywhere(`POST ${ME}/devices/desk/probe-proxy`)
  await everywhere(`GET ${ME}/proxy-config`)
  const body = { model_config: { model: 'openai', protocol: 'openai-responses' } }
  for (const replica of [one, two]) {
    const enriched = await eventually('the proxy in a request', async () => {
      const options = { body, scopes: ['execution'], isItsPurpose: true }
      const text = await call(replica, 'POST /execution-requests/enrich', options)
      return text.includes(String(secrets['proxy password'])) && text
    })
    // The proxy belongs there, and nothing else does.
    const { 'proxy password': password, 'proxy query': query } = secrets
    say('answers', enriched.replaceAll(String(password), '').replaceAll(String(query), ''))
  }
}

async function useSettings(laptop: LoudAgent): Promise<void> {
  const { setting } = secrets
  const edit = (keyPath: string, value: unknown) => ({ keyPath, value, mergeStrategy: 'replace' })
  const path = `PUT ${CODEX}/config`
  await call(one, path, { body: { edits: [edit('x_token', setting), edit('x_list', [setting])] } })
  for (const body of [
    { edits: [edit('model', { deep: setting })] },
    { edits: [edit('x_token.below', 1)], expectedVersion: setting },
  ])
    await call(two, path, { body, answer: 'refused' })
  for (const replica of [one, two])
    await eventually('the settings', async () => {
      const shown = await call(replica, `GET ${CODEX}/config?include=layers`, { isItsPurpose: true })
      return shown.includes(String(setting))
    })
  for (const text of [`x_token = "${String(setting)}"\n`, `x_token = ${String(setting)}\n`]) {
    await writeFile(join(laptop.home, SETTINGS_FILE), text)
    const version = text.includes('"') ? '"version":"sha256:' : '"version":null'
    await eventually('the other replica to know the version', async () =>
      (await call(two, `GET ${ME}/devices`)).includes(`"type":"user",${version}`),
    )
  }
}

/** A login that somebody keeps in a Secret, who changes it, and then gets it wrong. */
async function useSecret({ laptop, desk }: Awaited<ReturnType<typeof startDevices>>): Promise<void> {
  const secretRef = { name: SECRET.name, key: 'auth.json' }
  const auth = { format: 'json', targetPath: `~/${CLAUDE_FILE}`, updatePolicy: 'IfStale', secretRef }
  await apply(aSecret(JSON.stringify({ claude: secrets['content of a Secret'] })), aConfig('claude', auth))
  await call(two, `PUT ${CLAUDE}`, { body: { use_user_config: true } })
  const files = [laptop, desk].map(({ home }) => join(home, CLAUDE_FILE))
  for (const file of files) await holds(file, 'content of a Secret')
  await apply(aSecret(JSON.stringify({ claude: secrets['content of a Secret that changed'] })))
  for (const file of files) await holds(file, 'content of a Secret that changed')
  await apply(aSecret(`{"claude": "${String(secrets['content of a malformed Secret'])}"`))
  const path = '--output=jsonpath={.status.conditions[?(@.type=="Ready")].reason}'
  await eventually('the Secret to be called malformed', async () =>
    (await kubectl(['get', 'urc/claude', '-n', 'user-alice', path])).includes('SecretMalformed'),
  )
  await everywhere(`POST ${CLAUDE}/sync`, {}, 'refused')
}

/** Secrets in the wrong place: each is refused, and none may be repeated. */
async function beWrong(): Promise<void> {
  const bad = String(secrets['bad input'])
  await everywhere(`POST ${CODEX}/auth-json`, { auth_json: `{"broken": "${bad}"` }, 'refused')
  await everywhere(`POST ${CODEX}/auth-json`, { auth_json: { token: bad } }, 'refused')
  await everywhere(`POST ${CODEX}/auth-json`, bad, 'refused')
  await everywhere(`PUT ${ME}/proxy-config`, { proxy_url: `http://user:${bad}@` }, 'refused')
  await everywhere(`PUT ${ME}/proxy-config`, { proxy_url: `ftp://user:${bad}@h:1` }, 'refused')
  await everywhere(`PUT ${CODEX}`, { use_user_config: bad }, 'refused')
  await everywhere(`POST ${CODEX}/import-device`, { device_id: 'nobody', note: bad }, 'refused')
  await everywhere('POST /v1/namespaces/default/apply', aConfig('codex', { encryptedValue: bad }))
  await everywhere('POST /v1/namespaces/default/apply', aConfig('codex', { targetPath: 5, x: bad }))
  for (const token of wrongTokens()) {
    for (const replica of [one, two]) await call(replica, `GET ${ME}/devices`, { token, answer: 'refused' })
    const headers = { authorization: `Bearer ${token}` }
    const answer = await fetch(`${taps[0]?.behind}/internal/v1/syncs`, {
      method: 'POST',
      headers,
      body: token,
    })
    say('answers', await answer.text())
  }
  await everywhere(`GET ${ME}/devices?token=${String(secrets['token in a query'])}`)
  await refuseAgent()
}

/** Of nobody, of nobody in another form, of no device: that kind concerns us alone, and the cluster is not asked about it. */
function wrongTokens(): readonly [string, string, string] {
  const wrong = String(secrets['wrong token'])
  const jwt = `${Buffer.from('{"alg":"none"}').toString('base64url')}.e30.${wrong}`
  return [wrong, jwt, `rcd_${'0'.repeat(20)}_${wrong.padEnd(43, 'x')}`]
}

async function refuseAgent(): Promise<void> {
  const [, , token] = wrongTokens()
  const { args } = await layOutAgent(folder, { server: two.address, id: 'wrong', token })
  const agent = startToEnd(args)
  const told: string[] = []
  agent.child.stderr?.on('data', (chunk: Buffer) => told.push(chunk.toString('utf8')))
  await eventually('the agent to be refused', async () => /refused|not good/.test(told.join('')))
  agent.child.kill('SIGTERM')
  const { stdout, stderr } = await agent.ended
  say('log of the refused agent', stdout, stderr)
}

/** Tokens of every kind are shown to both replicas, and some are taken back. */
async function showTokens(): Promise<void> {
  const { kubeconfig } = ground.server
  const account = { namespace: 'team', name: 'ci', audiences: [AUDIENCE] }
  const reviewed = (await makeServiceAccount(kubeconfig, account)).token
  const ofProvider = await provider.token('ada')
  const revoked = await tokenOf('alice', ['user'])
  asked.push(reviewed)
  Object.assign(secrets, { 'token of a service account': endOf(reviewed), 'OpenID token': endOf(ofProvider) })
  const subject = 'system:serviceaccount:team:ci'
  const spec = { subject, namespace: 'user-ci' }
  await apply({ apiVersion: API_VERSION, kind: 'User', metadata: { name: 'ci' }, spec })
  for (const token of [reviewed, ofProvider])
    for (const replica of [one, two]) {
      await call(replica, `GET ${ME}/devices`, { token })
      await call(replica, 'GET /users', { token, answer: 'refused' })
    }
  await call(one, `DELETE ${ME}/tokens/current`, { token: revoked })
  await call(two, `GET ${ME}/devices`, { token: revoked, answer: 'either' })
  const made = await call(one, `POST ${ME}/device-tokens`, { body: { name: 'spare' }, isItsPurpose: true })
  const { id, token } = JSON.parse(made) as { readonly id: string; readonly token: string }
  secrets['revoked device token'] = token.slice(-43)
  await call(two, `DELETE ${ME}/device-tokens/${id}`)
  await everywhere(`GET ${ME}/device-tokens`)
}

/** Somebody mistakes the field of a ciphertext for that of a login. */
async function misplace(): Promise<void> {
  const encryptedValue = secrets['text in the place of a ciphertext']
  const auth = { format: 'json', targetPath: `~/${CODEX_FILE}`, encryptedValue, sha256: 'a'.repeat(64) }
  const config = { ...aConfig('codex', auth), metadata: { name: 'codex', namespace: 'user-ci' } }
  const where = ['urc/codex', '-n', 'user-ci']
  await kubectl(['apply', '--server-side', '-f', '-'], stringify(config))
  await kubectl(['wait', ...where, '--for=condition=Ready=false', '--timeout=30s'])
  say('status of a misplaced login', await kubectl(['get', ...where, '-o', 'jsonpath={.status}']))
  await kubectl(['delete', ...where])
}

/** Reads everything that a replica says to anybody. */
async function look(replica: Replica): Promise<void> {
  const open = ['/metrics', '/readyz', '/livez', '/openapi.json', '/nowhere']
  const users = ['/runtime-configs', '/runtime-configs/codex', '/devices', '/devices/laptop', '/devices/desk']
  const kinds = Object.values(KINDS).map(({ plural }) => `/v1/namespaces/default/${plural}`)
  for (const path of [...open, ...users.map((path) => `${ME}${path}`), ...kinds, '/users'])
    await call(replica, `GET ${path}`, { scopes: ['user', 'admin'], answer: 'either' })
}

async function runCommands(): Promise<void> {
  for (const command of ['doctor', 'config']) {
    const { stdout, stderr } = await ground.run(command)
    say(`runtimeconfig ${command}`, stdout, stderr)
  }
  const { stdout, stderr } = await startToEnd(['keys', 'list', ground.keys.keyring]).ended
  say('runtimeconfig keys list', stdout, stderr)
}

/** The keyring changes under both; a third one, which starts with it, takes over and seals everything anew. */
async function rotateKeys(): Promise<Replica> {
  const { keyring } = ground.keys
  const text = addKeyringKey(await readFile(keyring, 'utf8'), 'test')
  const { current } = parseKeyring(text, 'test')
  await writeFile(`${keyring}.new`, text, { mode: 0o600 })
  await rename(`${keyring}.new`, keyring)
  Object.assign(secrets, await keyBytes(ground.keys))
  for (const { name, command } of [one, two])
    await eventually(`${name} to have the keys`, async () => command.said().includes('the keyring changed'))
  await everywhere(`POST ${CODEX}/sync`, {})
  const three = await startReplica('three')
  await Promise.all([one, two].map(({ command }) => command.kill('SIGTERM')))
  await eventually('everything to be sealed anew', async () => {
    const { items } = JSON.parse(await kubectl(['get', 'urc,upc', '-A', '-o', 'json'])) as {
      items: Manifest[]
    }
    const sealed = items.flatMap((item) => sealedIn(asManifest(item['spec'])))
    return sealed.length >= 3 && sealed.every((value) => kidOf(value) === current.kid)
  })
  return three
}

function sealedIn(spec: Manifest): readonly string[] {
  return Object.values(spec)
    .flatMap((part) => [asManifest(part)['encryptedValue'], asManifest(part)['encryptedUrl']])
    .filter((value) => typeof value === 'string')
}

async function filesPlaces(devices: Readonly<Record<string, LoudAgent>>): Promise<Places> {
  const targets = [CODEX_FILE, CLAUDE_FILE, SETTINGS_FILE]
  const places = await Promise.all(
    Object.entries(devices).map(async ([name, { home, state }]) => [
      `files of ${name}`,
      (await filesOf(state)) +
        (await filesOf(home, (file) => targets.some((target) => file.endsWith(target)))),
    ]),
  )
  const serverLogs = await filesOf(dirname(ground.server.kubeconfig), (file) => !file.endsWith('.log'))
  const data = `in ${join(folder, 'data')}: ${await filesOf(join(folder, 'data'))}`
  return { ...Object.fromEntries(places), 'logs of the API server': serverLogs, 'data folder': data }
}

// What somebody wrote where a ciphertext belongs is there for all who may read it, and nowhere else.
function audited(entries: readonly Manifest[]): string {
  const [, peers] = ground.accountTokens
  const [wrong, jwt] = wrongTokens()
  const askedFor = { secret: SECRET, tokens: [...asked, peers, wrong, jwt] }
  const misplaced = `"encryptedValue":${JSON.stringify(secrets['text in the place of a ciphertext'])}`
  const lines = entries.map((entry) => JSON.stringify(withoutAskedFor(entry, askedFor)))
  return lines.join('\n').replaceAll(misplaced, '"encryptedValue":""')
}

// It counts for this one audience, and what it may ask has to be sealed: it opens nothing.
function withoutPeerToken(heard: string): string {
  const [, token] = ground.accountTokens
  return heard.replaceAll(`Authorization: Bearer ${token}`, 'Authorization: Bearer')
}

interface CallOptions {
  readonly body?: unknown
  /** Absent: made for alice, with the scopes. */
  readonly token?: string
  readonly scopes?: readonly string[]
  /** The answer is there to hold a secret, and is not looked through. */
  readonly isItsPurpose?: boolean
  /** Absent: what was asked is done. */
  readonly answer?: 'refused' | 'either'
}

/** Asks a replica: `GET /users`. What it answers is looked through in the end. */
async function call(replica: Replica, what: string, options: CallOptions = {}): Promise<string> {
  const { body, scopes = ['user'], token = await tokenOf('alice', scopes), answer = 'done' } = options
  const [method, path] = what.split(' ') as [string, string]
  const response = await fetch(`${replica.address}${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  })
  const text = await response.text()
  const { status, ok } = response
  const isExpected = status < 500 && (answer === 'either' || ok === (answer === 'done'))
  expect(isExpected, `${what} was answered with ${status} ${text}`).toBe(true)
  say('answers', JSON.stringify([...response.headers]), options.isItsPurpose === true ? '' : text)
  return text
}

async function everywhere(what: string, body?: unknown, answer?: CallOptions['answer']): Promise<void> {
  for (const replica of [one, two]) await call(replica, what, { body, ...(answer && { answer }) })
}

async function tokenOf(subject: string, scopes: readonly string[]): Promise<string> {
  const name = `token of ${subject} for ${scopes.join(' and ')}`
  const key = await openSigningKey(ground.keys.signingKey)
  const { token } = await signToken(key, { subject, scopes, expiresInSeconds: 3600, now: Date.now() })
  secrets[`${name}, ${endOf(token).slice(0, 6)}`] = endOf(token)
  return token
}

// The rest of it is names and times.
function endOf(token: string): string {
  return token.split('.').at(-1) ?? token
}

function say(place: string, ...texts: readonly string[]): void {
  said[place] = [...(said[place] ?? []), ...texts]
}

async function holds(file: string, name: string): Promise<void> {
  const text = String(secrets[name])
  await eventually(`${file} to hold the ${name}`, async () =>
    (await readFile(file, 'utf8').catch(() => '')).includes(text),
  )
}

function aConfig(runtime: string, auth: Manifest): Manifest {
  const metadata = { name: runtime, namespace: 'user-alice' }
  return { apiVersion: API_VERSION, kind: 'UserRuntimeConfig', metadata, spec: { runtime, auth } }
}

function aSecret(content: string): Manifest {
  const metadata = { ...SECRET, labels: { 'agent.wecode.io/runtime-config': 'true' } }
  return { apiVersion: 'v1', kind: 'Secret', metadata, stringData: { 'auth.json': content } }
}

/** As people do it: the whole manifest is kept in an annotation, content of Secrets included. */
async function apply(...objects: readonly Manifest[]): Promise<void> {
  await kubectl(['apply', '-f', '-'], objects.map((object) => stringify(object)).join('---\n'))
}
