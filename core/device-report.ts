/** Kinds of machine a device says it is. `remote` devices get no auth command. */
export type DeviceType = 'local' | 'app' | 'cloud' | 'remote'

/**
 * What a device last said about one runtime's auth file.
 *
 * Executors of the reference system say only `targetPath` and `exists`; our agent says the rest too.
 */
export interface RuntimeFileReport {
  /** As reported: absolute, or the `~/` form. */
  readonly targetPath: string | null
  /** `null`: the device said nothing usable. Only the booleans count. */
  readonly exists: boolean | null
  /** Lower-case hex HMAC-SHA-256 of the file's normal form under the device's key; `null`: not reported or not a JSON object. */
  readonly digest: string | null
  /** The same of what our agent wrote last; `null`: it wrote nothing yet, or does not say. */
  readonly lastWrittenDigest: string | null
  /** HMAC of the account id inside the file. */
  readonly account: string | null
  /** The CLI's own refresh time inside the file, ISO 8601. */
  readonly lastRefresh: string | null
  /** Epoch ms. */
  readonly modifiedAt: number | null
  readonly mode: number | null
  readonly size: number | null
  /** Running processes of the CLI. */
  readonly sessions: number | null
  /** Why the device could not look, in its own words (`target path must stay inside the user home directory`, …). */
  readonly error: string | null
}

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
}
