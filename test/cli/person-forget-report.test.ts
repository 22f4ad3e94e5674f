// The report of `person forget` as an operator reads it.
import { expect, test } from 'vitest';
import { adviceOf } from '../../src/cli/person-forget-advice.ts';
import { forgetReportLines } from '../../src/cli/person-forget-report.ts';
import type { ForgetReport } from '../../src/flows/forgetting/report.ts';
import { ref } from '../builders/fhir.ts';
import { roomId, userId } from '../builders/matrix.ts';

const [DONE, LEFT] = [userId('@_fhir_a:example.org'), userId('@_fhir_b:example.org')];
const room = { messages: 0, events: 0, refused: 0, outOfReach: false, done: true };
const REPORT: ForgetReport = {
  ...{ state: 'done', accounts: [userId('@jan:example.org')] },
  ghosts: { [DONE]: 'deactivated', [LEFT]: 'refused' },
  rooms: [
    { ...room, roomId: roomId('!one'), messages: 12, events: 3 },
    { ...room, roomId: roomId('!two'), refused: 1, done: false },
    { ...room, roomId: roomId('!three'), outOfReach: true },
  ],
  rows: { person: 1, item: 40 },
  conversations: [
    { conversation: ref('CommunicationRequest/1'), messages: 9 },
    { conversation: ref('CommunicationRequest/2'), messages: 1 },
  ],
};
const { toDo, ...advice } = adviceOf(REPORT);

test('says of each ghost, room, table and conversation what was done', () => {
  expect(forgetReportLines({ ...REPORT, ...advice, toDo: [], remains: ['FHIR: the record'] })).toEqual([
    'Done:',
    'account   @jan:example.org',
    'ghost     @_fhir_a:example.org  deactivated',
    'ghost     @_fhir_b:example.org  refused',
    'room      !one  done, 12 messages and 3 names redacted, 0 refused',
    'room      !two  to do, 0 messages and 0 names redacted, 1 refused',
    'room      !three  done, out of reach',
    'table     person  1 rows',
    'table     item  40 rows',
    'record    CommunicationRequest/1  9 Communications',
    'record    CommunicationRequest/2  1 Communications',
    'remains   FHIR: the record',
  ]);
});

test('says what is left to others, with the requests that an operator of Synapse makes', () => {
  expect(toDo.map(({ who, what }) => `${who}: ${what}`).slice(0, 7)).toEqual([
    'homeserver: POST /_synapse/admin/v1/deactivate/%40_fhir_b%3Aexample.org with {"erase": true}',
    'homeserver: DELETE /_synapse/admin/v1/users/%40_fhir_a%3Aexample.org/media (its pictures)',
    'homeserver: DELETE /_synapse/admin/v1/users/%40_fhir_b%3Aexample.org/media (its pictures)',
    'homeserver: redact what is left in !two, which the bridge may not, or cannot see',
    'homeserver: redact what is left in !three, which the bridge may not, or cannot see',
    'homeserver: @jan:example.org is the person’s own: its homeserver deactivates it',
    'fhir: decide on the record: CommunicationRequest/1 and 1 more',
  ]);
});

test('of a dry run says what forbids it', () => {
  const namedBy = [ref('CareTeam/1')];
  const dry: ForgetReport = { ...REPORT, state: 'dry-run' };
  expect(forgetReportLines({ ...dry, ...advice, toDo, namedBy }).slice(0, 2)).toEqual([
    'Nothing was changed. This would be done:',
    'refused   the person still takes part in CareTeam/1',
  ]);
});
