// Practitioners who get their account by the word of directories: in what order, and what a failure leaves alone. On a real database.
import { expect, test } from 'vitest';
import type { AccountInDirectory } from '../../../src/flows/bridge.ts';
import { rememberPeople } from '../../../src/flows/people/resolve-people.ts';
import * as people from '../../../src/store/people.ts';
import { useBridgeDatabase } from '../../builders/database.ts';
import { ref } from '../../builders/fhir.ts';
import { userId } from '../../builders/matrix.ts';
import { at, bridgeOver, ghost, resolveWanted } from '../../builders/people.ts';
import { tables } from '../../builders/payloads.ts';

const pool = useBridgeDatabase();
const AN = ref('Practitioner/an');
const found = (name: string): AccountInDirectory => ({ kind: 'found', userId: userId(name) });

/** Resolves the practitioner, with what directories say of them, and remembers the outcome. */
async function account(says: AccountInDirectory | undefined, telecom: readonly object[] = []) {
  const { bridge } = bridgeOver({ [AN]: { telecom }, 'Patient/1': {} });
  const asked: string[] = [];
  const resolved = await resolveWanted(
    {
      ...bridge,
      ...{ db: pool(), store: tables },
      ...(says !== undefined && {
        accountInDirectory: ({ id }) => {
          asked.push(id ?? '');
          return Promise.resolve(says);
        },
      }),
    },
    {
      people: [AN, ref('Patient/1')].map((reference) => ({ reference, roles: [] })),
      ...{ careTeams: [], organizations: [] },
    },
  );
  await rememberPeople({ db: pool(), store: tables }, resolved);
  const member = resolved.members.find(({ reference }) => reference === AN);
  return { userId: member?.userId, formerUserIds: member?.formerUserIds, asked };
}

test('a practitioner without an account gets that of the directories; nobody else is asked after', async () => {
  expect(await account(found('@an:h'))).toEqual({
    ...{ userId: '@an:h', formerUserIds: [], asked: ['an'] },
  });
  expect((await people.findPeople(pool(), [AN])).get(AN)).toMatchObject({
    kind: 'user',
    source: 'directory',
  });
});

test('their telecom and an operator’s word go before', async () => {
  expect(await account(found('@an:h'), [at('@own:h')])).toMatchObject({ userId: '@own:h', asked: [] });
  await people.linkPerson(pool(), AN, userId('@linked:h'));
  expect(await account(found('@an:h'))).toMatchObject({ userId: '@linked:h', asked: [] });
});

test('a failure takes no account away, an unknown one does', async () => {
  expect(await account({ kind: 'failed' })).toMatchObject({ userId: ghost(AN) });
  await account(found('@an:h'));
  expect(await account({ kind: 'failed' })).toMatchObject({ userId: '@an:h', formerUserIds: [ghost(AN)] });
  expect(await account({ kind: 'unknown' })).toMatchObject({ userId: ghost(AN), formerUserIds: ['@an:h'] });
});

test('a ghost that a directory names is nobody’s account', async () => {
  expect(await account(found(ghost('Practitioner/other')))).toMatchObject({ userId: ghost(AN) });
});
