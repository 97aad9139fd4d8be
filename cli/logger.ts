import { type Logger, pino } from 'pino'
import pretty from 'pino-pretty'

interface LogSettings {
  readonly level: string
  readonly format: 'auto' | 'json' | 'pretty'
  readonly stream: NodeJS.WriteStream & { readonly fd: number }
}

/** What is kept at most while it cannot be written; beyond it lines are dropped. */
const MAX_WAITING_CHARS = 4 * 1024 * 1024

/**
 * Makes the logger: to stderr, JSON lines or text for people; constant messages with fields.
 *
 * A log that cannot be written, on a full disk, stops nothing; its lines are tried again with the next one.
 */
export function createLogger({ level, format, stream }: LogSettings): Logger {
  const isPretty = format === 'pretty' || (format === 'auto' && stream.isTTY)
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime }
  const destination = pino.destination({ fd: stream.fd, sync: isPretty, maxLength: MAX_WAITING_CHARS })
  letExitWhenFull(destination)
  if (!isPretty) return pino(options, destination)
  return pino(options, pretty({ destination, colorize: stream.isTTY, translateTime: 'SYS:HH:MM:ss.l' }))
}

// On exit it writes what is left in a loop, which never ends while the disk is full.
function letExitWhenFull(destination: ReturnType<typeof pino.destination>): void {
  const flushSync = destination.flushSync.bind(destination)
  let isFailing = false
  destination.on('error', () => {
    isFailing = true
  })
  destination.on('write', () => {
    isFailing = false
  })
  destination.flushSync = () => {
    if (!isFailing) flushSync()
  }
}
