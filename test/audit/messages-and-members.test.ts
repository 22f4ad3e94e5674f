// Messages and members as AuditEvents: one literal example for each kind of fact.
import { describe, expect, test } from 'vitest';
import { ref } from '../builders/fhir.ts';
import { BOT, userId } from '../builders/matrix.ts';
import {
  NURSE,
  ABOUT_MESSAGE,
  ABOUT_MEMBER,
  eventOf,
  REST,
  interaction,
  dicom,
  participation,
  role,
  entityType,
  resourceType,
  SOURCE,
  DESTINATION,
  BRIDGE,
  FHIR,
  at,
  USER,
  AUTHOR,
  PATIENT,
  CONVERSATION,
  MESSAGE,
  detail,
  IN_ROOM,
} from './literals.ts';

describe('a message', () => {
  test('that was written to FHIR', () => {
    expect(eventOf({ kind: 'created', direction: 'to-fhir', ...ABOUT_MESSAGE, at: 1758879015250 })).toEqual({
      resourceType: 'AuditEvent',
      id: expect.stringMatching(/^audit-[0-9a-f]{40}$/) as string,
      meta: {
        tag: [
          {
            system: 'https://github.com/fhir-matrix-bridge/fhir/NamingSystem/audit-event',
            code: expect.stringMatching(/^audit-[0-9a-f]{40}$/) as string,
          },
        ],
      },
      extension: [
        {
          url: 'http://ozoverbindzorg.nl/fhir/StructureDefinition/ozo-trace-id',
          valueString: expect.stringMatching(/^[0-9a-f]{32}$/) as string,
        },
        {
          url: 'http://ozoverbindzorg.nl/fhir/StructureDefinition/ozo-span-id',
          valueString: expect.stringMatching(/^[0-9a-f]{16}$/) as string,
        },
        {
          url: 'http://ozoverbindzorg.nl/fhir/StructureDefinition/ozo-resource-origin',
          valueString: '@_fhir_bot:example.org',
        },
      ],
      type: REST,
      subtype: [interaction('create')],
      action: 'C',
      recorded: '2026-11-29T12:00:00.250Z',
      outcome: '0',
      agent: [
        AUTHOR,
        { type: SOURCE, ...at('their.example'), requestor: false },
        { type: DESTINATION, ...FHIR, requestor: false },
      ],
      source: {
        site: 'Care at home',
        observer: BRIDGE,
        type: [
          {
            system: 'http://terminology.hl7.org/CodeSystem/security-source-type',
            code: '4',
            display: 'Application Server',
          },
        ],
      },
      entity: [
        {
          ...MESSAGE,
          ...detail(
            ['happened-at', '2025-09-26T09:30:15.250Z'],
            ['room-id', '!room:example.org'],
            ['event-id', '$event'],
          ),
        },
        CONVERSATION,
        PATIENT,
      ],
    });
  });

  test('that was delivered into Matrix', () => {
    expect(eventOf({ kind: 'created', direction: 'to-matrix', ...ABOUT_MESSAGE })).toMatchObject({
      type: { system: 'http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle', code: 'transmit' },
      subtype: [interaction('create')],
      action: 'C',
      agent: [
        AUTHOR,
        { type: SOURCE, ...FHIR, requestor: false },
        { type: DESTINATION, ...at('example.org'), requestor: false },
      ],
      entity: [{ ...MESSAGE, ...IN_ROOM }, CONVERSATION, PATIENT],
    });
  });

  test('that was edited', () => {
    const event = eventOf({ kind: 'changed', direction: 'to-fhir', ...ABOUT_MESSAGE });
    expect(event).toMatchObject({ type: REST, subtype: [interaction('update')], action: 'U', outcome: '0' });
    expect(event?.entity).toEqual([{ ...MESSAGE, ...IN_ROOM }, CONVERSATION, PATIENT]);
  });

  test('that was retracted', () => {
    const event = eventOf({ kind: 'retracted', direction: 'to-fhir', ...ABOUT_MESSAGE });
    expect(event).toMatchObject({ type: REST, subtype: [interaction('update')], action: 'U' });
    const lifecycle = {
      system: 'http://terminology.hl7.org/CodeSystem/dicom-audit-lifecycle',
      code: '14',
      display: 'Logical deletion',
    };
    expect(event?.entity?.[0]).toEqual({ ...MESSAGE, ...IN_ROOM, lifecycle });
  });

  test('that was read, for a team', () => {
    const by = { ...NURSE, team: ref('CareTeam/clinic-b') };
    expect(eventOf({ kind: 'read', direction: 'to-fhir', ...ABOUT_MESSAGE, by })).toMatchObject({
      type: { system: 'http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle', code: 'access' },
      subtype: [interaction('read')],
      action: 'R',
      agent: [
        {
          ...{ type: participation('IRCP', 'information recipient'), ...USER },
          extension: [
            {
              url: 'http://ozoverbindzorg.nl/fhir/StructureDefinition/ozo-agent-careteam',
              valueReference: { reference: 'CareTeam/clinic-b', type: 'CareTeam' },
            },
          ],
        },
        { type: SOURCE },
        { type: DESTINATION },
      ],
      entity: [MESSAGE, CONVERSATION, PATIENT],
    });
  });

  test('of a person whom FHIR does not know bears their Matrix user id', () => {
    const by = { userId: userId('@stranger:their.example') };
    expect(eventOf({ kind: 'created', direction: 'to-fhir', ...ABOUT_MESSAGE, by })?.agent[0]).toEqual({
      type: participation('AUT', 'author (originator)'),
      who: { identifier: { system: 'urn:ietf:rfc:3986', value: 'matrix:u/stranger:their.example' } },
      altId: '@stranger:their.example',
      requestor: true,
    });
  });

  test('that the bot sent for a person is theirs, and without one the bridge’s own', () => {
    const sent = { kind: 'created', direction: 'to-matrix', ...ABOUT_MESSAGE } as const;
    const forPerson = eventOf({ ...sent, by: { person: ref('Practitioner/7'), userId: BOT } });
    expect(forPerson?.agent[0]).toEqual({
      type: participation('AUT', 'author (originator)'),
      who: { reference: 'Practitioner/7', type: 'Practitioner' },
      requestor: true,
    });
    const forNobody = eventOf({ ...sent, by: { userId: BOT } });
    expect(forNobody?.agent.filter(({ requestor }) => requestor)).toEqual([
      { type: dicom('110150', 'Application'), who: BRIDGE, requestor: true },
    ]);
  });

  test('with a time that no date can hold has none', () => {
    const event = eventOf({ kind: 'created', direction: 'to-fhir', ...ABOUT_MESSAGE, at: 9e15 });
    expect(event?.entity?.[0]).toEqual({ ...MESSAGE, ...IN_ROOM });
  });
});

describe('a member', () => {
  const TEAM = {
    what: { reference: 'CareTeam/9/_history/3', type: 'CareTeam' },
    type: entityType('2', 'System Object'),
    role: role('4', 'Domain Resource'),
  };
  const DAUGHTER = {
    what: {
      reference: 'RelatedPerson/3',
      type: 'RelatedPerson',
      identifier: { system: 'urn:ietf:rfc:3986', value: 'matrix:u/daughter:example.org' },
    },
    type: resourceType('RelatedPerson'),
    role: role('6', 'User'),
  };

  test('who joined, by the hand of another', () => {
    const event = eventOf({ kind: 'joined', ...ABOUT_MEMBER, level: 50 });
    expect(event).toMatchObject({ type: REST, subtype: [interaction('update')], action: 'U' });
    expect(event?.agent[0]).toEqual(AUTHOR);
    expect(event?.entity).toEqual([
      {
        ...TEAM,
        ...detail(['room-id', '!space:example.org'], ['membership', 'join'], ['level', '50']),
      },
      PATIENT,
      DAUGHTER,
    ]);
  });

  test('who left because FHIR names them no more: the bridge is the requestor', () => {
    const event = eventOf({ kind: 'left', ...ABOUT_MEMBER, by: {} });
    expect(event?.agent).toEqual([
      { type: SOURCE, ...FHIR, requestor: false },
      { type: DESTINATION, ...at('example.org'), requestor: false },
      { type: dicom('110150', 'Application'), who: BRIDGE, requestor: true },
    ]);
    expect(event?.entity?.[0]).toEqual({
      ...TEAM,
      ...detail(['room-id', '!space:example.org'], ['membership', 'leave']),
    });
  });

  test('whose level is another', () => {
    const member = NURSE;
    const event = eventOf({ kind: 'level-changed', ...ABOUT_MEMBER, member, level: 75, formerLevel: 50 });
    expect(event?.entity).toEqual([
      {
        ...TEAM,
        ...detail(['room-id', '!space:example.org'], ['former-level', '50'], ['level', '75']),
      },
      PATIENT,
      { what: USER.who, type: resourceType('Practitioner'), role: role('15', 'Doctor') },
    ]);
  });

  test('whom FHIR does not know', () => {
    const member = { userId: userId('@stranger:their.example') };
    expect(eventOf({ kind: 'joined', ...ABOUT_MEMBER, member })?.entity?.[2]).toEqual({
      what: { identifier: { system: 'urn:ietf:rfc:3986', value: 'matrix:u/stranger:their.example' } },
      type: entityType('4', 'Other'),
      role: role('6', 'User'),
    });
  });
});
