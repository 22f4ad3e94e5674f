// Who may invite into a conversation: professionals everywhere, relatives where they began it; other invitations are taken back.
import { beforeEach, expect, test } from 'vitest';
import type { MatrixUserId } from '../../../src/domain/ids.ts';
import type { MatrixEvent } from '../../../src/domain/matrix.ts';
import { acceptInvitation, isGhostInvitation } from '../../../src/flows/invitations/accept-invitation.ts';
import { ATTEMPT, settle } from '../../builders/bridge.ts';
import { useBridgeDatabase } from '../../builders/database.ts';
import { DOCTOR, NURSE, ROOM, SPACE } from '../../builders/leading-world.ts';
import { BOT, userId } from '../../builders/matrix.ts';
import { createScene, GHOST, member, writeScene } from '../../builders/membership-scene.ts';
import { at } from '../../builders/people.ts';

const DAUGHTER = userId('@daughter:example.org');
const FRIEND = userId('@friend:example.org');
const database = useBridgeDatabase();

beforeEach(async () => {
  await writeScene(database());
});

/** A conversation of nurse and daughter, begun by one of them; the daughter invites, unless told otherwise. */
function createConversation(requester: string) {
  const world = createScene(database());
  world.fhir.put({ resourceType: 'Practitioner', id: '7', telecom: [contact(NURSE)] });
  world.fhir.put({
    ...{ resourceType: 'RelatedPerson', id: '4', patient: { reference: 'Patient/1' } },
    telecom: [contact(DAUGHTER)],
  });
  world.fhir.put({
    ...{
      resourceType: 'CommunicationRequest',
      id: '2',
      status: 'active',
      subject: { reference: 'Patient/1' },
    },
    requester: { reference: requester },
    recipient: [{ reference: 'Practitioner/7' }, { reference: 'RelatedPerson/4' }],
  });
  world.matrix.set(ROOM, 'm.room.power_levels', '', { users: { [BOT]: 110 } });
  return world;
}

const contact = (id: string) => ({ ...at(id), system: 'url' as const });

function invitation(sender: MatrixUserId, invited: MatrixUserId, over: object = {}): MatrixEvent {
  return member(invited, 'invite', { room_id: ROOM, event_id: '$invites', sender, ...over });
}

test('a relative who did not begin the conversation has the invitation taken back, and is told', async () => {
  const { matrix, handle, converged, facts } = createConversation('Practitioner/7');
  matrix.member(ROOM, FRIEND, 'invite', DAUGHTER);
  expect(await handle(invitation(DAUGHTER, FRIEND))).toBe('may-not-invite');
  expect(matrix.calls).toEqual([['kick', ROOM, FRIEND]]);
  expect(await converged()).toEqual(['CommunicationRequest/2', 'may-not-invite']);
  expect(facts).toEqual([
    {
      ...{ kind: 'refused', reason: 'may-not-invite', by: { userId: DAUGHTER } },
      on: { reference: 'CommunicationRequest/2' },
    },
  ]);
});

test('whom they invited and who joined at once has to go as well; who left again need not', async () => {
  const { matrix, handle } = createConversation('Practitioner/7');
  matrix.member(ROOM, FRIEND, 'join');
  expect(await handle(invitation(DAUGHTER, FRIEND))).toBe('may-not-invite');
  expect(matrix.calls).toEqual([['kick', ROOM, FRIEND]]);
  expect(await handle(invitation(DAUGHTER, FRIEND))).toBe('may-not-invite');
  expect(matrix.calls).toHaveLength(1);
});

test('a stranger whom the room let invite has it taken back', async () => {
  const { matrix, handle } = createConversation('Practitioner/7');
  matrix.member(ROOM, FRIEND, 'invite', DOCTOR);
  expect(await handle(invitation(DOCTOR, FRIEND))).toBe('may-not-invite');
});

test.each<[string, string, MatrixUserId, MatrixUserId]>([
  ['of a relative in a conversation that they began', 'RelatedPerson/4', DAUGHTER, FRIEND],
  ['of a professional in a conversation of others', 'RelatedPerson/4', NURSE, FRIEND],
  ['of someone whom FHIR has there', 'Practitioner/7', DAUGHTER, NURSE],
])('the invitation %s stands', async (_, requester, sender, invited) => {
  const { matrix, handle, converged } = createConversation(requester);
  matrix.member(ROOM, invited, 'invite', sender);
  expect(await handle(invitation(sender, invited))).toBe('not-joined-yet');
  expect(matrix.calls).toEqual([]);
  expect(await converged()).toEqual(['CommunicationRequest/2']);
});

test('the maker of a room that users made may invite, though FHIR has them as no one’s', async () => {
  const { matrix, handle } = createConversation('Practitioner/7');
  await database().query(`update room set made_by = 'user' where room_id = '${ROOM}'`);
  matrix.set(ROOM, 'm.room.create', '', { room_version: '11' }, DOCTOR);
  matrix.member(ROOM, FRIEND, 'invite', DOCTOR);
  expect(await handle(invitation(DOCTOR, FRIEND))).toBe('not-joined-yet');
});

test('in a room of a user where the bridge has no power, the notice alone says it', async () => {
  const { matrix, handle, converged } = createConversation('Practitioner/7');
  matrix.set(ROOM, 'm.room.power_levels', '', { users: { [NURSE]: 100 } });
  matrix.member(ROOM, FRIEND, 'invite', DAUGHTER);
  expect(await handle(invitation(DAUGHTER, FRIEND))).toBe('may-not-invite');
  expect(matrix.calls).toEqual([]);
  expect(await converged()).toContain('may-not-invite');
});

test('a space is left to Matrix, which asks for the level itself', async () => {
  const { handle } = createConversation('Practitioner/7');
  expect(await handle(invitation(DAUGHTER, FRIEND, { room_id: SPACE }))).toBe('not-joined-yet');
});

test('a ghost is no way around: its invitation is taken back too', async () => {
  const { bridge, matrix } = createConversation('Practitioner/7');
  matrix.member(ROOM, GHOST, 'invite', DAUGHTER);
  const event = invitation(DAUGHTER, GHOST);
  if (!isGhostInvitation(bridge.settings, event)) throw new TypeError('Expected the invitation of a ghost');
  expect(await settle(bridge, await acceptInvitation(bridge, event, ATTEMPT))).toBe('may-not-invite');
  expect(matrix.calls).toEqual([['kick', ROOM, GHOST]]);
});
