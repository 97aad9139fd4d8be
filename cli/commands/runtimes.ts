import type { Client } from '#cli/client.ts'
import type { Context } from '#cli/context.ts'
import { readSecretText } from '#cli/input.ts'
import { toTable } from '#cli/output.ts'
import { RuntimeConfigList, RuntimeConfigView } from '#protocol/runtime-config.ts'
import { SyncAnswer } from '#protocol/sync.ts'

/** What `runtimes <action> <runtime>` can do. */
export type RuntimeAction = 'enable' | 'disable' | 'enable-proxy' | 'disable-proxy' | 'remove' | 'sync'

const ROOT = '/users/me/runtime-configs'

/** Shows every runtime of the user. */
export async function listRuntimes(context: Context): Promise<void> {
  const client = await context.client()
  const { items } = await client.ask(RuntimeConfigList, { path: ROOT })
  context.output.json({ items })
  print(context, items)
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
  const stored = await client.ask(RuntimeConfigView, {
    method: 'POST',
    path: `${path}/auth-json`,
    body: { auth_json: text.open() },
  })
  if (!enable) return show(context, stored)
  show(context, await client.ask(RuntimeConfigView, { method: 'PUT', path, body: { use_user_config: true } }))
}

/** Stores the login that a device has. */
export async function importRuntime(
  context: Context,
  { runtime, device }: { readonly runtime: string; readonly device: string },
): Promise<void> {
  const client = await context.client()
  const path = `${pathOf(runtime)}/import-device`
  show(context, await client.ask(RuntimeConfigView, { method: 'POST', path, body: { device_id: device } }))
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
  show(context, await change(client, path, action))
}

async function change(
  client: Client,
  path: string,
  action: Exclude<RuntimeAction, 'sync'>,
): Promise<RuntimeConfigView> {
  if (action === 'remove')
    return client.ask(RuntimeConfigView, { method: 'DELETE', path: `${path}/auth-json` })
  if (action === 'enable' || action === 'disable') {
    const body = { use_user_config: action === 'enable' }
    return client.ask(RuntimeConfigView, { method: 'PUT', path, body })
  }
  const now = await client.ask(RuntimeConfigView, { path })
  const body = { use_user_config: now.use_user_config, use_proxy: action === 'enable-proxy' }
  return client.ask(RuntimeConfigView, { method: 'PUT', path, body })
}

async function sync({ output }: Context, client: Client, runtime: string): Promise<void> {
  const path = `${pathOf(runtime)}/sync`
  const answer = await client.ask(SyncAnswer, { method: 'POST', path, body: {} })
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
  if (answer.items.some(({ success }) => !success)) process.exitCode = 1
}

function show(context: Context, row: RuntimeConfigView): void {
  context.output.json(row)
  print(context, [row])
}

function print({ output }: Context, rows: readonly RuntimeConfigView[]): void {
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
