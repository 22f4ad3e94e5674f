// The pino logger behind the Log interface: JSON lines on standard output, errors reduced to what is safe to read.
import { pino } from 'pino';
import type { Log } from './log.ts';

/** Fields whose values never reach a log, wherever a caller might put them. */
const REDACTED = [
  'token',
  'asToken',
  'hsToken',
  'secret',
  'authorization',
  'body',
  'text',
  'payload',
  'content',
];

/**
 * Creates the logger.
 * @param level the least level to print
 */
export function createLogger(level: 'debug' | 'info' | 'warn' | 'error'): Log {
  return pino({
    level,
    base: { service: 'fhir-matrix-bridge' },
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label) => ({ level: label }) },
    redact: { paths: REDACTED.flatMap((field) => [field, `*.${field}`]), censor: '[redacted]' },
    serializers: { error: describeError },
  });
}

/** An error's name, code, message and stack; not its other properties, which may hold a response. */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return { message: 'a value that is no Error was thrown' };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  return { name: error.name, code, message: error.message, stack: error.stack };
}
