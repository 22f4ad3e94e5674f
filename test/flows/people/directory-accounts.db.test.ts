// Practitioners who get their account by the word of directories: in what order, and what a failure leaves alone. On a real database.
import { expect, test } from 'vitest';
import type { AccountInDirectory } from '../../../src/flows/bridge.ts';
import { rememberPeople } from '../../../src/flows/people/resolve-people.ts';
import { createAccountInDirectory } from '../../../src/identity/directories/account-in-directory.ts';
import type { Resolution, Threepid } from '../../../src/identity/directories/directory.ts';
import * as people from '../../../src/store/people.ts';
import { BridgeError } from '../../../src/telemetry/errors.ts';
import { useBridgeDatabase } from '../../builders/database.ts';
import { ref } from '../../builders/fhir.ts';
import { recordingLog } from '../../builders/log.ts';
import { userId } from '../../builders/matrix.ts';
import { at, bridgeOver, ghost, resolveWanted } from '../../builders/people.ts';

const pool = useBridgeDatabase();
const never = new AbortController().signal;
const AN = ref('Practitioner/an');
const found = (name: string): AccountInDirectory => ({ kind: 'found', userId: userId(name) });

/** Resolves the practitioner, with what directories say of them, and remembers the outcome. */
async function account(says: AccountInDirectory | undefined, telecom: readonly object[] = []) {
  const { bridge } = bridgeOver({ [AN]: { telecom }, 'Patient/1': {} });
  const asked: string[] = [];
  const resolved = await resolveWanted(
    {
      ...bridge,
      ...{ db: pool(), store: { people } },
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
  await rememberPeople({ db: pool(), store: { people } }, resolved);
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

test('they are asked by UZI number and then by e-mail; ambiguity ends it, and a failure is counted as such', async () => {
  const asked: string[] = [];
  const counted: string[] = [];
  const log = recordingLog();
  const says = new Map<string, Resolution | 'down'>();
  const ask = createAccountInDirectory({
    directory: {
      resolve: ({ medium, address }: Threepid) => {
        asked.push(`${medium} ${address}`);
        const answer = says.get(medium) ?? { kind: 'unknown' };
        return answer === 'down'
          ? Promise.reject(new BridgeError('directory-unavailable', 'care search: 503'))
          : Promise.resolve(answer);
      },
    },
    ...{ clock: { now: () => new Date('2025-09-26T12:00:00Z'), monotonicMs: () => 0 }, log },
    count: (kind) => counted.push(kind),
  });
  const practitioner = {
    resourceType: 'Practitioner' as const,
    identifier: [{ system: 'http://fhir.nl/fhir/NamingSystem/uzi-nr-pers', value: '900000009' }],
    telecom: [
      { system: 'email' as const, value: 'An@hs.nl' },
      { system: 'phone' as const, value: '+31612345678' },
      { system: 'email' as const, value: 'an@former.example', period: { end: '2025-08' } },
    ],
  };
  says.set('email', { kind: 'found', userId: userId('@an:h') });
  expect(await ask(practitioner, never)).toEqual(found('@an:h'));
  expect(asked).toEqual(['uzi_nr 900000009', 'email an@hs.nl']);
  says.set('uzi_nr', { kind: 'ambiguous' });
  expect(await ask(practitioner, never)).toEqual({ kind: 'unknown' });
  says.set('uzi_nr', 'down');
  expect(await ask(practitioner, never)).toEqual({ kind: 'failed' });
  expect(counted).toEqual(['found', 'unknown', 'failed']);
  expect(JSON.stringify(log.lines)).not.toMatch(/hs\.nl|900000009/);
});
