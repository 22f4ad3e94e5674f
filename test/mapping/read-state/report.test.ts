// What a platform says by a Task or an AuditEvent: both published forms are read, and other Tasks and audits are not.
import { describe, expect, test } from 'vitest';
import type { FhirResource } from '../../../src/domain/fhir.ts';
import { readReportIn } from '../../../src/mapping/read-state/report.ts';
import { FHIR_PROFILES } from '../../../src/mapping/fhir-profiles/profiles.ts';
import { suggestionTask } from '../../../src/mapping/matrix-to-fhir/suggestion.ts';
import { ref } from '../../builders/fhir.ts';
import { eventId } from '../../builders/matrix.ts';

/** As the client of the poc-iznc guide posts it. */
const POSTED = {
  resourceType: 'Task',
  status: 'completed',
  intent: 'order',
  focus: { reference: 'Communication/567' },
  owner: { reference: 'Practitioner/456' },
  executionPeriod: { end: '2025-01-15T11:05:00Z' },
};

/** As the OZO FHIR Api keeps it for a party of a thread. */
const OF_PARTY = {
  resourceType: 'Task',
  basedOn: [{ reference: 'CommunicationRequest/Thread-Example' }],
  status: 'completed',
  intent: 'order',
  for: { reference: 'Patient/H-de-Boer', type: 'Patient' },
  focus: { reference: 'Communication/2' },
  owner: { reference: 'RelatedPerson/Kees-Groot', type: 'RelatedPerson' },
};

const AUDIT = {
  resourceType: 'AuditEvent',
  type: { system: 'http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle', code: 'access' },
  action: 'R',
  recorded: '2025-12-04T12:05:00.042+01:00',
  outcome: '0',
  agent: [{ who: { reference: 'Practitioner/Pieter-de-Vries', type: 'Practitioner' }, requestor: true }],
  source: { observer: { display: 'AAA Proxy Instance 001' } },
  entity: [
    { what: { reference: 'CommunicationRequest/Pharmacy-to-Clinic/_history/1' } },
    { what: { reference: 'Communication/Clinic-Response-to-Pharmacy/_history/1' } },
  ],
};

const REST = { system: 'http://terminology.hl7.org/CodeSystem/audit-event-type', code: 'rest' };

const read = (resource: object) => readReportIn(resource as FhirResource);

test('a Task that a client posts for one message', () => {
  expect(read(POSTED)).toEqual({
    person: 'Practitioner/456',
    conversation: undefined,
    message: 'Communication/567',
    otherwise: 'first-message',
    at: Date.UTC(2025, 0, 15, 11, 5),
  });
});

test('the Task of a party of a thread', () => {
  expect(read(OF_PARTY)).toMatchObject({
    person: 'RelatedPerson/Kees-Groot',
    conversation: 'CommunicationRequest/Thread-Example',
    message: 'Communication/2',
  });
  expect(read({ ...OF_PARTY, focus: undefined })).toMatchObject({
    message: undefined,
    otherwise: 'first-message',
  });
});

test('the Task of a message in Medplum, when its owner has read it', () => {
  const created = {
    ...{ resourceType: 'Task', status: 'requested', intent: 'order' },
    code: { coding: [{ system: 'https://medplum.com/task-codes', code: 'read-receipt' }] },
    focus: { reference: 'Communication/example-thread-header' },
    for: { reference: 'Patient/homer-simpson' },
    owner: { reference: 'Practitioner/recipient-practitioner-id' },
    authoredOn: '2024-03-15T14:30:00.000Z',
  };
  expect(read(created)).toBeUndefined();
  expect(read({ ...created, status: 'completed' })).toEqual({
    person: 'Practitioner/recipient-practitioner-id',
    conversation: undefined,
    message: 'Communication/example-thread-header',
    otherwise: 'first-message',
    at: undefined,
  });
});

describe('a time that FHIR cannot write, and PostgreSQL cannot hold, is none', () => {
  test.each(['-271821-04-20T00:00:00Z', '+275760-09-13T00:00:00Z', '1', 'yesterday', '2025-13-45'])(
    '%s',
    (recorded) => {
      expect(read({ ...AUDIT, recorded })).toMatchObject({
        person: 'Practitioner/Pieter-de-Vries',
        at: undefined,
      });
    },
  );
});

test('an AuditEvent of access', () => {
  expect(read(AUDIT)).toEqual({
    person: 'Practitioner/Pieter-de-Vries',
    conversation: 'CommunicationRequest/Pharmacy-to-Clinic',
    message: 'Communication/Clinic-Response-to-Pharmacy',
    otherwise: 'all',
    at: Date.parse('2025-12-04T11:05:00.042Z'),
  });
  expect(read({ ...AUDIT, entity: AUDIT.entity.slice(0, 1) })).toMatchObject({
    message: undefined,
    otherwise: 'all',
  });
});

test('an AuditEvent of type rest, as before OZO 0.8, if it names both the conversation and the message', () => {
  expect(read({ ...AUDIT, type: REST })).toEqual(read(AUDIT));
});

describe('what says nothing of reading', () => {
  test.each<[string, object]>([
    ['a Task that is open', { ...POSTED, status: 'requested' }],
    ['a Task that was taken back', { ...POSTED, status: 'cancelled' }],
    ['a Task about something else', { ...POSTED, focus: { reference: 'ServiceRequest/1' } }],
    ['a Task of another kind of work', { ...POSTED, code: { text: 'Answer this question' } }],
    ['a Task that reports a failure', { ...POSTED, code: { coding: [{ code: 'not-delivered' }] } }],
    ['a team’s Task: no person is named', { ...OF_PARTY, owner: { reference: 'CareTeam/Clinic-B' } }],
    ['a Task without owner', { ...POSTED, owner: undefined }],
    ['a Task without anything that was read', { ...POSTED, focus: undefined }],
    [
      'the bridge’s own proposal of a member',
      {
        ...suggestionTask(
          { event_id: eventId('$1') },
          {
            ...{ action: 'add', focus: ref('CareTeam/1'), member: ref('Practitioner/1'), at: 0 },
            ...{ subject: { reference: 'Patient/1' }, requester: undefined },
          },
          FHIR_PROFILES['ozo-0.9'],
        ),
        ...{ resourceType: 'Task', status: 'completed' },
      },
    ],
    [
      'an audit by the bridge itself',
      {
        ...AUDIT,
        meta: {
          tag: [{ system: 'https://github.com/fhir-matrix-bridge/fhir/NamingSystem/audit-event', code: 'a' }],
        },
      },
    ],
    ['an audit of a request for a message', { ...AUDIT, type: REST, entity: AUDIT.entity.slice(1) }],
    ['an audit of a search', { ...AUDIT, type: { code: 'object' } }],
    ['an audit of a write', { ...AUDIT, action: 'C' }],
    ['an access by a device', { ...AUDIT, agent: [{ who: { reference: 'Device/1' }, requestor: true }] }],
    ['an access to a record of another kind', { ...AUDIT, entity: [{ what: { reference: 'Patient/1' } }] }],
    ['an AuditEvent without any of its elements', { resourceType: 'AuditEvent' }],
    ['a Task without any of its elements', { resourceType: 'Task' }],
    ['a message', { resourceType: 'Communication', status: 'completed' }],
  ])('%s', (_, resource) => {
    expect(read(resource)).toBeUndefined();
  });
});
