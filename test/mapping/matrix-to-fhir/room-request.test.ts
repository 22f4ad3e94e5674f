// A room that a user made in a care team's space, as the CommunicationRequest of its conversation.
import { describe, expect, test } from 'vitest';
import type { CareTeam, CommunicationRequest } from '../../../src/domain/fhir.ts';
import {
  lackOf,
  readRoomFacts,
  requestOfRoom,
  roomOfRequest,
} from '../../../src/mapping/matrix-to-fhir/room-request.ts';
import { FHIR_PROFILES } from '../../../src/mapping/fhir-profiles/profiles.ts';
import type { RoomTemplates } from '../../../src/mapping/room-names.ts';
import { ozoFaults } from '../../builders/ozo-rules.ts';
import { ref, request } from '../../builders/fhir.ts';
import { roomId } from '../../builders/matrix.ts';

const TEMPLATES: RoomTemplates = {
  spaceName: 'Care team',
  organizationSpaceName: 'Team',
  spaceTopic: '',
  conversationName: 'Conversation {date}',
  conversationFallback: 'Conversation {number} · {date} {time}',
  conversationTopic: '',
  conversationSubject: 'none',
  timeZone: 'Europe/Amsterdam',
};
const CARE_TEAM: CareTeam = { resourceType: 'CareTeam', subject: { reference: 'Patient/1' } };

const event = (type: string, content: Record<string, unknown>, stateKey = '') => ({
  type,
  state_key: stateKey,
  sender: '@nurse:example.org',
  content,
  origin_server_ts: Date.parse('2026-11-21T12:00:00Z'),
});
/** As Element makes a room in a space. */
const STATE = [
  event('m.room.create', { room_version: '11' }),
  event('m.room.name', { name: 'Stairs' }),
  event('m.room.join_rules', { join_rule: 'restricted' }),
  event('m.room.member', { membership: 'join' }, '@nurse:example.org'),
  event('m.room.member', { membership: 'invite' }, '@doctor:example.org'),
  event('m.room.member', { membership: 'leave' }, '@gone:example.org'),
];

describe('the state of a room', () => {
  test('says who made it and when, its name, and who is in it or invited', () => {
    expect(readRoomFacts(STATE)).toEqual({
      isSpace: false,
      isEncrypted: false,
      creator: '@nurse:example.org',
      createdAt: Date.parse('2026-11-21T12:00:00Z'),
      name: 'Stairs',
      members: ['@nurse:example.org', '@doctor:example.org'],
      joined: new Set(['@nurse:example.org']),
      predecessor: undefined,
    });
  });

  test('says whether it can be a conversation, and which room it replaces', () => {
    const facts = readRoomFacts([
      event('m.room.create', { type: 'm.space', predecessor: { room_id: '!old:example.org' } }),
      event('m.room.encryption', { algorithm: 'm.megolm.v1.aes-sha2' }),
      event('m.room.join_rules', { join_rule: 'public' }),
    ]);
    expect(facts).toMatchObject({
      isSpace: true,
      isEncrypted: true,
      predecessor: '!old:example.org',
    });
  });

  test('that is malformed is ignored', () => {
    const facts = readRoomFacts([
      { ...event('m.room.create', { predecessor: '!old' }), origin_server_ts: -1 },
      event('m.room.name', { name: 7 }),
    ]);
    expect(facts).toMatchObject({ createdAt: undefined, name: undefined, predecessor: undefined });
  });
});

describe('the request of a room', () => {
  const make = (
    people: Parameters<typeof requestOfRoom>[2],
    templates = TEMPLATES,
    careTeam: CareTeam = CARE_TEAM,
    profile = FHIR_PROFILES.generic,
  ) =>
    requestOfRoom(
      { roomId: roomId('!made:example.org'), facts: readRoomFacts(STATE) },
      { reference: ref('CareTeam/1'), careTeam },
      people,
      { templates, profile },
    );

  test('has the team’s subject, the team, the maker as requester and the others as recipients', () => {
    const people = {
      requester: ref('Practitioner/7'),
      recipients: [ref('Practitioner/7'), ref('Practitioner/8')],
    };
    expect(make(people)).toEqual({
      resourceType: 'CommunicationRequest',
      id: 'room-3f4c0c40856bf089faf52615ff8ce9ad00cae3985be',
      identifier: [{ use: 'official', system: 'urn:ietf:rfc:3986', value: 'matrix:roomid/made:example.org' }],
      status: 'active',
      subject: { reference: 'Patient/1', type: 'Patient' },
      about: [{ reference: 'CareTeam/1', type: 'CareTeam' }],
      authoredOn: '2026-11-21T12:00:00.000Z',
      requester: { reference: 'Practitioner/7', type: 'Practitioner' },
      recipient: [{ reference: 'Practitioner/8', type: 'Practitioner' }],
    });
  });

  test('names an unknown maker by their Matrix user id, and has no subject if the team has none', () => {
    const made = make({ requester: undefined, recipients: [] }, TEMPLATES, { resourceType: 'CareTeam' });
    expect(made.requester).toEqual({
      identifier: { system: 'urn:ietf:rfc:3986', value: 'matrix:u/nurse:example.org' },
    });
    expect(Object.keys(made)).not.toContain('recipient');
    expect(Object.keys(made)).not.toContain('subject');
  });

  test('has the room’s name as its subject line where names are mapped', () => {
    const templates = { ...TEMPLATES, conversationName: '{subject}', conversationSubject: 'category' };
    const made = make({ requester: undefined, recipients: [] }, templates);
    expect(made.category).toEqual([{ text: 'Stairs' }]);
  });

  describe.each(['ozo-0.7', 'ozo-0.9'] as const)('under %s', (version) => {
    const profile = FHIR_PROFILES[version];
    const under = (requester: string | undefined, recipients: readonly string[], careTeam = CARE_TEAM) =>
      make(
        { requester: requester === undefined ? undefined : ref(requester), recipients: recipients.map(ref) },
        TEMPLATES,
        careTeam,
        profile,
      );

    test.each<[string, readonly string[], readonly string[]]>([
      ['names each recipient once', ['Practitioner/8', 'Practitioner/8'], ['Practitioner/8']],
      ['leaves out whom a recipient cannot be', ['Patient/1', 'RelatedPerson/3'], ['RelatedPerson/3']],
      ['names the requester where there is no one else', ['Patient/1'], ['Practitioner/7']],
    ])('%s', (_, recipients, expected) => {
      const made = under('Practitioner/7', ['Practitioner/7', ...recipients]);
      expect(made.recipient?.map(({ reference }) => reference)).toEqual(expected);
      expect(ozoFaults(made, version)).toEqual([]);
      expect(lackOf(made, profile)).toBeUndefined();
    });

    test.each<[string, CommunicationRequest, string]>([
      ['a patient', under('Practitioner/7', [], { resourceType: 'CareTeam' }), 'subject'],
      ['a maker whom FHIR knows', under(undefined, ['Practitioner/8']), 'requester'],
      ['a recipient', under('Patient/1', []), 'recipient'],
    ])('cannot be written without %s', (_, made, lack) => {
      expect(lackOf(made, profile)).toBe(lack);
      expect(lackOf(made, FHIR_PROFILES.generic)).toBeUndefined();
      expect(ozoFaults(made, version)).not.toEqual([]);
    });
  });

  test('says which room it is from, also in version 12; other requests do not', () => {
    expect(roomOfRequest(make({ requester: undefined, recipients: [] }))).toBe('!made:example.org');
    const identifier = [{ system: 'urn:ietf:rfc:3986', value: 'matrix:roomid/hash' }];
    expect(roomOfRequest(request({ identifier }))).toBe('!hash');
    expect(roomOfRequest(request({ identifier: [{ system: 'urn:x', value: 'matrix:roomid/hash' }] }))).toBe(
      undefined,
    );
    expect(roomOfRequest(request())).toBeUndefined();
  });
});
