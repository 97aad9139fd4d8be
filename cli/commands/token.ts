import { existsSync } from 'node:fs'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'

import type { Context } from '#cli/context.ts'
import { requireFolderOrNothing } from '#cli/data-folder.ts'
import { toTable } from '#cli/output.ts'
import { openNamedSigningKey } from '#cli/server/keys.ts'
import { AppError } from '#core/errors.ts'
import { DeviceTokenList, MadeDeviceToken } from '#protocol/device-token.ts'
import { signToken } from '#secrets/signing.ts'

/** Flags of `token create`: a user or a device. */
export interface TokenFlags {
  readonly user?: string
  readonly scope?: readonly string[]
  readonly device?: string
  readonly name?: string
  /** Seconds. */
  readonly expires?: number
  /** `true`: where the other commands look for it. */
  readonly save?: string | true
}

const PATH = '/users/me/device-tokens'
const USER_TOKEN_SECONDS = 30 * 24 * 60 * 60

/** Makes a user's token with the server's own key, or asks the server for a device token. */
export async function createToken(context: Context, flags: TokenFlags): Promise<void> {
  const { settings, output } = context
  const made =
    flags.user === undefined
      ? await createForDevice(context, flags)
      : await createForUser(context, flags.user, flags)
  if (flags.save === undefined) {
    output.json(made)
    return output.print(made.token)
  }
  await save(context, made, flags.save === true ? settings['token-file'] : resolve(flags.save))
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
  if (settings['signing-key'] === 'auto') await requireFolderOrNothing(settings.data)
  const mustExist = existsSync(join(settings.data, 'runtimeconfig.db'))
  const key = await openNamedSigningKey(settings, { mustExist })
  const { id, token, expiresAt } = await signToken(key, {
    subject: user,
    scopes: flags.scope ?? ['user'],
    expiresInSeconds: flags.expires ?? USER_TOKEN_SECONDS,
    now: clock.now(),
  })
  return { id, token, expires_at: expiresAt }
}

async function createForDevice({ client }: Context, flags: TokenFlags): Promise<MadeToken> {
  const expires = flags.expires === undefined ? {} : { expires_in_seconds: flags.expires }
  const body = { name: flags.name ?? flags.device, device_id: flags.device, ...expires }
  return (await client()).ask(MadeDeviceToken, { method: 'POST', path: PATH, body })
}

async function save({ output }: Context, { id, token, expires_at }: MadeToken, file: string): Promise<void> {
  const draft = `${file}.${process.pid}.new`
  try {
    await mkdir(dirname(file), { recursive: true, mode: 0o700 })
    // The mode counts for a new file only: what is there may be open to others, or a link.
    await writeFile(draft, `${token}\n`, { mode: 0o600, flag: 'wx' })
    await rename(draft, file)
  } catch (cause) {
    // Whether there is a draft to remove or not, why there is no token is the news.
    await rm(draft, { force: true }).catch(() => {})
    throw new AppError('SETTING_INVALID', `expected to be able to write the token to ${file}`, { cause })
  }
  output.json({ id, expires_at, saved_to: file })
  output.print(`saved to ${file}${expires_at === null ? '' : `, good until ${expires_at}`}`)
}

/** Lists the user's device tokens. */
export async function listTokens({ client, output }: Context): Promise<void> {
  const { items } = await (await client()).ask(DeviceTokenList, { path: PATH })
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
