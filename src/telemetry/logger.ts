// The pino logger behind the Log interface: JSON lines on standard output, errors reduced to what is safe to read.
import { pino } from 'pino';
import { BridgeError } from './errors.ts';
import type { Log } from './log.ts';

/** Fields whose values never reach a log, at any place in a log line. */
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
 * @param level the lowest level that is printed
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

/**
 * What is printed of something thrown: its name, code and stack. The message only if the bridge wrote it: other messages quote
 * the invalid data (`JSON.parse` does), which may be about a patient. Errors of other kinds may have an `advice` instead.
 */
export function describeError(error: unknown): Readonly<Record<string, unknown>> {
  if (!(error instanceof Error)) return { name: typeof error };
  return {
    name: error.name,
    code: textIn(error, 'code'),
    message: error instanceof BridgeError ? error.message : undefined,
    advice: textIn(error, 'advice'),
    frames: error.stack?.split('\n').filter((line) => /^ {4}at /.test(line)),
  };
}

function textIn(error: Error, key: string): string | undefined {
  const value: unknown = Reflect.get(error, key);
  return typeof value === 'string' ? value : undefined;
}
