// The rules of OZO verbindzorg's profiles, as its FSH sources state them, for every resource that the bridge writes.
// https://github.com/ozoverbindzorg/integrale-netwerk-communicatie/tree/main/input/fsh/profiles
import type {
  AuditEvent,
  CareTeam,
  Communication,
  CommunicationPayload,
  CommunicationRequest,
  Extension,
  Reference,
  Task,
} from 'fhir/r4.js';

/** A version of the profiles. */
export type OzoVersion = 'ozo-0.7' | 'ozo-0.9';
/** The resources that have rules. */
export type OzoResource = AuditEvent | CareTeam | Communication | CommunicationRequest | Task;

const SENDER_TEAM = 'http://ozoverbindzorg.nl/fhir/StructureDefinition/ozo-sender-careteam';
const AGENT_TEAM = 'http://ozoverbindzorg.nl/fhir/StructureDefinition/ozo-agent-careteam';
const LIFECYCLE = 'http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle';
const EVENT_TYPE = 'http://terminology.hl7.org/CodeSystem/audit-event-type';
const SENDERS = ['Practitioner', 'RelatedPerson', 'Patient'];
const RECIPIENTS = ['Practitioner', 'RelatedPerson', 'CareTeam'];

/** What a resource has that the profiles of a version refuse; empty where they accept it. */
export function ozoFaults(resource: OzoResource, version: OzoVersion): readonly string[] {
  switch (resource.resourceType) {
    case 'Communication':
      return communicationFaults(resource, version);
    case 'CommunicationRequest':
      return requestFaults(resource);
    case 'CareTeam':
      return careTeamFaults(resource);
    case 'Task':
      return taskFaults(resource, version);
    case 'AuditEvent':
      return auditEventFaults(resource, version);
  }
}

function communicationFaults(resource: Communication, version: OzoVersion): readonly string[] {
  const { partOf = [], recipient = [], sender, payload = [], extension } = resource;
  return [
    ...missing({ partOf: partOf.length > 0, sender, payload: payload.length > 0, status: resource.status }),
    ...partOf.flatMap((each) => reference('partOf', each, ['CommunicationRequest'])),
    ...optional('sender', sender, SENDERS),
    ...recipient.flatMap((each) => target('recipient', each, RECIPIENTS)),
    ...payload.flatMap(contentFaults),
    // Up to 0.8 the extension has no place here.
    ...teamFaults(extension, SENDER_TEAM, version === 'ozo-0.9' ? 1 : 0),
  ];
}

function requestFaults(resource: CommunicationRequest): readonly string[] {
  const { status, subject, requester, sender, recipient = [], payload = [], extension } = resource;
  const recipients = recipient.flatMap((each) => each.reference ?? []);
  return [
    ...missing({ status, subject, requester, recipient: recipient.length > 0 }),
    ...optional('subject', subject, ['Patient']),
    ...optional('requester', requester, SENDERS),
    ...optional('sender', sender, SENDERS),
    ...recipient.flatMap((each) => reference('recipient', each, RECIPIENTS)),
    ...(new Set(recipients).size === recipients.length ? [] : ['recipient: one of them twice']),
    ...payload.flatMap(contentFaults),
    ...teamFaults(extension, SENDER_TEAM, 1),
  ];
}

function careTeamFaults(resource: CareTeam): readonly string[] {
  const { status, subject, name, managingOrganization: managing = [], participant = [] } = resource;
  const isAboutPatient = subject !== undefined;
  const members = isAboutPatient ? [...SENDERS, 'CareTeam'] : ['Practitioner'];
  return [
    ...missing({ status, participant: participant.length > 0 }),
    ...(isAboutPatient
      ? reference('subject', subject, ['Patient'])
      : missing({ name, managingOrganization: managing.length === 1 })),
    ...managing.flatMap((each) => reference('managingOrganization', each, ['Organization'])),
    ...participant.flatMap(({ member, onBehalfOf }) => [
      ...missing({ 'participant.member': member }),
      ...optional('participant.member', member, members),
      ...optional('participant.onBehalfOf', onBehalfOf, ['Organization']),
    ]),
  ];
}

function taskFaults(resource: Task, version: OzoVersion): readonly string[] {
  const { basedOn = [], status, intent, focus, owner } = resource;
  const owners = ['Practitioner', 'RelatedPerson', ...(version === 'ozo-0.9' ? ['Patient', 'CareTeam'] : [])];
  const threads = basedOn.flatMap((each) => each.reference ?? []);
  return [
    ...missing({ status, intent, for: resource.for, owner: owner?.reference }),
    ...optional('for', resource.for, ['Patient']),
    ...basedOn.flatMap((each) => target('basedOn', each, ['CommunicationRequest'])),
    ...(new Set(threads).size === threads.length ? [] : ['basedOn: one of them twice']),
    ...(focus === undefined ? [] : target('focus', focus, ['Communication'])),
    ...(owner === undefined ? [] : target('owner', owner, owners)),
  ];
}

function auditEventFaults(resource: AuditEvent, version: OzoVersion): readonly string[] {
  const { type, action, recorded, outcome, source } = resource;
  const types = [
    `${EVENT_TYPE}#rest`,
    `${LIFECYCLE}#transmit`,
    ...(version === 'ozo-0.9' ? [`${LIFECYCLE}#access`] : []),
  ];
  const isKnown = types.includes(`${type.system ?? ''}#${type.code ?? ''}`);
  return [
    ...(isKnown ? [] : ['type: not of the value set']),
    ...missing({ action, recorded, outcome, 'source.type': (source.type ?? []).length > 0 }),
    ...resource.agent.flatMap(({ who, extension }) => [
      ...missing({ 'agent.who': who }),
      ...(who === undefined ? [] : target('agent.who', who, ['Practitioner', 'RelatedPerson', 'Device'])),
      ...teamFaults(extension, AGENT_TEAM, version === 'ozo-0.9' ? 1 : 0),
    ]),
  ];
}

function missing(elements: Readonly<Record<string, unknown>>): readonly string[] {
  const absent = Object.entries(elements).filter(([, value]) => value === undefined || value === false);
  return absent.map(([name]) => `${name}: missing`);
}

function optional(name: string, value: Reference | undefined, types: readonly string[]): readonly string[] {
  return value === undefined ? [] : reference(name, value, types);
}

/** `reference 1..1`, `type 1..1`, and the same type in both. */
function reference(name: string, value: Reference, types: readonly string[]): readonly string[] {
  return [
    ...missing({ [`${name}.reference`]: value.reference, [`${name}.type`]: value.type }),
    ...(value.type === undefined || value.type === typeIn(value)
      ? []
      : [`${name}.type: not that of the reference`]),
    ...target(name, value, types),
  ];
}

/** A reference by identifier alone may be of any type. */
function target(name: string, value: Reference, types: readonly string[]): readonly string[] {
  const type = typeIn(value);
  return type === undefined || types.includes(type) ? [] : [`${name}: may not be a ${type}`];
}

/** That of a contained resource is taken from what the reference says. */
function typeIn({ reference: literal, type }: Reference): string | undefined {
  return literal?.startsWith('#') === true ? type : literal?.split('/').at(-2);
}

/** A text that is absent for a reason is there all the same. https://hl7.org/fhir/R4/datatypes.html#primitive */
function contentFaults(payload: CommunicationPayload): readonly string[] {
  const { contentString, _contentString: absent, contentAttachment } = payload;
  const isFilled = (contentString ?? absent ?? contentAttachment) !== undefined;
  return isFilled && payload.contentReference === undefined ? [] : ['payload: no text and no attachment'];
}

function teamFaults(extensions: readonly Extension[] = [], url: string, most: 0 | 1): readonly string[] {
  const teams = extensions.filter((each) => each.url === url);
  return [
    ...(teams.length > most ? [`${url}: more than ${most}`] : []),
    ...teams.flatMap(({ valueReference }) =>
      valueReference === undefined ? [`${url}: no reference`] : target(url, valueReference, ['CareTeam']),
    ),
  ];
}
