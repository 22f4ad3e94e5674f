// The bridge's own table as a directory, on a real PostgreSQL.
import { describe, expect, test } from 'vitest';
import { inTransaction } from '../../../src/inbox/database.ts';
import { removeIdentityRecords } from '../../../src/store/identity-records.ts';
import { userId } from '../../builders/matrix.ts';
import { useBridgeDatabase } from '../../builders/database.ts';
import { localDirectory, record, save, threepid } from './identity-database.ts';

const pool = useBridgeDatabase();
const signal = new AbortController().signal;
const resolve = (text: string) => localDirectory(pool()).resolve(threepid(text), signal);

describe('looking up', () => {
  test('finds whom the address belongs to, by this medium only', async () => {
    await save(pool(), 'mcsd', [
      record('Practitioner/1', '@an:hs.nl', ['uzi_nr 900000009', 'email an@hs.nl']),
    ]);
    expect(await resolve('uzi_nr 900000009')).toEqual({ kind: 'found', userId: '@an:hs.nl' });
    expect(await resolve('email an@hs.nl')).toEqual({ kind: 'found', userId: '@an:hs.nl' });
    expect(await resolve('email 900000009')).toEqual({ kind: 'unknown' });
    expect(await resolve('uzi_nr 900000017')).toEqual({ kind: 'unknown' });
  });

  test('the same user in two directories is one', async () => {
    await save(pool(), 'mcsd', [record('Practitioner/1', '@an:hs.nl', ['email an@hs.nl'])]);
    await save(pool(), 'keycloak', [record('3f2a', '@an:hs.nl', ['email an@hs.nl'])]);
    expect(await resolve('email an@hs.nl')).toEqual({ kind: 'found', userId: '@an:hs.nl' });
  });

  test('two users at one address are nobody', async () => {
    await save(pool(), 'mcsd', [record('Practitioner/1', '@an:hs.nl', ['ura_nr 90000001'])]);
    await save(pool(), 'keycloak', [record('3f2a', '@bo:hs.nl', ['ura_nr 90000001'])]);
    expect(await resolve('ura_nr 90000001')).toEqual({ kind: 'ambiguous' });
  });

  test('many at a time are answered each with its own', async () => {
    const numbers = Array.from({ length: 500 }, (_, n) => String(100_000_000 + n));
    await save(
      pool(),
      'mcsd',
      numbers.map((number) => record(number, `@u${number}:hs.nl`, [`uzi_nr ${number}`])),
    );
    const directory = localDirectory(pool());
    const found = await Promise.all(
      numbers.map((number) => directory.resolve(threepid(`uzi_nr ${number}`), signal)),
    );
    expect(found).toEqual(numbers.map((number) => ({ kind: 'found', userId: `@u${number}:hs.nl` })));
  });

  test('a database that fails is told without the address', async () => {
    await pool().query('alter table identity rename to identity_away');
    const failure = await resolve('email an@hs.nl').catch((error: unknown) => error);
    await pool().query('alter table identity_away rename to identity');
    expect(failure).toMatchObject({ message: 'directory-unavailable: local: 42P01', cause: undefined });
  });
});

describe('a record that changes', () => {
  test('is found by what it has now, and by nothing it had', async () => {
    await save(pool(), 'mcsd', [record('Practitioner/1', '@an:hs.nl', ['email an@hs.nl'], 'An Jansen')]);
    await save(pool(), 'mcsd', [record('Practitioner/1', '@an:hs.nl', ['email an.b@hs.nl'], 'An Bakker')]);
    expect(await resolve('email an@hs.nl')).toEqual({ kind: 'unknown' });
    expect(await resolve('email an.b@hs.nl')).toEqual({ kind: 'found', userId: '@an:hs.nl' });
    expect(await localDirectory(pool()).search('jansen', 5, signal)).toEqual([]);
    expect(await localDirectory(pool()).search('bakker', 5, signal)).toHaveLength(1);
  });

  test('takes its addresses to the new user id', async () => {
    await save(pool(), 'mcsd', [record('Practitioner/1', '@an:hs.nl', ['email an@hs.nl'])]);
    await save(pool(), 'mcsd', [record('Practitioner/1', '@an2:hs.nl', ['email an@hs.nl'])]);
    expect(await resolve('email an@hs.nl')).toEqual({ kind: 'found', userId: '@an2:hs.nl' });
  });

  test('is found no more when it is gone, unless another directory has the same', async () => {
    await save(pool(), 'mcsd', [record('Practitioner/1', '@an:hs.nl', ['email an@hs.nl'])]);
    await save(pool(), 'keycloak', [record('3f2a', '@an:hs.nl', ['email an@hs.nl'])]);
    await inTransaction(pool(), (tx) => removeIdentityRecords(tx, 'mcsd', ['Practitioner/1']));
    expect(await resolve('email an@hs.nl')).toEqual({ kind: 'found', userId: '@an:hs.nl' });
    await inTransaction(pool(), (tx) => removeIdentityRecords(tx, 'keycloak', ['3f2a']));
    expect(await resolve('email an@hs.nl')).toEqual({ kind: 'unknown' });
  });
});

describe('searching by name', () => {
  const search = async (term: string, limit = 10) =>
    (await localDirectory(pool()).search(term, limit, signal)).map(({ displayName }) => displayName);

  test('finds by the beginnings of words, in any order, without accents', async () => {
    await save(pool(), 'mcsd', [
      record('Practitioner/1', '@an:hs.nl', ['uzi_nr 900000009'], 'Dr. André van den Berg'),
      record('Practitioner/2', '@bo:hs.nl', ['uzi_nr 900000017'], 'Bo Bergsma'),
    ]);
    expect(await search('berg')).toEqual(['Bo Bergsma', 'Dr. André van den Berg']);
    expect(await search('berg andre')).toEqual(['Dr. André van den Berg']);
    expect(await search('BÈRG')).toHaveLength(2);
    expect(await search('erg')).toEqual([]);
    expect(await search('%')).toEqual([]);
    expect(await search('b')).toEqual([]);
  });

  test('returns so many at most, each user once', async () => {
    await save(
      pool(),
      'mcsd',
      Array.from({ length: 20 }, (_, n) => record(`Practitioner/${n}`, `@u${n % 10}:hs.nl`, [], `Jan ${n}`)),
    );
    expect(await search('jan', 5)).toHaveLength(5);
    const all = await localDirectory(pool()).search('jan', 50, signal);
    expect(new Set(all.map((entry) => entry.userId)).size).toBe(all.length);
  });

  test('tells all that is known of them', async () => {
    await save(pool(), 'mcsd', [
      record('Practitioner/1', '@an:hs.nl', ['uzi_nr 900000009', 'email an@hs.nl'], 'An Jansen'),
    ]);
    const described = await localDirectory(pool()).describe?.(userId('@an:hs.nl'), signal);
    expect(described).toEqual({
      userId: '@an:hs.nl',
      displayName: 'An Jansen',
      reference: undefined,
      threepids: expect.arrayContaining([
        threepid('uzi_nr 900000009'),
        threepid('email an@hs.nl'),
      ]) as unknown,
    });
    expect(await localDirectory(pool()).search('jansen', 5, signal)).toEqual([described]);
    expect(await localDirectory(pool()).describe?.(userId('@nobody:hs.nl'), signal)).toBeUndefined();
  });
});
