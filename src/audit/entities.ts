// What it happened to: the resource, its conversation, the patient, the member, the question. Never what people wrote.
import type { AuditEventEntity, AuditEventEntityDetail } from 'fhir/r4.js';
import type { Agent, Fact, FactSubject, Question } from '../domain/facts.ts';
import { typeOf, type EventId, type FhirReference } from '../domain/ids.ts';
import { ENTITY_ROLES, ENTITY_TYPES, LOGICAL_DELETION, resourceTypeCoding } from './codes.ts';
import { personReference, resourceReference } from './references.ts';
import type { AuditSettings } from './settings.ts';

/** The entities of a fact. IHE BALP wants one System Object and one Patient at most: other resources bear their own type. */
export function entitiesOf(fact: Fact, settings: Pick<AuditSettings, 'profile'>): AuditEventEntity[] {
  return [...dataOf(fact, settings), ...conversationOf(fact), ...patientOf(fact), ...othersOf(fact)];
}

function othersOf(fact: Fact): readonly AuditEventEntity[] {
  switch (fact.kind) {
    case 'joined':
    case 'left':
    case 'level-changed':
      return [personEntity(fact.member)];
    case 'looked-up':
      return [...foundEntities(fact.found), queryEntity(fact.question)];
    case 'operated':
      return fact.target === undefined ? [] : [targetEntity(fact.target)];
    default:
      return [];
  }
}

function dataOf(fact: Fact, { profile }: Pick<AuditSettings, 'profile'>): readonly AuditEventEntity[] {
  const { on } = fact;
  if (on === undefined || typeOf(on.reference) === 'Patient') return [];
  const detail = detailOf(fact);
  return [
    {
      what: resourceReference(on, eventOf(fact)),
      type: profile === 'ozo' ? resourceTypeCoding(typeOf(on.reference)) : ENTITY_TYPES.systemObject,
      role: ENTITY_ROLES.domainResource,
      ...(fact.kind === 'retracted' && { lifecycle: LOGICAL_DELETION }),
      ...(detail.length > 0 && { detail }),
    },
  ];
}

function eventOf(fact: Fact): EventId | undefined {
  return 'eventId' in fact ? fact.eventId : undefined;
}

function detailOf(fact: Fact): AuditEventEntityDetail[] {
  const values: readonly (readonly [string, string | number | undefined])[] = [
    ['happened-at', instantOf(fact.at)],
    ['room-id', 'roomId' in fact ? fact.roomId : undefined],
    ['event-id', eventOf(fact)],
    ['membership', fact.kind === 'joined' ? 'join' : fact.kind === 'left' ? 'leave' : undefined],
    ['former-level', 'formerLevel' in fact ? fact.formerLevel : undefined],
    ['level', 'level' in fact ? fact.level : undefined],
  ];
  return values.flatMap(([type, value]) =>
    value === undefined ? [] : [{ type, valueString: String(value) }],
  );
}

/** The latest time that a Date can hold. https://tc39.es/ecma262/#sec-time-values-and-time-range */
const LATEST_MS = 8.64e15;

function instantOf(ms: number | undefined): string | undefined {
  return ms === undefined || !(Math.abs(ms) <= LATEST_MS) ? undefined : new Date(ms).toISOString();
}

function conversationOf(fact: Fact): readonly AuditEventEntity[] {
  return 'conversation' in fact && fact.conversation !== undefined ? [resourceEntity(fact.conversation)] : [];
}

function resourceEntity(subject: FactSubject): AuditEventEntity {
  return {
    what: resourceReference(subject),
    type: resourceTypeCoding(typeOf(subject.reference)),
    role: ENTITY_ROLES.domainResource,
  };
}

function patientOf({ subject, on }: Fact): readonly AuditEventEntity[] {
  const patients = [on?.reference, subject].filter(isPatient);
  return [...new Set(patients)].slice(0, 1).map((reference) => ({
    what: { reference, type: 'Patient' },
    type: ENTITY_TYPES.person,
    role: ENTITY_ROLES.patient,
  }));
}

function isPatient(reference: FhirReference | undefined): reference is FhirReference {
  return reference !== undefined && typeOf(reference) === 'Patient';
}

/** Who was found by a look-up; a Patient is an entity already. */
function foundEntities(found: Agent | undefined): readonly AuditEventEntity[] {
  return found === undefined || isPatient(found.person) ? [] : [personEntity(found)];
}

function personEntity(agent: Agent): AuditEventEntity {
  const what = personReference(agent);
  const isProfessional = agent.person !== undefined && typeOf(agent.person).startsWith('Practitioner');
  return {
    ...(what !== undefined && { what }),
    type: agent.person === undefined ? ENTITY_TYPES.other : resourceTypeCoding(typeOf(agent.person)),
    role: isProfessional ? ENTITY_ROLES.practitioner : ENTITY_ROLES.user,
  };
}

/** The question in the form of a query, in base64 as FHIR wants it; of an address only the keyed hash. */
function queryEntity({ action, medium, hash }: Question): AuditEventEntity {
  const query = new URLSearchParams({
    action,
    ...(medium !== undefined && { medium }),
    ...(hash !== undefined && { hash }),
  });
  return {
    type: ENTITY_TYPES.systemObject,
    role: ENTITY_ROLES.query,
    query: Buffer.from(query.toString()).toString('base64'),
  };
}

function targetEntity(target: string): AuditEventEntity {
  return { what: { identifier: { value: target } }, type: ENTITY_TYPES.other, role: ENTITY_ROLES.job };
}
