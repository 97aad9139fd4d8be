import type { Logger } from './logger.ts'
import type { Caller } from './route.ts'

/** The deeds that are written down. */
type AuditAction =
  | 'auth-json.upload'
  | 'auth-json.delete'
  | 'auth-json.import'
  | 'auth-json.sync'
  | 'preferences.set'
  | 'config.write'
  | 'proxy.save'
  | 'proxy.clear'
  | 'proxy.probe'
  | 'device-token.create'
  | 'device-token.revoke'
  | 'token.revoke'
  | 'user.deactivate'
  | 'user.activate'
  | 'object.apply'
  | 'object.delete'

/**
 * Writes one line of the audit trail: who, what kind of deed, on which object, from where. The time is the log's own.
 * `fields` name things (a runtime, a device, a switch), never what was stored.
 */
export function audit(logger: Logger, caller: Caller, deed: AuditDeed): void {
  const { principal, address, requestId } = caller
  const who = { user: principal.user.name, token: principal.tokenId, address, request: requestId() }
  logger.info({ audit: deed.action, ...who, ...deed.fields }, 'audit')
}

interface AuditDeed {
  readonly action: AuditAction
  readonly fields: Readonly<Record<string, string | number | boolean | readonly string[]>>
}
