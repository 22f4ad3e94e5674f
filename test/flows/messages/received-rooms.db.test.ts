// Messages that refer to others in a room of another organisation, which has no row among the bridge's own rooms.
import { describe, expect, test } from 'vitest';
import type { Files } from '../../../src/files/files.ts';
import { storeDeletions } from '../../../src/flows/store-deletions.ts';
import { communicationIdOf } from '../../../src/mapping/delivery-ids.ts';
import type { Sending } from '../../../src/matrix/send-as.ts';
import * as invitations from '../../../src/store/invitations.ts';
import { itemsIn, useBridgeDatabase } from '../../builders/database.ts';
import { ref } from '../../builders/fhir.ts';
import { eventId, roomId, userId } from '../../builders/matrix.ts';
import { senderGhost } from '../../builders/people.ts';
import { createRelayWorld, GHOST } from '../../builders/relay-world.ts';

const pool = useBridgeDatabase();
const THEIRS = roomId('!theirs:their.example');
const RECEIVED = ref('CommunicationRequest/9');
const partOf = [{ reference: RECEIVED }];

/** The conversation 9 stands in a room of others; the platform's message 1 was sent there. */
async function sentToOthers(over: Parameters<typeof createRelayWorld>[2] = {}) {
  const world = await createRelayWorld(pool(), undefined, over);
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
  expect(await itemsIn(pool(), `to-matrix:${RECEIVED}`)).toEqual(['Communication/1/3 of 1']);
  await deleted('Communication/1', fhir.remove('Communication/1'));
  expect(sending.sent[1]).toMatchObject({ as: GHOST, roomId: THEIRS, eventId: '$sent1' });
});

describe('what a user said there', () => {
  const said = { event_id: '$said', room_id: THEIRS, sender: userId('@jan:their.example') };

  test('and is in error here is redacted by the ghost that was invited: no one else is in the room', async () => {
    const { fhir, toFhir, toMatrix, sending } = await sentToOthers();
    await toFhir(said);
    const id = communicationIdOf(eventId('$said'));
    await fhir.put(id, { partOf, status: 'entered-in-error' });
    await toMatrix(`Communication/${id}`);
    expect(sending.sent[1]).toMatchObject({ as: GHOST, roomId: THEIRS, eventId: '$said' });
  });

  test('with a file that is better not opened is removed by it', async () => {
    const files: Files = {
      toFhir: () => Promise.resolve({ kind: 'refused', reason: 'infected' }),
      toMatrix: () => Promise.reject(new TypeError('No file')),
    };
    const { toFhir, sending } = await sentToOthers({ files });
    await toFhir({ ...said, content: { msgtype: 'm.file', body: 'a.pdf', url: 'mxc://their.example/a' } });
    expect(sending.sent[1]).toMatchObject({ as: GHOST, roomId: THEIRS, eventId: '$said' });
  });
});

test('what may have been sent long ago is looked for by the ghost that was invited', async () => {
  const looked: unknown[] = [];
  const findSent: Sending['findSent'] = (place) => {
    looked.push(place);
    return Promise.resolve(new Map());
  };
  const { fhir, toMatrix, state } = await sentToOthers({ sending: { findSent } });
  await fhir.put('2', { partOf });
  state.now = new Date(Date.now() + 2 * 24 * 60 * 60 * 1000);
  await toMatrix('Communication/2');
  expect(looked).toEqual([{ roomId: THEIRS, viewer: GHOST }]);
});

test('who was not invited there cannot speak there', async () => {
  const { fhir, toMatrix, relay } = await sentToOthers();
  const other = userId('@_fhir_8:example.org');
  Object.assign(relay, { ghostOf: () => Promise.resolve(senderGhost(other, 'A. Bakker')) });
  await fhir.put('2', { partOf, sender: { reference: 'Practitioner/8' } });
  await expect(toMatrix('Communication/2')).rejects.toThrow('not-invited');
});
