import type { DeviceChannel } from '#controller/ports.ts'
import type { SyncAction } from '#core/auth-sync-input.ts'
import type { CommandResult, CommandStatus, DeviceCommand } from '#core/device-command.ts'
import { AppError } from '#core/errors.ts'

import type { Observation } from './observe.ts'

/** Something to do to a device. */
export type Doing = Exclude<SyncAction, { readonly type: 'none' }>

/**
 * Carries an action out on a device and gives its answer.
 *
 * Rejects with what {@link DeviceChannel.send} rejects with, with `DEVICE_DOCUMENT_NEWER` when the device got a newer document
 * than this one already, and with `DEVICE_FAILED`, in the device's own words, when it could not do it or answered something
 * that is no answer to it.
 */
export async function applyAction(
  channel: DeviceChannel,
  seen: Observation,
  action: Doing,
): Promise<CommandResult> {
  const result = await channel.send(seen.key, toCommand(seen, action))
  if (ANSWERS[action.type].includes(result.status)) return result
  const words = result.error ?? `the device answered "${result.status}"`
  throw new AppError(result.status === 'older_document' ? 'DEVICE_DOCUMENT_NEWER' : 'DEVICE_FAILED', words)
}

const ANSWERS: Readonly<Record<Doing['type'], readonly CommandStatus[]>> = {
  write: ['written', 'skipped_existing'],
  replace: ['written', 'skipped_existing'],
  remove: ['removed', 'absent', 'skipped_existing'],
  import: ['read'],
}

function toCommand(
  { key: { runtime }, desired: { target, document: wanted }, document }: Observation,
  action: Doing,
): DeviceCommand {
  if (action.type === 'import') return { key: 'read_runtime_auth_file', runtime, target }
  if (action.type === 'remove') {
    return { key: 'remove_runtime_auth_file', runtime, target, expectedDigest: action.digest }
  }
  if (document === null) throw new TypeError('nothing is delivered before the stored document is open')
  return {
    key: 'sync_runtime_auth_file',
    runtime,
    target,
    content: document.normalForm,
    ...(action.type === 'replace' && { replaceDigest: action.digest }),
    ...numberOf(wanted?.updatedAt ?? null),
  }
}

// Whatever an object says its time is, a number that no device reads must not keep the document from it.
function numberOf(updatedAt: number | null): { readonly documentNumber?: number } {
  const isNumber = updatedAt !== null && Number.isSafeInteger(updatedAt) && updatedAt >= 0
  return isNumber ? { documentNumber: updatedAt } : {}
}
