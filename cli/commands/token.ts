import { existsSync } from 'node:fs'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import type { Context } from '#cli/context.ts'
import { parseDuration } from '#cli/duration.ts'
import { toTable } from '#cli/output.ts'
import { AppError } from '#core/errors.ts'
import { DeviceTokenList, MadeDeviceToken } from '#protocol/device-token.ts'
import { openSigningKey, signToken } from '#secrets/signing.ts'

/** Flags of `token create`. */
export interface TokenFlags {
  readonly user?: string
  readonly scope?: readonly string[]
  readonly device?: string
  readonly name?: string
  readonly expires?: string
  readonly save?: boolean
}

const PATH = '/users/me/device-tokens'
const USER_SCOPES = ['user', 'execution', 'admin'] as const
type UserScope = (typeof USER_SCOPES)[number]

/** Makes a user's token with the server's own key, or asks the server for a device token. */
export async function createToken(context: Context, flags: TokenFlags): Promise<void> {
  if ((flags.user === undefined) === (flags.device === undefined)) {
    throw new AppError(
      'SETTING_INVALID',
      'expected either --user NAME or --device ID, not both and not neither',
    )
  }
  const made =
    flags.user === undefined
      ? await createForDevice(context, flags)
      : await createForUser(context, flags.user, flags)
  if (flags.save === true) return save(context, made)
  context.output.json(made)
  context.output.print(made.token)
}

interface MadeToken {
  readonly id: string
  readonly token: string
  readonly expires_at: string | null
}

async function createForUser(
  { settings, clock }: Context,
  user: string,
  flags: TokenFlags,
): Promise<MadeToken> {
  const expiresInSeconds = parseDuration('--expires', flags.expires ?? '30d')
  const scopes = (flags.scope ?? ['user']).map(toScope)
  const mustExist = existsSync(join(settings.data, 'runtimeconfig.db'))
  const key = await openSigningKey(join(settings.data, 'signing-key.pem'), { mustExist })
  const { id, token, expiresAt } = await signToken(key, {
    subject: user,
    scopes,
    expiresInSeconds,
    now: clock.now(),
  })
  return { id, token, expires_at: expiresAt }
}

async function createForDevice({ client }: Context, flags: TokenFlags): Promise<MadeToken> {
  const expires =
    flags.expires === undefined ? {} : { expires_in_seconds: parseDuration('--expires', flags.expires) }
  const body = { name: flags.name ?? flags.device, device_id: flags.device, ...expires }
  return MadeDeviceToken.parse(await (await client()).call({ method: 'POST', path: PATH, body }))
}

async function save({ settings, output }: Context, { id, token, expires_at }: MadeToken): Promise<void> {
  const file = settings['token-file']
  await mkdir(dirname(file), { recursive: true, mode: 0o700 })
  await writeFile(`${file}.new`, `${token}\n`, { mode: 0o600 })
  await rename(`${file}.new`, file)
  output.json({ id, expires_at, saved_to: file })
  output.print(`saved to ${file}${expires_at === null ? '' : `, good until ${expires_at}`}`)
}

/** Lists the user's device tokens. */
export async function listTokens({ client, output }: Context): Promise<void> {
  const { items } = DeviceTokenList.parse(await (await client()).call({ path: PATH }))
  output.json({ items })
  if (items.length === 0)
    return output.print('no device tokens yet; make one with: runtimeconfig token create --device NAME')
  const lines = toTable(
    items,
    [
      { heading: 'ID', cell: (row) => row.id },
      { heading: 'NAME', cell: (row) => row.name },
      { heading: 'DEVICE', cell: (row) => row.device_id ?? 'any' },
      { heading: 'MADE', cell: (row) => row.created_at },
      { heading: 'EXPIRES', cell: (row) => row.expires_at ?? 'never' },
      { heading: 'REVOKED', cell: (row) => row.revoked_at ?? '' },
    ],
    output,
  )
  for (const line of lines) output.print(line)
}

/** Revokes one device token. */
export async function revokeToken({ client, output }: Context, id: string): Promise<void> {
  const answer = await (await client()).call({ method: 'DELETE', path: `${PATH}/${encodeURIComponent(id)}` })
  output.json(answer)
  output.print(`revoked ${id}; a device that uses it is disconnected within a minute`)
}

function toScope(text: string): UserScope {
  const scope = USER_SCOPES.find((one) => one === text)
  if (scope !== undefined) return scope
  throw new AppError(
    'SETTING_INVALID',
    `--scope: expected ${USER_SCOPES.join(', ')}, got ${JSON.stringify(text)}`,
  )
}
