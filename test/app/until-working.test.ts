// The start: it waits for the database, and beside a newer version for a schema that it can work with.
import { expect, test } from 'vitest';
import { untilWorking } from '../../src/app/until-working.ts';
import { TransactionPoolerError } from '../../src/inbox/errors.ts';
import { SchemaTooNewError } from '../../src/store/migrate.ts';
import { recordingLog } from '../builders/log.ts';

/** A start whose migrations fail with these errors, one after the other, before they succeed. */
function startWith(errors: readonly Error[], signal = new AbortController().signal) {
  const [pauses, left, log] = [[] as number[], [...errors], recordingLog()];
  const working = untilWorking(
    {
      log,
      migrate: () => {
        const error = left.shift();
        return error === undefined ? Promise.resolve(['0001_inbox.sql']) : Promise.reject(error);
      },
      begin: () => Promise.resolve('working'),
      sleep: (ms) => {
        pauses.push(ms);
        return Promise.resolve();
      },
    },
    signal,
  );
  return { working, pauses, levels: () => log.lines.map(({ level }) => level) };
}

test('a database that does not answer is tried again, less and less often', async () => {
  const { working, pauses, levels } = startWith(Array.from({ length: 7 }, () => new Error('no answer')));
  expect(await working).toBe('working');
  expect(pauses).toEqual([500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
  expect(levels()).toEqual([...Array<string>(7).fill('warn'), 'info']);
});

test('a schema that is too new is waited for, so that a replica does not exit while a newer version is rolled out', async () => {
  const { working, levels } = startWith([new SchemaTooNewError(['9999_x.sql'])]);
  expect(await working).toBe('working');
  expect(levels()).toEqual(['error', 'info']);
});

test('a pooler in transaction mode is no matter of waiting', async () => {
  await expect(startWith([new TransactionPoolerError()]).working).rejects.toBeInstanceOf(
    TransactionPoolerError,
  );
});

test('a start that is stopped waits no longer', async () => {
  const stopped = AbortSignal.abort();
  await expect(startWith([new Error('no answer')], stopped).working).rejects.toThrow();
});
