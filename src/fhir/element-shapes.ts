// Which form the elements have that the bridge reads of resources, by FHIR R4: of what type, and whether one or a list.
import type {
  Annotation,
  Attachment,
  AuditEvent,
  CareTeam,
  CodeableConcept,
  Coding,
  Communication,
  CommunicationRequest,
  ContactPoint,
  DocumentReference,
  Extension,
  HumanName,
  Identifier,
  Meta,
  Organization,
  Patient,
  Period,
  Practitioner,
  PractitionerRole,
  Reference,
  RelatedPerson,
  Task,
} from 'fhir/r4.js';

/**
 * The form of a type: text, number or flag; a list of one form; or an object of which these elements are known. The compiler holds
 * it against the definitions of FHIR R4.
 */
export type ShapeOf<Type> = Type extends string
  ? 'text'
  : Type extends number
    ? 'number'
    : Type extends boolean
      ? 'flag'
      : Type extends readonly (infer Each)[]
        ? readonly [ShapeOf<Each>]
        : { readonly [Element in keyof Type]?: ShapeOf<NonNullable<Type[Element]>> };

/** Any form. */
export type Shape = 'text' | 'number' | 'flag' | readonly [Shape] | { readonly [element: string]: Shape };

const PERIOD: ShapeOf<Period> = { start: 'text', end: 'text' };
const CODING: ShapeOf<Coding> = { system: 'text', code: 'text', display: 'text' };
const CONCEPT: ShapeOf<CodeableConcept> = { coding: [CODING], text: 'text' };
const IDENTIFIER: ShapeOf<Identifier> = {
  ...{ use: 'text', type: CONCEPT, system: 'text', value: 'text', period: PERIOD },
};
const REFERENCE: ShapeOf<Reference> = {
  ...{ reference: 'text', type: 'text', display: 'text', identifier: IDENTIFIER },
};
const INNER_EXTENSION: ShapeOf<Extension> = { url: 'text', valueString: 'text', valueReference: REFERENCE };
const EXTENSION: ShapeOf<Extension> = {
  ...{ url: 'text', valueString: 'text', valueCode: 'text', valueUri: 'text', valueDateTime: 'text' },
  ...{ valueDecimal: 'number', valuePositiveInt: 'number' },
  ...{ valueCodeableConcept: CONCEPT, valueIdentifier: IDENTIFIER, valueReference: REFERENCE },
  extension: [INNER_EXTENSION],
};
const META: ShapeOf<Meta> = { tag: [CODING], security: [CODING], profile: ['text'] };
const CONTACT: ShapeOf<ContactPoint> = {
  ...{ system: 'text', value: 'text', use: 'text', rank: 'number', period: PERIOD, extension: [EXTENSION] },
};
const NAME: ShapeOf<HumanName> = {
  ...{ use: 'text', text: 'text', family: 'text', given: ['text'], prefix: ['text'], suffix: ['text'] },
  period: PERIOD,
};
const ATTACHMENT: ShapeOf<Attachment> = {
  ...{ contentType: 'text', data: 'text', url: 'text', title: 'text', hash: 'text', size: 'number' },
  ...{ creation: 'text', extension: [EXTENSION] },
};
const ANNOTATION: ShapeOf<Annotation> = {
  ...{ id: 'text', authorReference: REFERENCE, authorString: 'text', time: 'text', text: 'text' },
};

const COMMON = { meta: META, extension: [EXTENSION], identifier: [IDENTIFIER] } as const;
const PERSON = { ...COMMON, active: 'flag', name: [NAME], telecom: [CONTACT], photo: [ATTACHMENT] } as const;

const practitioner: ShapeOf<Practitioner> = { ...PERSON, qualification: [{ code: CONCEPT, period: PERIOD }] };
const patient: ShapeOf<Patient> = { ...PERSON, birthDate: 'text', generalPractitioner: [REFERENCE] };
const relatedPerson: ShapeOf<RelatedPerson> = {
  ...{ ...PERSON, patient: REFERENCE, relationship: [CONCEPT], period: PERIOD },
};
const practitionerRole: ShapeOf<PractitionerRole> = {
  ...{ ...COMMON, active: 'flag', period: PERIOD, practitioner: REFERENCE, organization: REFERENCE },
  ...{ code: [CONCEPT], specialty: [CONCEPT], telecom: [CONTACT], endpoint: [REFERENCE] },
};
const organization: ShapeOf<Organization> = {
  ...{ ...COMMON, active: 'flag', name: 'text', alias: ['text'], telecom: [CONTACT], partOf: REFERENCE },
  endpoint: [REFERENCE],
};
const careTeam: ShapeOf<CareTeam> = {
  ...{ ...COMMON, status: 'text', name: 'text', subject: REFERENCE, period: PERIOD, category: [CONCEPT] },
  ...{ managingOrganization: [REFERENCE], reasonCode: [CONCEPT], note: [ANNOTATION] },
  participant: [{ role: [CONCEPT], member: REFERENCE, onBehalfOf: REFERENCE, period: PERIOD }],
};
const payload = [
  { contentString: 'text', contentAttachment: ATTACHMENT, contentReference: REFERENCE },
] as const;
const communicationRequest: ShapeOf<CommunicationRequest> = {
  ...{ ...COMMON, status: 'text', subject: REFERENCE, about: [REFERENCE], basedOn: [REFERENCE] },
  ...{ requester: REFERENCE, sender: REFERENCE, recipient: [REFERENCE], authoredOn: 'text', payload },
  ...{ category: [CONCEPT], reasonCode: [CONCEPT], priority: 'text', occurrencePeriod: PERIOD },
  ...{ groupIdentifier: IDENTIFIER, replaces: [REFERENCE], note: [ANNOTATION] },
};
const communication: ShapeOf<Communication> = {
  ...{ ...COMMON, status: 'text', subject: REFERENCE, about: [REFERENCE], basedOn: [REFERENCE] },
  ...{ partOf: [REFERENCE], inResponseTo: [REFERENCE], sender: REFERENCE, recipient: [REFERENCE], payload },
  ...{ sent: 'text', received: 'text', topic: CONCEPT, category: [CONCEPT], reasonCode: [CONCEPT] },
  ...{ statusReason: CONCEPT, priority: 'text', note: [ANNOTATION] },
};
const task: ShapeOf<Task> = {
  ...{ ...COMMON, status: 'text', intent: 'text', code: CONCEPT, description: 'text', focus: REFERENCE },
  ...{ for: REFERENCE, owner: REFERENCE, requester: REFERENCE, basedOn: [REFERENCE], partOf: [REFERENCE] },
  ...{ statusReason: CONCEPT, executionPeriod: PERIOD, authoredOn: 'text', lastModified: 'text' },
  input: [{ type: CONCEPT, valueString: 'text', valueReference: REFERENCE }],
  output: [{ type: CONCEPT, valueString: 'text', valueReference: REFERENCE }],
};
const auditEvent: ShapeOf<AuditEvent> = {
  ...{ meta: META, type: CODING, subtype: [CODING], action: 'text', recorded: 'text' },
  agent: [{ who: REFERENCE, requestor: 'flag', type: CONCEPT, role: [CONCEPT] }],
  entity: [{ what: REFERENCE, type: CODING, role: CODING }],
};
const documentReference: ShapeOf<DocumentReference> = {
  ...{ ...COMMON, status: 'text', subject: REFERENCE, date: 'text', author: [REFERENCE] },
  content: [{ attachment: ATTACHMENT }],
};

/** By the type of the resource. */
export const SHAPES: ReadonlyMap<string, Shape> = new Map<string, Shape>([
  ['Practitioner', practitioner],
  ['PractitionerRole', practitionerRole],
  ['RelatedPerson', relatedPerson],
  ['Patient', patient],
  ['Organization', organization],
  ['CareTeam', careTeam],
  ['CommunicationRequest', communicationRequest],
  ['Communication', communication],
  ['Task', task],
  ['AuditEvent', auditEvent],
  ['DocumentReference', documentReference],
]);
