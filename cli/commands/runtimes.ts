import type { z } from 'zod'

import type { Client } from '#cli/client.ts'
import type { Context } from '#cli/context.ts'
import { readSecretText } from '#cli/input.ts'
import { toTable } from '#cli/output.ts'
import { RuntimeConfigList, RuntimeConfigView } from '#protocol/runtime-config.ts'
import { SyncAnswer } from '#protocol/sync.ts'

type RuntimeConfig = z.infer<typeof RuntimeConfigView>

/** What `runtimes <action> <runtime>` can do. */
export type RuntimeAction = 'enable' | 'disable' | 'enable-proxy' | 'disable-proxy' | 'remove' | 'sync'

const ROOT = '/users/me/runtime-configs'

/** Shows every runtime of the user. */
export async function listRuntimes(context: Context): Promise<void> {
  const client = await context.client()
  const { items } = RuntimeConfigList.parse(await client.call({ path: ROOT }))
  show(context, items)
}

interface Upload {
  readonly runtime: string
  readonly file: string | null
  readonly enable: boolean
}

/** Stores a login, and switches it on if asked. */
export async function uploadRuntime(context: Context, { runtime, file, enable }: Upload): Promise<void> {
  const client = await context.client()
  const path = pathOf(runtime)
  const text = await readSecretText(file)
  const stored = await client.call({
    method: 'POST',
    path: `${path}/auth-json`,
    body: { auth_json: text.open() },
  })
  const answer = enable ? await client.call({ method: 'PUT', path, body: { use_user_config: true } }) : stored
  show(context, [RuntimeConfigView.parse(answer)])
}

interface Change {
  readonly runtime: string
  readonly action: RuntimeAction
}

/** Switches a runtime on or off, forgets its login, or sends it to the devices now. */
export async function changeRuntime(context: Context, { runtime, action }: Change): Promise<void> {
  const client = await context.client()
  if (action === 'sync') return sync(context, client, runtime)
  const path = pathOf(runtime)
  show(context, [RuntimeConfigView.parse(await change(client, path, action))])
}

async function change(
  client: Client,
  path: string,
  action: Exclude<RuntimeAction, 'sync'>,
): Promise<unknown> {
  if (action === 'remove') return client.call({ method: 'DELETE', path: `${path}/auth-json` })
  if (action === 'enable' || action === 'disable') {
    return client.call({ method: 'PUT', path, body: { use_user_config: action === 'enable' } })
  }
  const now = RuntimeConfigView.parse(await client.call({ path }))
  const body = { use_user_config: now.use_user_config, use_proxy: action === 'enable-proxy' }
  return client.call({ method: 'PUT', path, body })
}

async function sync({ output }: Context, client: Client, runtime: string): Promise<void> {
  const answer = SyncAnswer.parse(
    await client.call({ method: 'POST', path: `${pathOf(runtime)}/sync`, body: {} }),
  )
  output.json(answer)
  if (answer.total === 0) return output.print('you have no devices yet; start one with: runtimeconfig agent')
  const lines = toTable(
    answer.items,
    [
      { heading: 'DEVICE', cell: (row) => row.device_id },
      { heading: 'RESULT', cell: (row) => row.status, style: (row) => (row.success ? 'green' : 'red') },
      { heading: 'ERROR', cell: (row) => row.error ?? '' },
    ],
    output,
  )
  for (const line of lines) output.print(line)
}

function show({ output }: Context, rows: readonly RuntimeConfig[]): void {
  output.json(rows.length === 1 ? rows[0] : rows)
  const lines = toTable(
    rows,
    [
      { heading: 'RUNTIME', cell: (row) => row.runtime },
      {
        heading: 'ON',
        cell: (row) => yesNo(row.use_user_config),
        style: (row) => (row.use_user_config ? 'green' : 'gray'),
      },
      { heading: 'STORED', cell: (row) => row.auth_json_sha256?.slice(0, 16) ?? 'no' },
      { heading: 'SINCE', cell: (row) => row.auth_json_updated_at ?? '' },
      { heading: 'PROXY', cell: (row) => (row.use_proxy ? row.proxy_url_masked : 'no') },
      { heading: 'FILE', cell: (row) => row.target_path },
    ],
    output,
  )
  for (const line of lines) output.print(line)
}

function yesNo(value: boolean): string {
  return value ? 'yes' : 'no'
}

function pathOf(runtime: string): string {
  return `${ROOT}/${encodeURIComponent(runtime)}`
}
