// One right resource of each type that the bridge follows, new and changed, and the people and teams among whom they stand.
import {
  MEDPLUM_TASK_CODE_SYSTEM,
  LIFECYCLE_SYSTEM,
  READ_RECEIPT_CODE,
  type WatchedType,
} from '../../../../src/domain/fhir.ts';
import { matrixTelecom } from '../../../../stack/demo/care-network.ts';
import { BSN, EMAIL, FAMILY, FILE_NAME, SAID } from '../canaries.ts';
import type { Json, JsonObject } from '../../../../stack/stub-fhir/json.ts';

/** A resource as it should be. */
export interface ResourceExample {
  readonly name: string;
  readonly type: WatchedType;
  /** Whether each is a new resource, or the next version of one that the bridge has already. */
  readonly comes: 'new' | 'changed';
  /** @param place which of the conversations it belongs to */
  readonly resource: (place: number) => JsonObject;
}

/** The account of the nurse, who is in all rooms. */
export const NURSE = '@nurse:mutants.example';

const refTo = (reference: string): JsonObject => ({ reference });
const name: Json = [{ use: 'official', family: FAMILY, given: ['Noor', 'J.'], text: `Noor ${FAMILY}` }];
const bsn: Json = [{ system: 'http://fhir.nl/fhir/NamingSystem/bsn', value: BSN }];
const telecomOf = (localpart: string): Json => [
  matrixTelecom(`@${localpart}:mutants.example`) as JsonObject,
  { system: 'email', value: EMAIL },
  { system: 'phone', value: '+31612345678' },
];

/** Ids of those who are in the conversation of a place. */
export const idAt = (type: string, place: number): string => `changed-${type}-${place}`;

/** People who are in all rooms and never change. */
export const STEADY: readonly JsonObject[] = [
  { resourceType: 'Patient', id: 'client', name, identifier: bsn, birthDate: '1938-07-16' },
  { resourceType: 'Practitioner', id: 'nurse', name, telecom: telecomOf('nurse') },
  { resourceType: 'RelatedPerson', id: 'daughter', name, patient: refTo('Patient/client') },
];

/** A team of these; its space is in Matrix. */
export const team = (id: string): JsonObject => ({
  ...{
    resourceType: 'CareTeam',
    id,
    status: 'active',
    name: `${SAID} ${FAMILY}`,
    subject: refTo('Patient/client'),
  },
  participant: ['Practitioner/nurse', 'RelatedPerson/daughter', 'Patient/client'].map((each) => ({
    member: refTo(each),
    role: [{ coding: [{ system: 'http://snomed.info/sct', code: '224535009', display: SAID }] }],
  })),
});

/** A conversation of a team. */
export const conversation = (id: string, more: readonly string[] = []): JsonObject => ({
  ...{ resourceType: 'CommunicationRequest', id, status: 'active', subject: refTo('Patient/client') },
  ...{ requester: refTo('RelatedPerson/daughter'), authoredOn: '2026-11-29T12:00:00Z' },
  recipient: ['CareTeam/team', 'Practitioner/nurse', ...more].map(refTo),
  category: [{ text: SAID }],
  payload: [{ contentString: `${SAID} ${FAMILY} ${BSN}` }],
});

const communication = (place: number, payload: Json): JsonObject => ({
  ...{ resourceType: 'Communication', status: 'completed', subject: refTo('Patient/client') },
  partOf: [refTo(`CommunicationRequest/people-${place}`)],
  sender: refTo('RelatedPerson/daughter'),
  recipient: [refTo('Practitioner/nurse')],
  sent: '2026-11-29T12:00:00Z',
  payload,
});
const said: Json = [{ contentString: `${SAID} ${FAMILY} ${BSN}` }];
const picture: Json = [
  { contentString: SAID },
  {
    contentAttachment: {
      contentType: 'application/pdf',
      data: Buffer.from('%PDF-1.7 a').toString('base64'),
      title: `${FILE_NAME}.pdf`,
      size: 10,
    },
  },
  { contentReference: refTo('DocumentReference/none') },
];

const changed = (type: WatchedType, resource: ResourceExample['resource']): ResourceExample => ({
  ...{ name: `${type} changed`, type, comes: 'changed', resource },
});
const made = (name: string, type: WatchedType, resource: ResourceExample['resource']): ResourceExample => ({
  ...{ name, type, comes: 'new', resource },
});

/** The resources. */
export const RESOURCES: readonly ResourceExample[] = [
  changed('Practitioner', (place) => ({
    resourceType: 'Practitioner',
    name,
    telecom: telecomOf(`p${place}`),
    identifier: bsn,
    photo: [{ contentType: 'image/png', data: 'AAAA' }],
  })),
  changed('PractitionerRole', (place) => ({
    ...{
      resourceType: 'PractitionerRole',
      practitioner: refTo(`Practitioner/${idAt('Practitioner', place)}`),
    },
    ...{
      organization: refTo(`Organization/${idAt('Organization', place)}`),
      telecom: telecomOf(`r${place}`),
    },
    code: [{ coding: [{ system: 'http://snomed.info/sct', code: '224535009' }] }],
    period: { start: '2020-01-01', end: '2030-01-01' },
  })),
  changed('RelatedPerson', (place) => ({
    resourceType: 'RelatedPerson',
    name,
    identifier: bsn,
    telecom: telecomOf(`f${place}`),
    patient: refTo('Patient/client'),
    relationship: [{ text: SAID }],
  })),
  changed('Patient', (place) => ({
    resourceType: 'Patient',
    name,
    identifier: bsn,
    telecom: telecomOf(`c${place}`),
    birthDate: '1938-07-16',
  })),
  changed('Organization', () => ({
    resourceType: 'Organization',
    name: `${SAID} ${FAMILY}`,
    telecom: [{ system: 'email', value: EMAIL }],
    partOf: refTo('Organization/none'),
  })),
  changed('CareTeam', (place) => ({
    ...team(''),
    participant: [
      ...['Practitioner/nurse', `Practitioner/${idAt('Practitioner', place)}`].map((each) => ({
        member: refTo(each),
        period: { start: '2020-01-01' },
      })),
    ],
    period: { start: '2020-01-01' },
    managingOrganization: [refTo(`Organization/${idAt('Organization', place)}`)],
  })),
  changed('CommunicationRequest', () => ({ ...conversation(''), occurrencePeriod: { start: '2020-01-01' } })),
  changed('Communication', (place) => communication(place, said)),
  made('CareTeam', 'CareTeam', () => team('')),
  made('CommunicationRequest', 'CommunicationRequest', () => conversation('')),
  made('Communication', 'Communication', (place) => ({
    ...communication(place, said),
    inResponseTo: [refTo(`Communication/${idAt('Communication', place)}`)],
    identifier: [{ system: 'https://example.org/messages', value: '1' }],
  })),
  made('Communication with files', 'Communication', (place) => communication(place, picture)),
  made('Communication in error', 'Communication', (place) => ({
    ...communication(place, said),
    status: 'entered-in-error',
  })),
  made('Task', 'Task', (place) => ({
    ...{
      resourceType: 'Task',
      status: 'completed',
      intent: 'order',
      owner: refTo(`Practitioner/${idAt('Practitioner', place)}`),
    },
    code: { coding: [{ system: MEDPLUM_TASK_CODE_SYSTEM, code: READ_RECEIPT_CODE }], text: SAID },
    ...{
      focus: refTo(`Communication/${idAt('Communication', place)}`),
      basedOn: [refTo(`CommunicationRequest/people-${place}`)],
    },
    ...{
      description: SAID,
      lastModified: '2026-11-29T12:00:00Z',
      executionPeriod: { end: '2026-11-29T12:00:00Z' },
    },
  })),
  made('AuditEvent', 'AuditEvent', (place) => ({
    ...{
      resourceType: 'AuditEvent',
      type: { system: LIFECYCLE_SYSTEM, code: 'access' },
      action: 'R',
      recorded: '2026-11-29T12:00:00Z',
    },
    agent: [{ who: refTo(`RelatedPerson/${idAt('RelatedPerson', place)}`), requestor: true, name: FAMILY }],
    source: { observer: { display: SAID } },
    entity: [
      refTo(`CommunicationRequest/people-${place}`),
      refTo(`Communication/${idAt('Communication', place)}`),
    ].map((what) => ({ what })),
  })),
];
