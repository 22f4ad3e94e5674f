// What was read last is looked for where no page shows it any more: so it is found out that the server was put back.
import { describe, expect, test } from 'vitest';
import { versionOf } from '../../src/domain/fhir.ts';
import type { StoredResource } from '../../src/fhir/server.ts';
import { stored } from '../builders/fhir.ts';
import { pullerOf } from '../builders/pull.ts';
import { iso } from '../builders/pull-model.ts';

describe('what was read last before', () => {
  const pass = async (shown: readonly StoredResource[], isPutBack = false) => {
    const missed: string[] = [];
    const events: string[] = [];
    await pullerOf({
      server: {
        searchStamp: () => Promise.resolve(undefined),
        search: () => Promise.resolve({ resources: shown, serverTime: iso(1000) }),
      },
      store: (page) => {
        events.push('stored');
        return Promise.resolve(page.length);
      },
      witness: {
        read: () => Promise.resolve(versionOf(stored('Communication/1', '2', iso(100)))),
        find: ({ reference }) => {
          missed.push(reference);
          events.push('looked for');
          return Promise.resolve(isPutBack);
        },
      },
      readCursor: () => Promise.resolve(iso(100)),
      saveCursor: (_, forgetBefore) => {
        events.push(forgetBefore === undefined ? 'saved' : 'forgotten');
        return Promise.resolve();
      },
    })();
    return { missed, events };
  };

  test.each([
    ['in the version that was read', stored('Communication/1', '2', iso(100))],
    ['in a later version', stored('Communication/1', '3', iso(200))],
    ['in a version whose id is no number', stored('Communication/1', 'a', iso(200))],
  ])('and is shown again, %s, is not looked for', async (_, shown) => {
    expect((await pass([shown])).missed).toEqual([]);
  });

  test('and whose id is given anew is looked for', async () => {
    expect((await pass([stored('Communication/1', '1', iso(200))])).missed).toEqual(['Communication/1']);
  });

  test('and is not shown any more is looked for, before anything later is stored or anything forgotten', async () => {
    const { missed, events } = await pass([stored('Communication/2', '1', iso(200))]);
    expect(missed).toEqual(['Communication/1']);
    expect([...new Set(events)]).toEqual(['looked for', 'stored', 'saved', 'forgotten']);
  });

  test.each([
    ['nothing is shown', []],
    ['something later is shown', [stored('Communication/2', '1', iso(200))]],
  ])(
    'of a server that was put back: the pass ends, and where it begins anew stays as set, where %s',
    async (_, shown) => {
      expect((await pass(shown, true)).events).toEqual(['looked for']);
    },
  );

  test('and is not shown any more is looked for where nothing is', async () => {
    expect((await pass([])).events).toEqual(['looked for', 'forgotten']);
  });
});
