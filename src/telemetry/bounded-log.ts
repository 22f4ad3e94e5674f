// Keeps the log readable, and the disk free, when one source repeats its fault: of one message so many lines in a minute.
import type { Log, LogFields } from './log.ts';

type Level = keyof Log;

const WINDOW_MS = 60_000;
/** Messages are sentences of the source code, so there are not more; should one ever hold data, the rest counts as one. */
const MOST_MESSAGES = 1_000;

/**
 * A log that prints of each message so many lines in a minute. Of the rest it says how many there were when the minute is over.
 * What is printed for debugging is not counted.
 * @param most lines of one message in a minute
 */
export function boundedLog(log: Log, most = 100): Log {
  const printed = new Map<string, number>();

  function end(level: Level, message: string, key: string): void {
    const leftOut = (printed.get(key) ?? 0) - most;
    printed.delete(key);
    if (leftOut > 0) log[level]({ leftOut, message }, 'More lines like this were left out within a minute');
  }

  const bounded =
    (level: Level) =>
    (fields: LogFields, message: string): void => {
      const own = `${level} ${message}`;
      const key = printed.has(own) || printed.size < MOST_MESSAGES ? own : level;
      const before = printed.get(key);
      if (before === undefined) {
        setTimeout(() => {
          end(level, message, key);
        }, WINDOW_MS).unref();
      }
      printed.set(key, (before ?? 0) + 1);
      if ((before ?? 0) < most) log[level](fields, message);
    };

  return {
    debug: (fields, message) => {
      log.debug(fields, message);
    },
    info: bounded('info'),
    warn: bounded('warn'),
    error: bounded('error'),
  };
}
