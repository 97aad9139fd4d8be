import type { ConfigLayerReport } from '#protocol/config-report.ts'
import type { FileReport } from '#protocol/heartbeat.ts'
import type { Registration } from '#protocol/register.ts'

/** Kinds of machine a device says it is. `remote` devices get no auth command. */
export type DeviceType = Registration['deviceType']

/**
 * What a device last said about one runtime's auth file.
 *
 * Executors of the reference system say only `targetPath` and `exists`; our agent says the rest too.
 */
export type RuntimeFileReport = FileReport

/** What is known of one connected, or lately connected, device. Lives in memory on the replica that holds its socket. */
export interface DeviceReport {
  readonly namespace: string
  readonly deviceId: string
  readonly displayName: string
  readonly deviceType: DeviceType
  readonly executorVersion: string | null
  /** Our agent: it ignores `command`/`argv`, reports digests, can remove and replace. */
  readonly isOurAgent: boolean
  /** Heartbeat within 90 s on a socket that is there (or gone for less than the 2 s of grace). */
  readonly isOnline: boolean
  /** Epoch ms of the last heartbeat; `null` before the first. */
  readonly lastHeartbeatAt: number | null
  /** Increases with every heartbeat since the process started; proves that a report is newer than a command. */
  readonly heartbeatCount: number
  readonly runtimes: ReadonlyMap<string, RuntimeFileReport>
  /** The layers of each runtime's configuration, highest first; executors of the reference system say nothing of it. */
  readonly configs: ReadonlyMap<string, readonly ConfigLayerReport[]>
  /** Number that our agent drew for the connection that is there: a larger one is a later connection, wherever it goes to. */
  readonly fence?: number
}
