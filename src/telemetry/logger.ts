// The pino logger behind the Log interface: JSON lines on standard output, errors reduced to what is safe to read.
import { pino } from 'pino';
import { BridgeError } from './errors.ts';
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

/**
 * An error's name, code and where it came from. Its message only when the bridge wrote it: others quote the data that did
 * not please (`JSON.parse` does), and that may be about a patient.
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
