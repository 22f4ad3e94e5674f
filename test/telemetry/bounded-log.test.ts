// A source that repeats its fault does not fill the log: of each message so many lines in a minute, and then their number.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { boundedLog } from '../../src/telemetry/bounded-log.ts';
import { recordingLog } from '../builders/log.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('of a message that is repeated only the first are printed, and how many were left out', () => {
  const lines = recordingLog();
  const log = boundedLog(lines, 3);
  for (let index = 0; index < 10_000; index += 1) log.warn({ index }, 'Refused a call');
  expect(lines.lines.map(({ fields }) => fields)).toEqual([{ index: 0 }, { index: 1 }, { index: 2 }]);
  vi.advanceTimersByTime(60_000);
  expect(lines.lines.slice(3)).toEqual([
    {
      level: 'warn',
      fields: { leftOut: 9_997, message: 'Refused a call' },
      message: 'More lines like this were left out within a minute',
    },
  ]);
});

test('the next minute begins anew, and says nothing of a minute in which nothing was left out', () => {
  const lines = recordingLog();
  const log = boundedLog(lines, 3);
  log.error({}, 'Failed');
  vi.advanceTimersByTime(60_000);
  for (let index = 0; index < 3; index += 1) log.error({}, 'Failed');
  expect(lines.lines).toHaveLength(4);
});

test('a flood of one message hides no other, nor the same of another level', () => {
  const lines = recordingLog();
  const log = boundedLog(lines, 3);
  for (let index = 0; index < 10; index += 1) log.warn({}, 'Refused a call');
  log.warn({}, 'Something else');
  log.error({}, 'Refused a call');
  expect(lines.lines.slice(3)).toMatchObject([{ message: 'Something else' }, { level: 'error' }]);
});

test('who debugs sees every line', () => {
  const lines = recordingLog();
  const log = boundedLog(lines, 3);
  for (let index = 0; index < 10; index += 1) log.debug({}, 'Read');
  expect(lines.lines).toHaveLength(10);
});

test('messages without end take no memory without end', () => {
  const lines = recordingLog();
  const log = boundedLog(lines, 3);
  for (let index = 0; index < 5_000; index += 1) log.warn({}, `Refused ${index}`);
  expect(lines.lines).toHaveLength(1_003);
  vi.advanceTimersByTime(60_000);
  expect(lines.lines.at(-1)?.fields).toMatchObject({ leftOut: 3_997 });
});
