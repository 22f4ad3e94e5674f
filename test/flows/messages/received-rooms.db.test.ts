// Messages that refer to others in a room of another organisation, which has no row among the bridge's own rooms.
import { expect, test } from 'vitest';
import { storeDeletions } from '../../../src/flows/store-deletions.ts';
import * as invitations from '../../../src/store/invitations.ts';
import { itemsIn, useBridgeDatabase } from '../../builders/database.ts';
import { ref } from '../../builders/fhir.ts';
import { eventId, roomId, userId } from '../../builders/matrix.ts';
import { createRelayWorld, GHOST } from '../../builders/relay-world.ts';

const pool = useBridgeDatabase();
const THEIRS = roomId('!theirs:their.example');
const RECEIVED = ref('CommunicationRequest/9');
const partOf = [{ reference: RECEIVED }];

/** The conversation 9 stands in a room of others; the platform's message 1 was sent there. */
async function sentToOthers() {
  const world = await createRelayWorld(pool());
  await invitations.saveInvitation(pool(), {
    ...{ roomId: THEIRS, userId: GHOST, eventId: eventId('$invited'), subject: ref('Patient/12') },
    inviter: userId('@jan:their.example'),
  });
  await invitations.saveRequest(pool(), eventId('$invited'), RECEIVED);
  await world.fhir.put('1', { partOf });
  await world.toMatrix('Communication/1');
  return world;
}

test('an answer from the platform is a reply there', async () => {
  const { fhir, toMatrix, sending } = await sentToOthers();
  await fhir.put('2', { partOf, inResponseTo: [{ reference: 'Communication/1' }] });
  expect(await toMatrix('Communication/2')).toMatchObject({ result: 'done' });
  expect(sending.sent).toMatchObject([
    { roomId: THEIRS },
    { roomId: THEIRS, content: { 'm.relates_to': { 'm.in_reply_to': { event_id: '$sent1' } } } },
  ]);
});

test('what names its conversation no more is redacted there all the same', async () => {
  const { fhir, toMatrix, sending } = await sentToOthers();
  await fhir.put('1', { partOf: [], status: 'entered-in-error' });
  await toMatrix('Communication/1');
  expect(sending.sent[1]).toMatchObject({ as: GHOST, roomId: THEIRS, eventId: '$sent1' });
});

test('what was deleted is redacted there, from the lane of its conversation', async () => {
  const { relay, fhir, deleted, sending } = await sentToOthers();
  expect(await storeDeletions(relay, [{ reference: ref('Communication/1'), versionId: '3' }])).toBe(1);
  expect(await itemsIn(pool(), `to-matrix:${RECEIVED}`)).toEqual(['Communication/1/3']);
  await deleted('Communication/1', fhir.remove('Communication/1'));
  expect(sending.sent[1]).toMatchObject({ as: GHOST, roomId: THEIRS, eventId: '$sent1' });
});

test('who was not invited there cannot speak there', async () => {
  const { fhir, toMatrix, relay } = await sentToOthers();
  const other = userId('@_fhir_8:example.org');
  Object.assign(relay, { ghostOf: () => Promise.resolve({ userId: other, displayName: 'A. Bakker' }) });
  await fhir.put('2', { partOf, sender: { reference: 'Practitioner/8' } });
  await expect(toMatrix('Communication/2')).rejects.toThrow('not-invited');
});
