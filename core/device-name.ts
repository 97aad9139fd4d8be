import { createHash } from 'node:crypto'

const MAX_LENGTH = 63
const DNS_SUBDOMAIN = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*$/
const DERIVED = /^dev-[0-9a-f]{32}$/

/**
 * Gives the `metadata.name` of a device's object: the device id where Kubernetes allows it as a name, else `dev-` and the
 * first 32 hex digits of its SHA-256. Two ids never share a name, so an id that looks derived is derived again.
 */
export function deviceNameOf(deviceId: string): string {
  const isName = deviceId.length <= MAX_LENGTH && DNS_SUBDOMAIN.test(deviceId) && !DERIVED.test(deviceId)
  return isName ? deviceId : `dev-${createHash('sha256').update(deviceId, 'utf8').digest('hex').slice(0, 32)}`
}
