// The receiving side: a room of another organisation, into which a ghost was invited with a patient, is a conversation here.
import { beforeEach, describe, expect, test } from 'vitest';
import type { MatrixUserId } from '../../../src/domain/ids.ts';
import type { MatrixEvent } from '../../../src/domain/matrix.ts';
import { acceptInvitation, isGhostInvitation } from '../../../src/flows/invitations/accept-invitation.ts';
import { noticeItem } from '../../../src/flows/items/notice.ts';
import { sendNotice } from '../../../src/flows/messages/notice.ts';
import { relayToFhir } from '../../../src/flows/messages/relay-to-fhir.ts';
import { speakerOf } from '../../../src/flows/messages/speaker.ts';
import { convergeRoom } from '../../../src/flows/structure/converge-room.ts';
import { FHIR_PROFILES } from '../../../src/mapping/fhir-profiles/profiles.ts';
import { invitationContent } from '../../../src/mapping/invite-context.ts';
import { noPseudonyms } from '../../../src/pseudonyms/pseudonyms.ts';
import * as invitations from '../../../src/store/invitations.ts';
import * as people from '../../../src/store/people.ts';
import { findRoomUse } from '../../../src/store/room-uses.ts';
import { ATTEMPT, settle } from '../../builders/bridge.ts';
import { useBridgeDatabase } from '../../builders/database.ts';
import { ref } from '../../builders/fhir.ts';
import { createWorld, stateEvent } from '../../builders/leading-world.ts';
import { message, roomId, userId } from '../../builders/matrix.ts';
import { envelope } from '../../builders/messages.ts';
import { ozoFaults, type OzoResource } from '../../builders/ozo-rules.ts';
import { at, senderGhost } from '../../builders/people.ts';

const THEIRS = roomId('!theirs:their.example');
const JAN = userId('@jan:their.example');
const NURSE = userId('@_fhir_nurse:example.org');
const DOCTOR = userId('@_fhir_doctor:example.org');
const never = new AbortController().signal;
const database = useBridgeDatabase();

beforeEach(async () => {
  await people.savePeople(database(), [
    { reference: ref('Practitioner/7'), userId: NURSE, kind: 'ghost', source: 'ghost' },
    { reference: ref('Practitioner/8'), userId: DOCTOR, kind: 'ghost', source: 'ghost' },
  ]);
});

/** Jan of another organisation has made a room about a patient whom we know as Patient/1. */
function createScene(over: Parameters<typeof createWorld>[1] = {}) {
  const world = createWorld(database(), {
    trustedServers: new Set(['example.org', 'their.example']),
    ...over,
  });
  const { bridge, matrix, fhir } = world;
  Object.assign(bridge, {
    pseudonyms: { ...noPseudonyms, canResolve: true, resolve: () => Promise.resolve(ref('Patient/1')) },
  });
  fhir.put({ resourceType: 'CareTeam', id: '1', status: 'active', subject: { reference: 'Patient/1' } });
  matrix.make(THEIRS);
  matrix.set(THEIRS, 'm.room.create', '', { room_version: '11' }, JAN);
  matrix.set(THEIRS, 'm.room.name', '', { name: 'Anna Smit, room 3' }, JAN);
  const invite = async (ghost: MatrixUserId, id = '$invited', number = 1): Promise<string> => {
    const event: MatrixEvent = stateEvent(
      'm.room.member',
      invitationContent('token', bridge.settings.messages.texts),
      {
        ...{ event_id: id, room_id: THEIRS, sender: JAN, state_key: ghost },
      },
    );
    if (!isGhostInvitation(bridge.settings, event)) throw new TypeError('Expected the invitation of a ghost');
    const outcome = await acceptInvitation(bridge, event, { ...ATTEMPT, number });
    if ('facts' in outcome) world.facts.push(...outcome.facts);
    return settle(bridge, outcome);
  };
  const requests = () => fhir.all().filter((reference) => reference.startsWith('CommunicationRequest/'));
  return { ...world, invite, requests };
}

test('it is about the patient and their team, to the person who was invited; its name is not taken', async () => {
  const { fhir, invite, requests } = createScene();
  expect(await invite(NURSE)).toBe('done');
  const [request = ''] = requests();
  expect(fhir.get(request)).toMatchObject({
    status: 'active',
    identifier: [{ value: 'matrix:roomid/theirs:their.example' }],
    subject: { reference: 'Patient/1', type: 'Patient' },
    about: [{ reference: 'CareTeam/1', type: 'CareTeam' }],
    requester: { identifier: { value: 'matrix:u/jan:their.example' } },
    recipient: [{ reference: 'Practitioner/7', type: 'Practitioner' }],
  });
  expect(JSON.stringify(fhir.get(request))).not.toContain('Anna');
  expect(await findRoomUse(database(), THEIRS)).toEqual({
    kind: 'received',
    received: { reference: request, roomId: THEIRS, subject: 'Patient/1', guests: [NURSE] },
  });
});

test('who made the room is its requester where FHIR knows them', async () => {
  const { fhir, invite, requests } = createScene();
  const jan = { reference: ref('Practitioner/20'), userId: JAN, kind: 'user', source: 'telecom' } as const;
  await people.savePeople(database(), [jan]);
  fhir.put({ resourceType: 'Practitioner', id: '20', telecom: [at(JAN)] });
  await invite(NURSE);
  expect(fhir.get(requests()[0] ?? '')).toMatchObject({ requester: { reference: 'Practitioner/20' } });
});

describe.each(['ozo-0.7', 'ozo-0.9'] as const)('under %s, which demands a requester', (version) => {
  const profile = FHIR_PROFILES[version];

  test('one who is not known is the placeholder for all', async () => {
    const unknownSender = { as: 'placeholder', reference: ref('Practitioner/unknown') } as const;
    const { fhir, invite, requests } = createScene({ profile, unknownSender });
    await invite(NURSE);
    const request = fhir.get(requests()[0] ?? '');
    expect(request).toMatchObject({ requester: { reference: 'Practitioner/unknown', type: 'Practitioner' } });
    expect(ozoFaults(request as OzoResource, version)).toEqual([]);
  });

  test('without a placeholder there is no conversation, and the ghost is in the room all the same', async () => {
    const { invite, requests } = createScene({ profile });
    expect(await invite(NURSE)).toBe('done');
    expect(requests()).toEqual([]);
  });
});

test('a second person who is invited is a recipient more of the same conversation', async () => {
  const { fhir, invite, requests } = createScene();
  await invite(NURSE);
  await invite(DOCTOR, '$second');
  expect(requests()).toHaveLength(1);
  expect(fhir.get(requests()[0] ?? '')).toMatchObject({
    recipient: [{ reference: 'Practitioner/7' }, { reference: 'Practitioner/8' }],
  });
});

test('tried again after a death, it is there once', async () => {
  const { invite, requests, fhir } = createScene();
  await invite(NURSE);
  await invite(NURSE, '$invited', 2);
  expect(requests()).toHaveLength(1);
  expect(fhir.writes).toEqual(requests());
});

test.each<[string, (world: ReturnType<typeof createScene>) => void, object]>([
  [
    'a space',
    ({ matrix }) => {
      matrix.set(THEIRS, 'm.room.create', '', { room_version: '11', type: 'm.space' }, JAN);
    },
    {},
  ],
  [
    'an encrypted room',
    ({ matrix }) => {
      matrix.set(THEIRS, 'm.room.encryption', '', { algorithm: 'm.megolm.v1.aes-sha2' }, JAN);
    },
    {},
  ],
])('%s is joined, and no conversation', async (_, change) => {
  const world = createScene();
  change(world);
  expect(await world.invite(NURSE)).toBe('done');
  expect(world.requests()).toEqual([]);
  expect(await findRoomUse(database(), THEIRS)).toEqual({ kind: 'none' });
});

test('it has no room of ours: convergence leaves it to the others, and so is its state', async () => {
  const { bridge, handle, invite, requests } = createScene();
  await invite(NURSE);
  expect(await convergeRoom(bridge, ref(requests()[0] ?? ''), never)).toBeUndefined();
  const joined = { ...{ room_id: THEIRS, sender: JAN, state_key: JAN }, event_id: '$j' };
  expect(await handle(stateEvent('m.room.member', { membership: 'join' }, joined))).toBe('room-of-others');
});

test('what is said in it is filed, in the name of who said it', async () => {
  const { bridge, fhir, invite, requests } = createScene();
  await invite(NURSE);
  const event = message({ event_id: '$said', room_id: THEIRS, sender: JAN });
  const source = {
    lane: 'to-fhir:!theirs',
    payload: {},
    receivedAt: new Date(),
    gaveUpOn: [],
    hasWaited: false,
  };
  expect(await settle(bridge, await relayToFhir(bridge, event, source, ATTEMPT))).toBe('done');
  const [record = ''] = fhir.all().filter((reference) => reference.startsWith('Communication/'));
  expect(fhir.get(record)).toMatchObject({
    partOf: [{ reference: requests()[0] }],
    subject: { reference: 'Patient/1' },
    sender: { identifier: { value: 'matrix:u/jan:their.example' } },
  });
});

test('only who was invited can answer in it, and no ghost says the notices of the bridge', async () => {
  const { bridge, invite, requests } = createScene();
  await invite(NURSE);
  const received = await invitations.findReceived(database(), ref(requests()[0] ?? ''));
  if (received === undefined) throw new TypeError('Expected the conversation');
  const speak = (ghost: MatrixUserId) =>
    speakerOf(
      {
        ...bridge,
        ghostOf: () => Promise.resolve(senderGhost(ghost, 'N.')),
        openConversation: () => Promise.resolve(undefined),
      },
      {
        input: {
          communication: { resourceType: 'Communication', status: 'completed' },
          envelope: envelope(),
        },
        ...{ request: received.reference, conversation: { ...received, phase: 'open' }, before: undefined },
      },
      never,
    );
  expect(await speak(NURSE)).toEqual({ as: NURSE, relayedFor: undefined });
  await expect(speak(DOCTOR)).rejects.toMatchObject({ code: 'not-invited' });
  const { payload } = noticeItem({ roomId: THEIRS, about: JAN, reason: 'unmapped-sender' });
  expect(await settle(bridge, await sendNotice(bridge, payload as never, ATTEMPT))).toBe('room-of-others');
});

test('that it was written, and got another recipient, is told to the audit trail; that it was so already is not', async () => {
  const { facts, invite, requests } = createScene();
  await invite(NURSE);
  await invite(DOCTOR, '$second');
  await invite(DOCTOR, '$again');
  const by = { userId: JAN };
  expect(facts).toMatchObject([
    { kind: 'resource-created', by, on: { reference: requests()[0], versionId: '1' }, subject: 'Patient/1' },
    { kind: 'resource-changed', by, on: { reference: requests()[0], versionId: '2' }, subject: 'Patient/1' },
  ]);
});
