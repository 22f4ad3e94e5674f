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
 * The name, code and stack of an error. The message only if the bridge wrote it: other messages quote the invalid data (`JSON.parse`
 * does), which may be about a patient.
 */
function describeError(error: unknown): unknown {
  if (!(error instanceof Error)) return { name: typeof error };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  const frames = error.stack?.split('\n').filter((line) => /^ {4}at /.test(line));
  return {
    name: error.name,
    code,
    message: error instanceof BridgeError ? error.message : undefined,
    frames,
  };
}
