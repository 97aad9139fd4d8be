import { execFile } from 'node:child_process'
import { readFile, stat } from 'node:fs/promises'
import { promisify } from 'node:util'

import { afterAll, beforeAll, describe, expect, it } from 'vitest'

import { eventually, type Installation, startInstallation } from '#test/support/installation.ts'

const CODEX = new URL('packages/node_modules/.bin/codex', import.meta.url).pathname
const run = promisify(execFile)

const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const unsigned = (claims: unknown): string =>
  `${encode({ alg: 'none', typ: 'JWT' })}.${encode(claims)}.${encode('not a signature')}`

const LOGINS = [
  ['an API key', 'keys', { auth_mode: 'apikey', OPENAI_API_KEY: 'sk-test-of-no-account' }],
  [
    'a ChatGPT login with tokens',
    'chatgpt',
    {
      OPENAI_API_KEY: null,
      tokens: {
        id_token: unsigned({
          email: 'someone@example.com',
          'https://api.openai.com/auth': {
            chatgpt_plan_type: 'plus',
            chatgpt_account_id: 'account-1',
            chatgpt_user_id: 'user-1',
          },
        }),
        access_token: unsigned({ exp: 4_102_444_800, sub: 'user-1' }),
        refresh_token: 'refresh-token-of-no-account',
        account_id: 'account-1',
      },
      last_refresh: '2026-11-20T10:00:00.000000000Z',
    },
  ],
] as const

describe('the real Codex CLI', () => {
  let installation: Installation
  beforeAll(async () => void (installation = await startInstallation()))
  afterAll(() => installation.close())

  it.each(LOGINS)('accepts %s that the agent wrote', async (_what, user, login) => {
    const device = await installation.addDevice(user, 'workstation')
    expect(await loginStatus(device.home)).toMatchObject({
      code: 1,
      said: expect.stringContaining('Not logged in'),
    })
    const client = await installation.client(user)
    const path = '/users/me/runtime-configs/codex'
    await client.call({
      method: 'POST',
      path: `${path}/auth-json`,
      body: { auth_json: JSON.stringify(login) },
    })
    await client.call({ method: 'PUT', path, body: { use_user_config: true } })
    await device.start()
    const file = device.path('~/.codex/auth.json')
    await eventually('the file on the device', () => stat(file).catch(() => null))
    expect([(await stat(file)).mode & 0o777, JSON.parse(await readFile(file, 'utf8'))]).toEqual([
      0o600,
      login,
    ])
    expect(await loginStatus(device.home)).toMatchObject({ code: 0 })
  })
})

async function loginStatus(home: string): Promise<{ readonly code: number; readonly said: string }> {
  const env = { PATH: process.env['PATH'], HOME: home }
  try {
    const { stdout, stderr } = await run(CODEX, ['login', 'status'], { env })
    return { code: 0, said: stdout + stderr }
  } catch (error) {
    const { code, stdout, stderr } = error as {
      readonly code: number
      readonly stdout: string
      readonly stderr: string
    }
    return { code, said: stdout + stderr }
  }
}
