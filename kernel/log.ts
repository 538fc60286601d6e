import { pino } from 'pino'
import { correlation, type Labels } from './telemetry/correlation.ts'

export type Log = Pick<pino.Logger, 'debug' | 'info' | 'warn' | 'error'> & { child(bindings: object): Log }

const secrets = ['authorization', 'headers.authorization', 'headers.cookie', 'key', 'apiKey', 'password', 'token']

/** JSON lines on standard error, with the request and the trace that they belong to: standard output stays the program's answer. */
export const openLog = (service: string, level: string): Log =>
  pino(
    {
      level,
      base: { service },
      timestamp: pino.stdTimeFunctions.isoTime,
      mixin: (_line, _level, logger) => withoutKnown(correlation(), logger.bindings()),
      redact: { paths: secrets, censor: '[secret]' },
    },
    pino.destination({ fd: 2, sync: true }),
  )

/** Without what the logger says already: a key must not stand twice in a line. */
function withoutKnown(labels: Labels, known: object): object {
  return Object.fromEntries(Object.entries(labels).filter(([name]) => !(name in known)))
}
