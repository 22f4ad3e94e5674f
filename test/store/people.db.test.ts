// Who is whom, was before, and by whose word; and what ghosts show. On a real database.
import { describe, expect, test } from 'vitest';
import * as ghosts from '../../src/store/ghosts.ts';
import type { PersonRow } from '../../src/store/people.ts';
import * as people from '../../src/store/people.ts';
import { useBridgeDatabase } from '../builders/database.ts';
import { ref } from '../builders/fhir.ts';
import { userId } from '../builders/matrix.ts';

const pool = useBridgeDatabase();
const ANNA = ref('Patient/1');
const ghost = userId('@_fhir_x:h');

const row = (reference: string, id: string, over: Partial<PersonRow> = {}): PersonRow => ({
  ...{ reference: ref(reference), userId: userId(id), kind: 'user', source: 'telecom' },
  ...over,
});
const asGhost = row(ANNA, ghost, { kind: 'ghost', source: 'ghost' });
const save = (...rows: readonly PersonRow[]) => people.savePeople(pool(), rows);
const whose = (id: string) => people.findPersonByUserId(pool(), userId(id));
const anna = async () => (await people.findPeople(pool(), [ANNA])).get(ANNA);

describe('an account that is replaced', () => {
  test('becomes a former one, and is nobody’s', async () => {
    await save(asGhost);
    await save(row(ANNA, '@anna:h'));
    await save(row(ANNA, '@anna:new'));
    expect(await anna()).toEqual({
      ...row(ANNA, '@anna:new'),
      storedUserId: undefined,
      formerUserIds: [ghost, '@anna:h'],
    });
    expect([await whose('@anna:h'), await whose('@anna:new'), await whose('@Anna:new')]).toEqual([
      undefined,
      ANNA,
      undefined,
    ]);
    expect(await people.findPersonOfGhost(pool(), ghost)).toBe(ANNA);
  });

  test('is a former one for thirty days; a ghost is so for good', async () => {
    await save(asGhost);
    await ghosts.saveGhost(pool(), ghost);
    await save(row(ANNA, '@anna:h'));
    await save(row(ANNA, '@anna:new'));
    await pool().query(`update former_account set until = now() - interval '31 days'`);
    expect(await anna()).toMatchObject({ formerUserIds: [ghost] });
  });

  test('and used again is no former one any more', async () => {
    await save(asGhost);
    await save(row(ANNA, '@anna:h'));
    await save(asGhost);
    expect(await anna()).toMatchObject({ userId: ghost, formerUserIds: ['@anna:h'] });
  });

  test('belongs to the person who has it now, before the person who had it', async () => {
    await save(row(ANNA, '@shared:h'));
    await save(row(ANNA, '@anna:h'), row('Patient/2', '@shared:h'));
    expect(await whose('@shared:h')).toBe('Patient/2');
  });

  test('is removed from the former ones when it is used again', async () => {
    await save(asGhost);
    await save(row(ANNA, '@anna:h'));
    await people.forgetFormerAccount(pool(), ANNA, ghost);
    expect(await anna()).toMatchObject({ formerUserIds: [] });
  });
});

test('equal rows are not written again', async () => {
  const writes = async () =>
    (await pool().query<{ xmin: string }>('select xmin::text from person order by reference')).rows;
  await save(asGhost, row('Patient/2', '@b:h'));
  const before = await writes();
  await save(asGhost, row('Patient/2', '@b:h'));
  expect(await writes()).toEqual(before);
});

test('many convergences with the same people in any order never deadlock', async () => {
  const all = Array.from({ length: 30 }, (_, index) => index);
  const rows = (turn: number) => all.map((index) => row(`Patient/${index}`, `@u${index}-${turn}:h`));
  await Promise.all(all.map((turn) => save(...(turn % 2 === 0 ? rows(turn) : rows(turn).reverse()))));
  expect(
    (
      await people.findPeople(
        pool(),
        rows(0).map(({ reference }) => reference),
      )
    ).size,
  ).toBe(30);
});

describe('an account that an operator stored', () => {
  const link = (id: string) => people.linkPerson(pool(), ANNA, userId(id));

  test('makes an unknown person known', async () => {
    await link('@anna:h');
    expect(await anna()).toMatchObject({ userId: '@anna:h', source: 'stored', storedUserId: '@anna:h' });
    expect(await whose('@anna:h')).toBe(ANNA);
  });

  test('takes effect at the next convergence; the account before becomes a former one', async () => {
    await save(asGhost);
    await link('@anna:h');
    expect(await anna()).toMatchObject({ userId: ghost, source: 'ghost', storedUserId: '@anna:h' });
    expect(await whose('@anna:h')).toBe(ANNA);
    await save(row(ANNA, '@anna:h', { source: 'stored' }));
    expect(await anna()).toMatchObject({ userId: '@anna:h', formerUserIds: [ghost] });
  });

  test('is kept while the telecom says otherwise', async () => {
    await link('@anna:h');
    await save(row(ANNA, '@anna:telecom'));
    expect(await anna()).toMatchObject({ userId: '@anna:telecom', storedUserId: '@anna:h' });
  });

  test('leaves nothing behind when it is removed', async () => {
    await save(asGhost);
    await link('@anna:h');
    await save(row(ANNA, '@anna:h', { source: 'stored' }));
    expect(await people.unlinkPerson(pool(), ANNA)).toBe(true);
    expect([await anna(), await whose('@anna:h')]).toEqual([undefined, undefined]);
    expect(await people.unlinkPerson(pool(), ANNA)).toBe(false);
  });

  test('leaves the account from the telecom when it is removed', async () => {
    await link('@anna:h');
    await save(row(ANNA, '@anna:telecom'));
    expect(await people.unlinkPerson(pool(), ANNA)).toBe(true);
    expect(await anna()).toMatchObject({
      userId: '@anna:telecom',
      storedUserId: undefined,
      formerUserIds: [],
    });
    expect(await whose('@anna:h')).toBeUndefined();
  });
});

test('ghosts are found with their name and picture', async () => {
  const known = async () => (await ghosts.findGhosts(pool(), [ghost, userId('@_fhir_y:h')])).get(ghost);
  expect(await known()).toBeUndefined();
  await ghosts.saveGhost(pool(), ghost);
  await ghosts.saveGhost(pool(), ghost);
  expect(await known()).toEqual({ displayName: undefined, avatarDigest: undefined });
  await ghosts.saveGhostName(pool(), ghost, 'J.');
  await ghosts.saveGhostAvatar(pool(), ghost, 'digest');
  expect(await known()).toEqual({ displayName: 'J.', avatarDigest: 'digest' });
  await ghosts.saveGhostAvatar(pool(), ghost, undefined);
  expect(await known()).toEqual({ displayName: 'J.', avatarDigest: undefined });
});
