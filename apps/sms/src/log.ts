import { pino, stdSerializers, type Logger } from 'pino'

/** Warnings and worse, as JSON on standard error. Numbers that look like phone numbers never get into it. */
export function createLog(): Logger {
  const destination = pino.destination({ fd: 2, sync: true })
  destination.on('error', () => {}) // nobody reads it any more: no reason to stop
  const serializers = { err: (error: Error) => redact(stdSerializers.err(error)) }
  return pino({ level: 'warn', base: null, serializers }, destination)
}

/** Hides phone numbers in every text of a value. */
export function redact(value: unknown): unknown {
  if (typeof value === 'string') return value.replaceAll(/\+\d{6,15}\b/g, '+…')
  if (Array.isArray(value)) return value.map(redact)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, redact(each)]))
}
