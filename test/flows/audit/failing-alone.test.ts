// An AuditEvent that the FHIR server fails on alone is told from a server that fails on all.
import { expect, test } from 'vitest';
import { createFailingAlone } from '../../../src/flows/audit/failing-alone.ts';

test('only a failure after another was taken counts, for each that fails', () => {
  const { failedOn, taken } = createFailingAlone();
  expect([failedOn('a'), failedOn('a'), failedOn('b')]).toEqual([0, 0, 0]);
  taken('c');
  taken('d');
  expect([failedOn('a'), failedOn('a'), failedOn('b')]).toEqual([1, 1, 1]);
});

test('one that was taken after all, or is not tried any more, begins anew', () => {
  const { failedOn, forget, taken } = createFailingAlone();
  for (const id of ['a', 'b']) failedOn(id);
  taken('a');
  forget('b');
  taken('c');
  expect([failedOn('a'), failedOn('b')]).toEqual([0, 0]);
});

test('of very many, those that failed longest ago are forgotten', () => {
  const { failedOn, taken } = createFailingAlone();
  for (let index = 0; index <= 100; index += 1) failedOn(`${index}`);
  taken('another');
  expect([failedOn('0'), failedOn('100')]).toEqual([0, 1]);
});
