// The section `retention`: what it is by default, and durations that do not fit together.
import { expect, test } from 'vitest';
import { retention } from '../../src/config/retention.ts';
import { faultsOf, LEAST } from '../builders/config.ts';

const DAY_MS = 86_400_000;

test('by default a dead letter can be tried again for a month, and all of it is gone after a year', () => {
  expect(retention.parse({})).toEqual({
    heldMessagesMs: 30 * DAY_MS,
    ...{ deadLetterContentMs: 30 * DAY_MS, deadLetterMs: 365 * DAY_MS },
    ...{ tracesMs: 90 * DAY_MS, endedRoomsMs: 365 * DAY_MS },
  });
});

test.each([
  ['a letter that goes before its content', 'DEAD_LETTER_DAYS', 'deadLetterDays'],
  ['traces that go while a retry still needs them', 'TRACES_DAYS', 'tracesDays'],
])('%s is a fault', async (_, variable, key) => {
  const faults = await faultsOf(undefined, { ...LEAST, [`BRIDGE_RETENTION_${variable}`]: '29' });
  expect(faults).toEqual([expect.stringContaining(`retention.${key}: `)]);
});
