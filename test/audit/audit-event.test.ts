// Look-ups, refusals and operators' acts as AuditEvents; what differs under OZO's profile; the ids.
import { describe, expect, test } from 'vitest';
import { auditEventsOf } from '../../src/audit/audit-event.ts';
import { withoutLinks } from '../../src/audit/without-links.ts';
import type { Fact } from '../../src/domain/facts.ts';
import { ref } from '../builders/fhir.ts';
import { eventId, userId } from '../builders/matrix.ts';
import { ozoFaults } from '../builders/ozo-rules.ts';
import {
  SETTINGS,
  OZO,
  RECORDED,
  CAUSE,
  NURSE,
  ABOUT_MESSAGE,
  ABOUT_MEMBER,
  eventOf,
  REST,
  interaction,
  role,
  entityType,
  resourceType,
  SOURCE,
  DESTINATION,
  at,
  USER,
  PATIENT,
} from './literals.ts';

describe('a look-up', () => {
  const question = { action: 'single', medium: 'email', hash: 'a2V5ZWQ' };
  const query = {
    type: entityType('2', 'System Object'),
    role: role('24', 'Query'),
    // action=single&medium=email&hash=a2V5ZWQ
    query: 'YWN0aW9uPXNpbmdsZSZtZWRpdW09ZW1haWwmaGFzaD1hMlY1WldR',
  };

  test('that found a patient, by a caller who is no user', () => {
    const event = eventOf({
      ...{ kind: 'looked-up', by: { address: '10.1.2.3' }, question, result: 'found' },
      ...{ found: { person: ref('Patient/12') }, subject: ref('Patient/12') },
    });
    expect(event).toMatchObject({ type: REST, subtype: [interaction('search')], action: 'E', outcome: '0' });
    expect(event?.outcomeDesc).toBe('found');
    expect(event?.agent).toEqual([
      {
        type: SOURCE,
        who: {
          identifier: {
            system: 'https://github.com/fhir-matrix-bridge/fhir/NamingSystem/network-address',
            value: '10.1.2.3',
          },
        },
        network: { address: '10.1.2.3', type: '2' },
        requestor: true,
      },
      { type: DESTINATION, ...at('example.org'), requestor: false },
    ]);
    expect(event?.entity).toEqual([PATIENT, query]);
  });

  test('that found a professional, by a user', () => {
    const found = { person: ref('PractitionerRole/8') };
    const event = eventOf({ kind: 'looked-up', by: NURSE, question, result: 'found', found });
    expect(event?.agent).toMatchObject([
      USER,
      {
        who: {
          identifier: {
            system: 'https://github.com/fhir-matrix-bridge/fhir/NamingSystem/homeserver',
            value: 'their.example',
          },
        },
        network: { address: 'their.example', type: '1' },
      },
      at('example.org'),
    ]);
    expect(event?.entity).toEqual([
      {
        what: { reference: 'PractitionerRole/8', type: 'PractitionerRole' },
        type: resourceType('PractitionerRole'),
        role: role('15', 'Doctor'),
      },
      query,
    ]);
  });

  test.each([
    ['none', '0'],
    ['refused', '4'],
    ['failed', '8'],
  ] as const)('with the result %s has the outcome %s', (result, outcome) => {
    const event = eventOf({ kind: 'looked-up', by: NURSE, question, result });
    expect(event).toMatchObject({ outcome, outcomeDesc: result, entity: [query] });
  });
});

describe('what else happens', () => {
  test('a resource that the bridge wrote', () => {
    const on = { reference: ref('CommunicationRequest/room-1'), versionId: '1' };
    const event = eventOf({ kind: 'resource-created', by: NURSE, on, subject: ref('Patient/12') });
    expect(event).toMatchObject({
      type: REST,
      subtype: [interaction('create')],
      action: 'C',
      entity: [{ what: { reference: 'CommunicationRequest/room-1/_history/1' } }, PATIENT],
    });
  });

  test('a refusal', () => {
    const on = { reference: ref('CareTeam/9') };
    const event = eventOf({ kind: 'refused', reason: 'upgrade-not-allowed', by: NURSE, on });
    expect(event).toMatchObject({
      ...{ type: REST, subtype: [interaction('operation')], action: 'E' },
      ...{ outcome: '4', outcomeDesc: 'upgrade-not-allowed' },
      entity: [{ what: { reference: 'CareTeam/9', type: 'CareTeam' } }],
    });
  });

  test('a failure', () => {
    const event = eventOf({
      ...{ kind: 'failed', code: 'fhir-refused', by: NURSE, eventId: eventId('$event') },
      on: { reference: ref('CommunicationRequest/245') },
    });
    expect(event).toMatchObject({
      ...{ action: 'E', outcome: '8', outcomeDesc: 'fhir-refused' },
      entity: [{ what: { identifier: { value: '$event' } }, detail: [{ type: 'event-id' }] }],
    });
  });

  test('an operator’s act', () => {
    const event = eventOf({
      ...{ kind: 'operated', act: 'dlq-discard', by: { operator: 'jan' }, target: 'matrix.event $event' },
    });
    expect(event).toMatchObject({
      ...{ action: 'E', outcome: '0', outcomeDesc: 'dlq-discard' },
      agent: [
        {
          who: {
            identifier: {
              system: 'https://github.com/fhir-matrix-bridge/fhir/NamingSystem/operator',
              value: 'jan',
            },
          },
          requestor: true,
        },
        { type: SOURCE, ...at('example.org'), requestor: false },
      ],
      entity: [{ what: { identifier: { value: 'matrix.event $event' } }, role: role('20', 'Job') }],
    });
  });
});

describe.each(['ozo-0.7', 'ozo-0.9'] as const)('under the profile %s', (version) => {
  const settings = OZO[version];

  test('a search is a read, an entity bears the type of its resource, and the bridge OZO’s identifier', () => {
    const question = { action: 'lookup' };
    expect(eventOf({ kind: 'looked-up', by: NURSE, question, result: 'none' }, settings)?.action).toBe('R');
    const read = eventOf({ kind: 'read', direction: 'to-fhir', ...ABOUT_MESSAGE }, settings);
    expect(read?.type.code).toBe(version === 'ozo-0.7' ? 'rest' : 'access');
    expect(read?.entity?.[0]?.type).toEqual(resourceType('Communication'));
    expect(read?.source.observer).toEqual({
      type: 'Device',
      identifier: {
        system: 'https://www.ozoverbindzorg.nl/namingsystem/device',
        value: '@_fhir_bot:example.org',
      },
    });
  });

  test('a patient who did it is named by the URL of their resource: an agent may not be one', () => {
    const by = { person: ref('Patient/12'), userId: userId('@jan:example.org') };
    const event = eventOf({ kind: 'created', direction: 'to-fhir', ...ABOUT_MESSAGE, by }, settings);
    expect(event?.agent[0]).toMatchObject({
      who: {
        identifier: { system: 'urn:ietf:rfc:3986', value: 'https://fhir.example.org/fhir/Patient/12' },
      },
      altId: '@jan:example.org',
    });
    expect(event?.agent[0]?.who).not.toHaveProperty('reference');
  });

  // https://github.com/ozoverbindzorg/integrale-netwerk-communicatie/blob/main/input/fsh/profiles/ozo-auditevent.fsh
  test('each event has what the profile demands', () => {
    const inTeam = { ...NURSE, team: ref('CareTeam/Pharmacy-A') };
    const facts: readonly Fact[] = [
      { kind: 'created', direction: 'to-matrix', ...ABOUT_MESSAGE },
      { kind: 'created', direction: 'to-fhir', ...ABOUT_MESSAGE, by: inTeam },
      { kind: 'changed', direction: 'to-fhir', ...ABOUT_MESSAGE, by: { person: ref('Patient/12') } },
      {
        kind: 'retracted',
        direction: 'to-matrix',
        ...ABOUT_MESSAGE,
        by: { person: ref('PractitionerRole/8') },
      },
      { kind: 'read', direction: 'to-fhir', ...ABOUT_MESSAGE },
      { kind: 'read', direction: 'to-matrix', ...ABOUT_MESSAGE, by: inTeam },
      { kind: 'joined', ...ABOUT_MEMBER },
      { kind: 'left', ...ABOUT_MEMBER, by: {} },
      { kind: 'looked-up', by: { address: '10.1.2.3' }, question: { action: 'bulk' }, result: 'none' },
      { kind: 'refused', reason: 'stranger', by: {}, on: { reference: ref('CareTeam/9') } },
      { kind: 'operated', act: 'resync', by: { operator: 'jan' } },
    ];
    for (const event of auditEventsOf(CAUSE, facts, RECORDED, settings)) {
      expect(ozoFaults(event, version)).toEqual([]);
      expect(event.agent.every(({ requestor }) => typeof requestor === 'boolean')).toBe(true);
      expect(event.agent.filter(({ requestor }) => requestor)).toHaveLength(1);
      expect(event).toMatchObject({ source: { type: [{ code: '4' }] } });
      // FHIR R4, sev-1: an entity has a name or a query, not both.
      expect(event.entity?.some((entity) => 'name' in entity) ?? false).toBe(false);
    }
  });
});

describe('the ids', () => {
  const facts: readonly Fact[] = [
    { kind: 'left', ...ABOUT_MEMBER },
    { kind: 'joined', ...ABOUT_MEMBER },
  ];

  test('are the same for the same cause and time, and differ within', () => {
    const [first, again] = [1, 2].map(() => auditEventsOf(CAUSE, facts, RECORDED, SETTINGS));
    expect(first).toEqual(again);
    expect(first?.[0]?.id).not.toBe(first?.[1]?.id);
  });

  test('differ with the time: a bridge with a new database overwrites nothing', () => {
    const later = auditEventsOf(CAUSE, facts, new Date('2026-11-29T12:00:01Z'), SETTINGS);
    expect(later[0]?.id).not.toBe(auditEventsOf(CAUSE, facts, RECORDED, SETTINGS)[0]?.id);
  });

  test('of the trace are shared by all facts of a cause, as those of the spans are not', () => {
    const ids = auditEventsOf(CAUSE, facts, RECORDED, SETTINGS).map(({ extension }) =>
      extension?.map(({ valueString }) => valueString),
    );
    expect(ids[0]?.[0]).toBe(ids[1]?.[0]);
    expect(ids[0]?.[1]).not.toBe(ids[1]?.[1]);
  });
});

test('without links it names the same resources by their URLs', () => {
  const [event] = auditEventsOf(
    CAUSE,
    [{ kind: 'read', direction: 'to-fhir', ...ABOUT_MESSAGE, by: { ...NURSE, team: ref('CareTeam/9') } }],
    RECORDED,
    SETTINGS,
  );
  const unlinked = event && withoutLinks(event, 'https://fhir.example.org/fhir');
  expect(JSON.stringify(unlinked)).not.toContain('"reference":');
  expect(unlinked?.agent[0]).toMatchObject({
    extension: [{ valueReference: { identifier: { value: 'https://fhir.example.org/fhir/CareTeam/9' } } }],
    who: {
      type: 'Practitioner',
      identifier: { system: 'urn:ietf:rfc:3986', value: 'https://fhir.example.org/fhir/Practitioner/7' },
    },
    altId: '@nurse:their.example',
  });
  expect(unlinked?.entity?.[0]?.what).toEqual({
    type: 'Communication',
    identifier: {
      system: 'urn:ietf:rfc:3986',
      value: 'https://fhir.example.org/fhir/Communication/m-1/_history/2',
    },
  });
});
