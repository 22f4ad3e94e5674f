// Who joined or left in Matrix, as CareTeam.participant, CommunicationRequest.recipient or a Task that proposes it.
import { describe, expect, test } from 'vitest';
import type { CareTeam, CommunicationRequest } from '../../../src/domain/fhir.ts';
import type { PersonReference } from '../../../src/mapping/matrix-to-fhir/membership.ts';
import {
  isNamed,
  momentOf,
  namesGroups,
  withMember,
  withoutMember,
} from '../../../src/mapping/matrix-to-fhir/membership.ts';
import { FHIR_PROFILES } from '../../../src/mapping/fhir-profiles/profiles.ts';
import { suggestionTask } from '../../../src/mapping/matrix-to-fhir/suggestion.ts';
import { ref, request } from '../../builders/fhir.ts';
import { ozoFaults } from '../../builders/ozo-rules.ts';
import { eventId } from '../../builders/matrix.ts';

const NOON = Date.parse('2026-11-21T12:00:00Z');
const AT = { at: NOON, now: NOON + 2_000 };
const NURSE: PersonReference = {
  reference: ref('Practitioner/7'),
  all: new Set([ref('Practitioner/7'), ref('PractitionerRole/9')]),
};

function team(participant: CareTeam['participant'], over: Partial<CareTeam> = {}): CareTeam {
  return {
    resourceType: 'CareTeam',
    status: 'active',
    subject: { reference: 'Patient/1' },
    ...(participant !== undefined && { participant }),
    ...over,
  };
}

describe('a person who joined a space', () => {
  test('becomes a participant from the moment of joining; nothing else changes', () => {
    const before = team([{ member: { reference: 'Patient/1' } }], { name: 'Team' });
    expect(withMember(before, NURSE, AT)).toEqual({
      resourceType: 'CareTeam',
      status: 'active',
      name: 'Team',
      subject: { reference: 'Patient/1' },
      participant: [
        { member: { reference: 'Patient/1' } },
        {
          member: { reference: 'Practitioner/7', type: 'Practitioner' },
          period: { start: '2026-11-21T12:00:00.000Z' },
        },
      ],
    });
  });

  test('is the first participant of a team without any', () => {
    expect(withMember(team(undefined), NURSE, AT)).toMatchObject({
      participant: [{ member: { reference: 'Practitioner/7' } }],
    });
  });

  test.each([
    ['by the same reference', 'Practitioner/7', undefined],
    ['by a role of theirs', 'PractitionerRole/9', undefined],
    ['by a reference to a version', 'Practitioner/7/_history/3', undefined],
    ['until a day to come', 'Practitioner/7', { end: '2026-12-31' }],
  ])('is a participant already %s: nothing changes', (_, reference, period) => {
    const entry = { member: { reference }, ...(period !== undefined && { period }) };
    expect(withMember(team([entry]), NURSE, AT)).toBeUndefined();
  });

  test('whose participation had ended gets a second one, with the same reference and without role code', () => {
    const ended = {
      member: { reference: 'PractitionerRole/9' },
      role: [{ coding: [{ code: 'primary' }] }],
      period: { start: '2026-01-01', end: '2026-06-30' },
    };
    expect(withMember(team([ended]), NURSE, AT)).toMatchObject({
      participant: [
        ended,
        {
          member: { reference: 'PractitionerRole/9', type: 'PractitionerRole' },
          period: { start: '2026-11-21T12:00:00.000Z' },
        },
      ],
    });
  });
});

describe('a person who left a space', () => {
  test('ends every present participation at that moment, under each of their references, and no other', () => {
    const before = team([
      { member: { reference: 'Practitioner/7' }, role: [{ text: 'nurse' }] },
      { member: { reference: 'PractitionerRole/9' }, period: { start: '2026-02-01', end: '2027-02-01' } },
      { member: { reference: 'Practitioner/7' }, period: { start: '2025-01-01', end: '2025-12-31' } },
      { member: { reference: 'Practitioner/7' }, period: { start: '2027-01-01' } },
      { member: { reference: 'Patient/1' } },
    ]);
    expect(withoutMember(before, NURSE, AT)).toEqual(
      team([
        {
          member: { reference: 'Practitioner/7' },
          role: [{ text: 'nurse' }],
          period: { end: '2026-11-21T12:00:00.000Z' },
        },
        {
          member: { reference: 'PractitionerRole/9' },
          period: { start: '2026-02-01', end: '2026-11-21T12:00:00.000Z' },
        },
        { member: { reference: 'Practitioner/7' }, period: { start: '2025-01-01', end: '2025-12-31' } },
        { member: { reference: 'Practitioner/7' }, period: { start: '2027-01-01' } },
        { member: { reference: 'Patient/1' } },
      ]),
    );
  });

  test('who is no participant changes nothing', () => {
    expect(withoutMember(team([{ member: { reference: 'Patient/1' } }]), NURSE, AT)).toBeUndefined();
    expect(withoutMember(team([{ member: { reference: 'CareTeam/2' } }]), NURSE, AT)).toBeUndefined();
  });

  test('before their participation began, by a wrong clock: it ends when it began', () => {
    const entry = { member: { reference: 'Practitioner/7' }, period: { start: '2026-11-21T11:00:00Z' } };
    const tooEarly = { at: Date.parse('2026-11-21T10:00:00Z'), now: NOON };
    expect(withoutMember(team([entry]), NURSE, tooEarly)).toMatchObject({
      participant: [{ period: { start: '2026-11-21T11:00:00Z', end: '2026-11-21T11:00:00.000Z' } }],
    });
  });

  test('is no participant any more at once, even if their server’s clock is ahead', () => {
    const nextYear = momentOf(Date.parse('2027-11-21T12:00:00Z'), NOON);
    const left = withoutMember(team([{ member: { reference: 'Practitioner/7' } }]), NURSE, nextYear);
    expect(left).toMatchObject({ participant: [{ period: { end: '2026-11-21T12:00:00.000Z' } }] });
    expect(isNamed(left ?? team([]), NURSE, NOON)).toBe(false);
    expect(momentOf(-1, NOON).at).toBe(0);
  });
});

describe('a person who joined or left a conversation', () => {
  const conversation = (over: Partial<CommunicationRequest>): CommunicationRequest =>
    request({ subject: { reference: 'Patient/1' }, ...over });

  test('becomes a recipient, the first or one more', () => {
    const nurse = { reference: 'Practitioner/7', type: 'Practitioner' };
    expect(withMember(conversation({}), NURSE, AT)).toEqual(conversation({ recipient: [nurse] }));
    expect(withMember(conversation({ recipient: [{ reference: 'Patient/1' }] }), NURSE, AT)).toEqual(
      conversation({ recipient: [{ reference: 'Patient/1' }, nurse] }),
    );
  });

  test.each([
    ['a recipient', { recipient: [{ reference: 'PractitionerRole/9' }] }],
    ['its requester', { requester: { reference: 'Practitioner/7' } }],
    ['its sender', { sender: { reference: 'Practitioner/7' } }],
  ])('and is %s already changes nothing', (_, over) => {
    expect(withMember(conversation(over), NURSE, AT)).toBeUndefined();
  });

  test('is no recipient any more; an empty list is left out, and teams stay', () => {
    expect(
      withoutMember(conversation({ recipient: [{ reference: 'PractitionerRole/9' }] }), NURSE, AT),
    ).toEqual(conversation({}));
    const recipient = [{ reference: 'Practitioner/7' }, { reference: 'CareTeam/2' }];
    expect(withoutMember(conversation({ recipient }), NURSE, AT)).toEqual(
      conversation({ recipient: [{ reference: 'CareTeam/2' }] }),
    );
  });

  test('stays the requester', () => {
    expect(
      withoutMember(conversation({ requester: { reference: 'Practitioner/7' } }), NURSE, AT),
    ).toBeUndefined();
  });
});

test('teams and organisations that take part can bring people who are not named', () => {
  expect(namesGroups(team([{ member: { reference: 'CareTeam/2' } }]), NOON)).toBe(true);
  expect(namesGroups(request({ recipient: [{ reference: 'Organization/3' }] }), NOON)).toBe(true);
  expect(namesGroups(team([{ member: { reference: 'Practitioner/7' } }]), NOON)).toBe(false);
  const over = { member: { reference: 'CareTeam/2' }, period: { end: '2025-01-01' } };
  expect(namesGroups(team([over]), NOON)).toBe(false);
});

test('under the policy `suggest` one event becomes one proposed Task', () => {
  const suggestion = {
    action: 'remove',
    focus: ref('CareTeam/1'),
    member: ref('Practitioner/7'),
    subject: { reference: 'Patient/1', display: 'Anna Smit' },
    requester: ref('Practitioner/8'),
    at: NOON,
  } as const;
  expect(suggestionTask({ event_id: eventId('$left') }, suggestion, FHIR_PROFILES.generic)).toEqual({
    resourceType: 'Task',
    id: 'task-6ab01c11013ed6ad4a015976b98eca005b33e1afddd',
    identifier: [{ use: 'official', system: 'https://matrix.org/event-id', value: '$left' }],
    status: 'requested',
    intent: 'proposal',
    code: { text: 'Remove member' },
    focus: { reference: 'CareTeam/1', type: 'CareTeam' },
    for: { reference: 'Patient/1', type: 'Patient' },
    authoredOn: '2026-11-21T12:00:00.000Z',
    requester: { reference: 'Practitioner/8', type: 'Practitioner' },
    input: [
      { type: { text: 'member' }, valueReference: { reference: 'Practitioner/7', type: 'Practitioner' } },
    ],
  });
  const unknown = { ...suggestion, action: 'add', subject: undefined, requester: undefined } as const;
  const task = suggestionTask({ event_id: eventId('$joined') }, unknown, FHIR_PROFILES.generic);
  expect(task?.code).toEqual({ text: 'Add member' });
  expect(Object.keys(task ?? {})).not.toContain('for');
  expect(Object.keys(task ?? {})).not.toContain('requester');
});

describe.each(['ozo-0.7', 'ozo-0.9'] as const)('under %s a proposed Task', (version) => {
  const propose = (focus: string, over: object = {}) =>
    suggestionTask(
      { event_id: eventId('$joined') },
      {
        ...{ action: 'add', focus: ref(focus), member: ref('RelatedPerson/3'), at: NOON },
        ...{ subject: { reference: 'Patient/1' }, requester: ref('Practitioner/8') },
        ...over,
      },
      FHIR_PROFILES[version],
    );

  test('is based on its conversation, and is with who did it in the room', () => {
    const task = propose('CommunicationRequest/2');
    expect(task).toMatchObject({
      basedOn: [{ reference: 'CommunicationRequest/2' }],
      owner: { reference: 'Practitioner/8' },
    });
    expect(task && ozoFaults(task, version)).toEqual([]);
  });

  test('names a team as its input, and is with the person whom it is about where no one else is known', () => {
    const task = propose('CareTeam/1', { requester: undefined });
    expect(task).toMatchObject({
      owner: { reference: 'RelatedPerson/3' },
      input: [{ type: { text: 'member' } }, { valueReference: { reference: 'CareTeam/1' } }],
    });
    expect(task && ozoFaults(task, version)).toEqual([]);
  });

  test('is not made for a team without a patient', () => {
    expect(propose('CareTeam/1', { subject: undefined })).toBeUndefined();
  });
});
