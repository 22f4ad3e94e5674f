// The pino logger behind the Log interface: JSON lines on standard output, errors reduced to what is safe to read.
import { pino, type DestinationStream } from 'pino';
import { boundedLog } from './bounded-log.ts';
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

type Level = 'debug' | 'info' | 'warn' | 'error';

/**
 * Creates the logger. Of one message it prints a hundred lines in a minute at most.
 * @param level the lowest level that is printed
 * @param destination where lines go: standard output unless told
 */
export function createLogger(level: Level, destination?: DestinationStream): Log {
  return boundedLog(createPrintedLog(level, destination));
}

/**
 * Creates the log that prints every line.
 * @param destination where lines go: standard output unless told
 */
export function createPrintedLog(level: Level, destination?: DestinationStream): Log {
  return pino(
    {
      level,
      base: { service: 'fhir-matrix-bridge' },
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: REDACTED.flatMap((field) => [field, `*.${field}`]), censor: '[redacted]' },
      serializers: { error: describeError },
    },
    destination,
  );
}

/**
 * What is printed of something thrown: its name, code and stack. The message only if the bridge wrote it: other messages quote
 * the invalid data (`JSON.parse` does), which may be about a patient. Errors of other kinds may have an `advice` instead.
 * Of what is no Error, the type, and its name and code where these are words that say nothing of anybody.
 */
export function describeError(error: unknown): Readonly<Record<string, unknown>> {
  if (error instanceof Error) {
    return {
      name: error.name,
      code: textIn(error, 'code'),
      message: error instanceof BridgeError ? error.message : undefined,
      advice: textIn(error, 'advice'),
      frames: error.stack?.split('\n').filter((line) => /^ {4}at /.test(line)),
    };
  }
  if (typeof error !== 'object' || error === null) return { name: typeof error };
  return { name: wordIn(error, 'name') ?? kindOf(error), code: wordIn(error, 'code') };
}

function textIn(error: object, key: string): string | undefined {
  const value: unknown = Reflect.get(error, key);
  return typeof value === 'string' ? value : undefined;
}

/** A term as programs write them, such as `TypeError`, `ECONNRESET`, `M_FORBIDDEN`, `fhir-answer`. */
const WORD = /^(?=.*[A-Za-z])[A-Za-z0-9]{1,30}([_-][A-Za-z0-9]{1,30}){0,5}$/;
/** `Jansen` is a word too: a name counts only where it is that of an error. */
const ERROR_NAME = /^[A-Z][A-Za-z]{0,40}(Error|Exception)$/;

function wordIn(value: object, key: 'name' | 'code'): string | undefined {
  const text = textIn(value, key);
  return text !== undefined && (key === 'name' ? ERROR_NAME : WORD).test(text) ? text : undefined;
}

/** The class of an object that is no Error. */
function kindOf(value: object): string {
  const { constructor: maker } = value;
  return typeof maker === 'function' && /^[A-Z][A-Za-z]{0,40}$/.test(maker.name) && maker !== Object
    ? maker.name
    : 'object';
}
