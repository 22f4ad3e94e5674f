// The number that the bridge keeps on both sides tells which of them went back to an earlier state, on real tables.
import { beforeEach, describe, expect, test } from 'vitest';
import {
  compareNumbers,
  noticeRestorations,
  raiseNumbers,
} from '../../../src/flows/restorations/continuity.ts';
import { findNoticed, findOpen, raiseNumber, readNumber } from '../../../src/store/restorations.ts';
import { createBridge, unreachableHomeserver } from '../../builders/bridge.ts';
import { useBridgeDatabase } from '../../builders/database.ts';

const pool = useBridgeDatabase();
const never = new AbortController().signal;

test.each([
  [0, 0, 'same'],
  [7, 7, 'same'],
  // This side is raised first; the homeserver may not have heard of it.
  [8, 7, 'ahead'],
  [1, 0, 'ahead'],
  [6, 7, 'database-went-back'],
  // A new database beside a homeserver that a bridge has used.
  [0, 7, 'database-went-back'],
  [9, 7, 'homeserver-went-back'],
  [7, 0, 'homeserver-went-back'],
] as const)('the database has %i and the homeserver %i: %s', (own, kept, expected) => {
  expect(compareNumbers(own, kept)).toBe(expected);
});

describe('on real tables', () => {
  let kept = 0;
  let isAway = false;
  const homeserver = {
    ...unreachableHomeserver,
    keptNumber: () => Promise.resolve(kept),
    keepNumber: (_as: unknown, number: number) => {
      if (isAway) return Promise.reject(new Error('away'));
      kept = number;
      return Promise.resolve();
    },
  };
  const bridge = () => createBridge(pool(), { homeserver });
  const raise = () => raiseNumbers(bridge(), never);
  const open = async () => (await findOpen(pool())).map(({ what }) => what);

  beforeEach(() => {
    kept = 0;
    isAway = false;
  });

  test('both go up together, and nothing is noticed', async () => {
    for (let n = 0; n < 3; n += 1) await raise();
    expect([await readNumber(pool()), kept]).toEqual([3, 3]);
    expect(await open()).toEqual([]);
  });

  test('a homeserver that is away for long is not taken for one that went back', async () => {
    await raise();
    isAway = true;
    for (let n = 0; n < 3; n += 1) await expect(raise()).rejects.toThrow('away');
    isAway = false;
    await raise();
    expect([await readNumber(pool()), kept]).toEqual([2, 2]);
    expect(await open()).toEqual([]);
  });

  test('a database that went back is noticed once, by whichever replica is first', async () => {
    kept = 9;
    await raiseNumber(pool(), 5);
    await Promise.all([noticeRestorations(bridge(), never), noticeRestorations(bridge(), never)]);
    expect(await open()).toEqual(['database']);
    const noticedAt = await findNoticed(pool(), 'database');
    await raise();
    expect(await findNoticed(pool(), 'database')).toEqual(noticedAt);
    expect([await readNumber(pool()), kept]).toEqual([10, 10]);
  });

  test('a homeserver that went back is noticed once, and told the number', async () => {
    await raiseNumber(pool(), 9);
    kept = 5;
    await noticeRestorations(bridge(), never);
    await raise();
    expect(await open()).toEqual(['matrix']);
    expect(kept).toBe(10);
  });
});
