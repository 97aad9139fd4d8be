import { type Logger, pino } from 'pino'
import pretty from 'pino-pretty'

interface LogSettings {
  readonly level: string
  readonly format: 'auto' | 'json' | 'pretty'
  readonly stream: NodeJS.WriteStream & { readonly fd: number }
}

/** Makes the logger: to stderr, JSON lines or text for people; constant messages with fields. */
export function createLogger({ level, format, stream }: LogSettings): Logger {
  const isPretty = format === 'pretty' || (format === 'auto' && stream.isTTY)
  const options = { level, base: null, timestamp: pino.stdTimeFunctions.isoTime }
  if (!isPretty) return pino(options, pino.destination({ fd: stream.fd, sync: false }))
  return pino(
    options,
    pretty({
      destination: stream.fd,
      colorize: stream.isTTY,
      translateTime: 'SYS:HH:MM:ss.l',
      sync: true,
    }),
  )
}
