// The memory of what this process wrote: by version and stamp, and never too large.
import { expect, test } from 'vitest';
import { createOwnWrites } from '../../src/fhir/own-writes.ts';
import { ref } from '../builders/fhir.ts';

const version = (id: number, versionId = '1', lastUpdated = '2026-11-30T12:00:00.000Z') => ({
  ...{ reference: ref(`Communication/${id}`), versionId, lastUpdated },
});

test('knows a version by its resource, number and stamp, however that is written', () => {
  const { note, has } = createOwnWrites();
  note(version(1));
  expect(has(version(1, '1', '2026-11-30T13:00:00+01:00'))).toBe(true);
  expect(has(version(2))).toBe(false);
  expect(has(version(1, '2'))).toBe(false);
  expect(has(version(1, '1', '2026-11-30T12:00:00.001Z'))).toBe(false);
});

test('forgets the oldest', () => {
  const { note, has } = createOwnWrites(2);
  for (const id of [1, 2, 3]) note(version(id));
  expect([1, 2, 3].map((id) => has(version(id)))).toEqual([false, true, true]);
});
