// What was read last is looked for where no page shows it any more: so it is found out that the server was put back.
import { describe, expect, test } from 'vitest';
import { versionOf } from '../../src/domain/fhir.ts';
import { pullOnce } from '../../src/fhir/puller.ts';
import type { StoredResource } from '../../src/fhir/server.ts';
import { stored } from '../builders/fhir.ts';
import { iso, OVERLAP } from '../builders/pull-model.ts';

const never = new AbortController().signal;

describe('what was read last before', () => {
  const pass = async (shown: readonly StoredResource[]) => {
    const missed: string[] = [];
    const events: string[] = [];
    await pullOnce(
      {
        server: {
          searchStamp: () => Promise.resolve(undefined),
          search: () => Promise.resolve({ resources: shown, serverTime: iso(1000) }),
        },
        ...{ resourceType: 'Communication', pageSize: 200, overlapMs: OVERLAP, readFrom: 'now' },
        store: (page) => Promise.resolve(page.length),
        setAside: () => Promise.resolve(),
        storeAsKnown: () => Promise.resolve(0),
        readWitness: () => Promise.resolve(versionOf(stored('Communication/1', '2', iso(100)))),
        findWitness: ({ reference }) => {
          missed.push(reference);
          events.push('looked for');
          return Promise.resolve();
        },
        readCursor: () => Promise.resolve(iso(100)),
        saveCursor: () => {
          events.push('forgotten');
          return Promise.resolve();
        },
      },
      never,
    );
    return { missed, events };
  };

  test('and is shown again, in whatever version, is not looked for', async () => {
    expect((await pass([stored('Communication/1', '3', iso(200))])).missed).toEqual([]);
  });

  test('and is not shown any more is looked for, before anything is forgotten', async () => {
    const { missed, events } = await pass([stored('Communication/2', '1', iso(200))]);
    expect(missed).toEqual(['Communication/1']);
    expect(events).toEqual(['looked for', 'forgotten']);
  });
});
