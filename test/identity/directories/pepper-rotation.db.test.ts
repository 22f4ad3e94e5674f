// Hashed look-ups through the change of peppers, on a real PostgreSQL.
import { createHash } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { rotatePeppersOnce } from '../../../src/identity/directories/pepper-rotation.ts';
import { inTransaction } from '../../../src/inbox/database.ts';
import * as hashes from '../../../src/store/identity-hashes.ts';
import { lockOutIdentityWriters, removeIdentityRecords } from '../../../src/store/identity-records.ts';
import { useBridgeDatabase } from '../../builders/database.ts';
import { record, save } from './identity-database.ts';
import { findByHash } from '../../builders/hashed-lookup.ts';

const pool = useBridgeDatabase();
const signal = new AbortController().signal;
const MEDIA = ['email', 'uzi_nr'] as const;
const DAY = 86_400;

/** As clients do it. */
const hashOf = (address: string, medium: string, pepper: string): string =>
  createHash('sha256').update(`${address} ${medium} ${pepper}`).digest('base64url');

/** One pass of the rotation; `crashAfter` batches it dies. */
async function rotate({
  at = new Date(),
  crashAfter = Infinity,
  batchSize = 2,
  beforeBegin = (): Promise<unknown> => Promise.resolve(),
  beforeAnnounce = (): Promise<unknown> => Promise.resolve(),
} = {}): Promise<number> {
  const db = pool();
  let batches = 0;
  return rotatePeppersOnce(
    {
      store: {
        readPeppers: () => hashes.readPeppers(db),
        begin: async (pepper, replaces) => {
          await beforeBegin();
          await inTransaction(db, async (tx) => {
            await lockOutIdentityWriters(tx);
            await hashes.beginPepper(tx, pepper, replaces);
          });
        },
        hashNextBatch: (size) =>
          inTransaction(db, (tx) => {
            if (batches++ >= crashAfter) throw new Error('killed');
            return hashes.hashNextBatch(tx, size);
          }),
        announce: async () => {
          await beforeAnnounce();
          await inTransaction(db, hashes.announcePepper);
        },
        forgetPrevious: (graceMs) => hashes.forgetPreviousPepper(db, graceMs),
        removeStaleHashes: (size) => hashes.removeStaleHashes(db, size),
      },
      clock: { now: () => at, monotonicMs: () => 0 },
      rotateEveryMs: DAY * 1000,
      graceMs: 900_000,
      batchSize,
    },
    signal,
  );
}

async function pepperIn(state: string): Promise<hashes.Pepper> {
  const found = (await hashes.readPeppers(pool())).find((pepper) => pepper.state === state);
  if (found === undefined) throw new TypeError(`There is no ${state} pepper`);
  return found;
}

/** Who is found by the hash of an address with the pepper in this state. */
async function find(address: string, medium: (typeof MEDIA)[number] = 'email', state = 'current') {
  const { generation, pepper } = await pepperIn(state);
  const hash = hashOf(address, medium, pepper);
  return findByHash(pool(), generation, hash, MEDIA);
}

const people = (count: number) =>
  Array.from({ length: count }, (_, n) => record(`Practitioner/${n}`, `@u${n}:hs.nl`, [`email u${n}@hs.nl`]));

test('the hash is that of the specification', async () => {
  const { rows } = await pool().query<{ hash: Buffer }>(
    `select identity_hash_of('alice@example.com', 'email', 'matrixrocks') as hash`,
  );
  expect(rows[0]?.hash.toString('base64url')).toBe('4kenr7N9drpCJ4AfalmlGQVsOn3o2RHjkADUpXJWZUc');
});

describe('rotation', () => {
  test('the first pass makes a pepper by which everyone is found', async () => {
    await save(pool(), 'mcsd', [
      ...people(5),
      record('Practitioner/9', '@an:hs.nl', ['uzi_nr 900000009', 'ura_nr 90000001']),
    ]);
    expect(await rotate()).toBe(7);
    expect(await find('u3@hs.nl')).toBe('@u3:hs.nl');
    expect(await find('900000009', 'uzi_nr')).toBe('@an:hs.nl');
    expect(await find('900000009', 'email')).toBeUndefined();
  });

  test('a medium that is not asked for is not answered', async () => {
    await save(pool(), 'mcsd', people(1));
    await rotate();
    const { generation, pepper } = await pepperIn('current');
    const hash = hashOf('u0@hs.nl', 'email', pepper);
    expect(await findByHash(pool(), generation, hash, ['uzi_nr'])).toBeUndefined();
    expect(await findByHash(pool(), generation, hash, ['email'])).toBe('@u0:hs.nl');
  });

  test('two people at one address are nobody', async () => {
    await save(pool(), 'mcsd', [record('Practitioner/1', '@an:hs.nl', ['email team@hs.nl'])]);
    await save(pool(), 'keycloak', [record('3f2a', '@bo:hs.nl', ['email team@hs.nl'])]);
    await rotate();
    expect(await find('team@hs.nl')).toBeUndefined();
  });

  test('who comes later is found at once, and who goes is not', async () => {
    await rotate();
    await save(pool(), 'mcsd', people(2));
    expect(await find('u1@hs.nl')).toBe('@u1:hs.nl');
    await inTransaction(pool(), (tx) => removeIdentityRecords(tx, 'mcsd', ['Practitioner/1']));
    expect(await find('u1@hs.nl')).toBeUndefined();
    const { rows } = await pool().query('select from identity_hash');
    expect(rows).toHaveLength(1);
  });

  test('a pepper is kept for its day, and the one before for its grace', async () => {
    await save(pool(), 'mcsd', people(3));
    await rotate();
    const first = await pepperIn('current');
    await rotate({ at: new Date(Date.now() + (DAY - 60) * 1000) });
    expect((await pepperIn('current')).pepper).toBe(first.pepper);

    await rotate({ at: new Date(Date.now() + (DAY + 60) * 1000) });
    expect((await pepperIn('current')).pepper).not.toBe(first.pepper);
    expect((await pepperIn('previous')).pepper).toBe(first.pepper);
    expect(await find('u2@hs.nl')).toBe('@u2:hs.nl');
    expect(await find('u2@hs.nl', 'email', 'previous')).toBe('@u2:hs.nl');

    await pool().query(
      `update identity_pepper set since = since - interval '16 minutes' where state = 'previous'`,
    );
    await rotate();
    expect((await hashes.readPeppers(pool())).map(({ state }) => state)).toEqual(['current']);
    const { rows } = await pool().query('select from identity_hash');
    expect(rows).toHaveLength(3);
  });

  // As happens where a replica was frozen, or its lease was lost, in the middle of its pass.
  describe('by another replica meanwhile', () => {
    const later = { at: new Date(Date.now() + (DAY + 60) * 1000) };

    test.each(['beforeBegin', 'beforeAnnounce'] as const)('makes one pepper (%s)', async (when) => {
      await save(pool(), 'mcsd', people(3));
      await rotate();
      const first = await pepperIn('current');
      let byOther: string | undefined;
      const other = async (): Promise<void> => {
        await rotate(later);
        byOther = (await pepperIn('current')).pepper;
      };
      await rotate({ ...later, [when]: other });
      expect((await pepperIn('current')).pepper).toBe(byOther);
      expect((await pepperIn('previous')).pepper).toBe(first.pepper);
      expect(await hashes.readPeppers(pool())).toHaveLength(2);
      for (const state of ['current', 'previous']) {
        expect(await find('u2@hs.nl', 'email', state)).toBe('@u2:hs.nl');
      }
    });

    test('makes one first pepper', async () => {
      let byOther: string | undefined;
      const beforeBegin = async (): Promise<void> => {
        await rotate();
        byOther = (await pepperIn('current')).pepper;
      };
      await rotate({ beforeBegin });
      expect(await hashes.readPeppers(pool())).toMatchObject([{ pepper: byOther, state: 'current' }]);
    });

    test('at the very same time makes one pepper', async () => {
      await save(pool(), 'mcsd', people(5));
      await rotate();
      const first = await pepperIn('current');
      // Old by the database's clock, so that what one makes is young to the other.
      await pool().query(`update identity_pepper set since = since - interval '2 days'`);
      await Promise.all([rotate({ batchSize: 1 }), rotate({ batchSize: 1 })]);
      expect((await pepperIn('previous')).pepper).toBe(first.pepper);
      expect(await find('u4@hs.nl')).toBe('@u4:hs.nl');
    });
  });

  test.each([0, 1, 2, 3, 4])(
    'one that is killed after %i batches is taken up where it ended',
    async (crashAfter) => {
      await save(pool(), 'mcsd', people(8));
      await expect(rotate({ crashAfter })).rejects.toThrow('killed');
      expect((await hashes.readPeppers(pool())).map(({ state }) => state)).toEqual(['preparing']);
      // Meanwhile people come, before and behind the place where it stopped.
      await save(pool(), 'keycloak', [
        record('a', '@a:hs.nl', ['email a@hs.nl']),
        record('z', '@z:hs.nl', ['email z@hs.nl']),
      ]);
      await rotate();
      for (const name of ['a', 'z', 'u0', 'u3', 'u7'])
        expect(await find(`${name}@hs.nl`)).toBe(`@${name}:hs.nl`);
    },
  );

  test('people who are being saved while a pepper begins are found by it', async () => {
    const saving = Array.from({ length: 20 }, (_, n) =>
      save(pool(), 'mcsd', [record(`Practitioner/${n}`, `@u${n}:hs.nl`, [`email u${n}@hs.nl`])]),
    );
    await Promise.all([...saving.slice(0, 10), rotate({ batchSize: 3 }), ...saving.slice(10)]);
    const { rows } = await pool().query('select from identity_hash');
    expect(rows).toHaveLength(20);
  });
});
