// What the directories together say of a practitioner's account.
import { expect, test } from 'vitest';
import type { AccountInDirectory } from '../../../src/flows/bridge.ts';
import { createAccountInDirectory } from '../../../src/identity/directories/account-in-directory.ts';
import type { Resolution, Threepid } from '../../../src/identity/directories/directory.ts';
import { BridgeError } from '../../../src/telemetry/errors.ts';
import { clockAt } from '../../builders/bridge.ts';
import { recordingLog } from '../../builders/log.ts';
import { userId } from '../../builders/matrix.ts';

const never = new AbortController().signal;
const found = (name: string): AccountInDirectory => ({ kind: 'found', userId: userId(name) });

test('directories are asked by UZI number and then by e-mail; ambiguity ends it, and a failure is counted as such', async () => {
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
    ...{ clock: clockAt('2025-09-26T12:00:00Z'), log },
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
