import type { Context } from '#cli/context.ts'
import { type Output, type Style, toTable } from '#cli/output.ts'
import { AppError } from '#core/errors.ts'
import { DeviceList, DeviceView } from '#protocol/device.ts'

type RuntimeRow = DeviceView['runtimes'][number]

const STATE_STYLES: Readonly<Record<string, Style>> = {
  InSync: 'green',
  Missing: 'yellow',
  Stale: 'yellow',
  Syncing: 'cyan',
  Verifying: 'cyan',
  ToRemove: 'yellow',
  Stalled: 'red',
  NotManaged: 'gray',
  Unknown: 'gray',
}

/** Shows every device and runtime of the user, one line each. */
export async function listDevices({ client, output }: Context): Promise<void> {
  const { items } = await (await client()).ask(DeviceList, { path: '/users/me/devices' })
  output.json({ items })
  if (items.length === 0)
    return output.print(
      'you have no devices yet; make one a token with: runtimeconfig token create --device NAME',
    )
  const rows = items.flatMap((device) => device.runtimes.map((row) => ({ device, row })))
  const lines = toTable(
    rows,
    [
      { heading: 'DEVICE', cell: ({ device }) => device.device_id },
      {
        heading: 'ONLINE',
        cell: ({ device }) => (device.online ? 'yes' : 'no'),
        style: ({ device }) => (device.online ? 'green' : 'gray'),
      },
      { heading: 'RUNTIME', cell: ({ row }) => row.runtime },
      { heading: 'STATE', cell: ({ row }) => row.state, style: ({ row }) => STATE_STYLES[row.state] },
      { heading: 'REASON', cell: ({ row }) => row.reason },
      { heading: 'LAST SYNC', cell: ({ row }) => row.last_sync_time ?? '' },
      { heading: 'MESSAGE', cell: ({ row }) => row.message },
    ],
    output,
  )
  for (const line of lines) output.print(line)
}

/** Explains one runtime on one device: every gate, the next attempt, and what would help. */
export async function explain(
  { client, output }: Context,
  asked: { readonly device: string; readonly runtime: string },
): Promise<void> {
  const path = `/users/me/devices/${encodeURIComponent(asked.device)}`
  const device = await (await client()).ask(DeviceView, { path })
  const name = asked.runtime.trim().toLowerCase()
  const row = device.runtimes.find(({ runtime }) => runtime === name)
  if (row === undefined) {
    throw new AppError(
      'RUNTIME_UNSUPPORTED',
      `Unsupported runtime: ${asked.runtime}; expected one of ${device.runtimes.map(({ runtime }) => runtime).join(', ')}`,
    )
  }
  output.json({ device_id: device.device_id, online: device.online, ...row })
  printExplanation(output, device, row)
}

function printExplanation(output: Output, device: DeviceView, row: RuntimeRow): void {
  const state = output.style(STATE_STYLES[row.state] ?? 'bold', row.state)
  output.print(
    `${output.style('bold', `${row.runtime} on ${device.display_name}`)} is ${state} (${row.reason}): ${row.message}`,
  )
  output.print(
    `file ${row.target_path} · ${device.online ? 'online' : 'offline'} · attempts ${row.attempts} · last ${row.last_result ?? 'nothing'}`,
  )
  output.print()
  for (const gate of row.gates) {
    output.print(
      `  ${gate.passed ? output.style('green', '✓') : output.style('red', '✗')} ${gate.name.padEnd(15)} ${gate.message}`,
    )
  }
  output.print(
    `\nnext: ${row.next_action}${row.next_attempt_at === null ? '' : ` at ${row.next_attempt_at}`}`,
  )
  if (row.unblock !== null) output.print(`what would help: ${row.unblock}`)
}
