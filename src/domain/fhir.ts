// The FHIR R4 shapes the bridge reads and writes, and the systems it puts into identifiers and tags.
import type {
  AuditEvent,
  CareTeam,
  Communication,
  CommunicationRequest,
  DocumentReference,
  FhirResource,
  Organization,
  Patient,
  Practitioner,
  PractitionerRole,
  Provenance,
  RelatedPerson,
  Task,
} from 'fhir/r4.js';
import { referenceTo, type FhirReference } from './ids.ts';

export type {
  AuditEvent,
  CareTeam,
  Communication,
  CommunicationRequest,
  DocumentReference,
  FhirResource,
  Organization,
  Patient,
  Practitioner,
  PractitionerRole,
  Provenance,
  RelatedPerson,
  Task,
};

/** The resources that can stand for a person (or an organisation that speaks) in a conversation. */
export type Person = Patient | Practitioner | PractitionerRole | RelatedPerson | Organization;

/** Their types. */
export const PEOPLE_TYPES = [
  'Practitioner',
  'PractitionerRole',
  'RelatedPerson',
  'Patient',
  'Organization',
] as const satisfies readonly Person['resourceType'][];

/** Whether resources of a type can stand for a person. */
export function isPersonType(resourceType: string): resourceType is Person['resourceType'] {
  return (PEOPLE_TYPES as readonly string[]).includes(resourceType);
}

/** Whether a resource can stand for a person. */
export function isPerson(resource: { readonly resourceType: string }): resource is Person {
  return isPersonType(resource.resourceType);
}

/** Resource types whose changes the bridge follows: structure and messages, then people. */
export const FOLLOWED_TYPES = ['CareTeam', 'CommunicationRequest', 'Communication', ...PEOPLE_TYPES] as const;
export type FollowedType = (typeof FOLLOWED_TYPES)[number];

/** Tells whether the bridge follows the changes of a type. */
export function isFollowedType(resourceType: string): resourceType is FollowedType {
  return (FOLLOWED_TYPES as readonly string[]).includes(resourceType);
}

/** Types by which platforms tell who has read what. They are watched where read state is carried. */
export const READ_REPORT_TYPES = ['Task', 'AuditEvent'] as const;
export type ReadReportType = (typeof READ_REPORT_TYPES)[number];

/** All types of which the FHIR server is asked what changed. */
export type WatchedType = FollowedType | ReadReportType;

/**
 * The types to watch.
 * @param withReadState whether read state is carried
 * @param withRequests whether conversations are CommunicationRequests on the server too
 */
export function watchedTypes(withReadState: boolean, withRequests = true): readonly WatchedType[] {
  const followed = FOLLOWED_TYPES.filter((type) => withRequests || type !== 'CommunicationRequest');
  return withReadState ? [...followed, ...READ_REPORT_TYPES] : followed;
}

/** A version of a resource: the key of the ledger. */
export interface ResourceVersion {
  readonly reference: FhirReference;
  readonly versionId: string;
  /** The server's stamp, an instant. */
  readonly lastUpdated: string;
}

/** A version as one text. A server that was restored gives its number again: the stamp tells the two apart. */
export function versionKeyOf({ reference, versionId, lastUpdated }: ResourceVersion): string {
  return `${reference}/${versionId}@${new Date(lastUpdated).toISOString()}`;
}

/** The stamp in such a text: milliseconds since the epoch; undefined where there is none. */
export function stampInVersionKey(key: string): number | undefined {
  const at = key.lastIndexOf('@');
  const ms = at < 0 ? Number.NaN : Date.parse(key.slice(at + 1));
  return Number.isNaN(ms) ? undefined : ms;
}

/**
 * Whether a server that now has one version of a resource can have had another before. Not where it is older, and not
 * where it counts no further: then the server gives its numbers again.
 */
export function canFollow(now: Omit<ResourceVersion, 'reference'>, before: ResourceVersion): boolean {
  const laterBy = Date.parse(now.lastUpdated) - Date.parse(before.lastUpdated);
  // Ids of versions may be any text: what is no number compares as false.
  return laterBy === 0 || (laterBy > 0 && !(Number(now.versionId) <= Number(before.versionId)));
}

/** The version of a resource as read. */
export function versionOf({
  resourceType,
  id,
  meta: { versionId, lastUpdated },
}: {
  readonly resourceType: string;
  readonly id: string;
  readonly meta: Pick<ResourceVersion, 'versionId' | 'lastUpdated'>;
}): ResourceVersion {
  return { reference: referenceTo(resourceType, id), versionId, lastUpdated };
}

/**
 * Identifier system of a Matrix event id in `Communication.identifier`, by the September 2025 guide.
 * https://github.com/nuts-foundation/toepassing-instante-communicatie/blob/main/hackathon_september_2025/HACKATHON_GUIDE.md
 */
export const EVENT_ID_SYSTEM = 'https://matrix.org/event-id';
/** Extension that names the system from which a Communication came, by the same guide. */
export const SOURCE_SYSTEM_EXTENSION = 'http://hl7.org/fhir/StructureDefinition/communication-source-system';
/**
 * Extension that names the organisation's team for which a conversation is begun, and from OZO 0.9.0 on a message sent.
 * https://github.com/ozoverbindzorg/integrale-netwerk-communicatie/blob/main/input/fsh/profiles/ozo-communicationrequest.fsh
 */
export const SENDER_TEAM_EXTENSION = 'http://ozoverbindzorg.nl/fhir/StructureDefinition/ozo-sender-careteam';
/** The extension of an AuditEvent's agent that names the team for which they acted. */
export const AGENT_TEAM_EXTENSION = 'http://ozoverbindzorg.nl/fhir/StructureDefinition/ozo-agent-careteam';
/** The sets of profiles that the bridge can write to. */
export const FHIR_PROFILE_NAMES = ['generic', 'ozo-0.7', 'ozo-0.9'] as const;
export type FhirProfileName = (typeof FHIR_PROFILE_NAMES)[number];
/** Identifier system of a URI: a Matrix user id stands in it as `matrix:u/localpart:server` (RFC 3986, MSC2312). */
export const URI_SYSTEM = 'urn:ietf:rfc:3986';
/** Tags on records of a kind that FHIR itself cannot tell from another, so that they come back as what they were. */
export const MESSAGE_KIND_SYSTEM = 'https://github.com/fhir-matrix-bridge/fhir/CodeSystem/message-kind';
/** Tags on records that need a person's eye: content that was lost on the way. */
export const RECORD_TAG_SYSTEM = 'https://github.com/fhir-matrix-bridge/fhir/CodeSystem/record';
/** Codes of the bridge's own Tasks. */
/** The roles of participants of a CareTeam that give power: `primary`, a lead. */
export const TEAM_ROLE_SYSTEM = 'https://github.com/fhir-matrix-bridge/fhir/CodeSystem/team-role';
export const TASK_CODE_SYSTEM = 'https://github.com/fhir-matrix-bridge/fhir/CodeSystem/task';
/** The code of the Task that says whether a party of a conversation has read its latest message. */
export const READ_STATE_CODE = 'read-state';
/**
 * The code of a Task that says whether its owner has read its focus, by Medplum.
 * https://github.com/medplum/medplum/blob/main/packages/docs/docs/communications/read-receipts-and-message-status.mdx
 */
export const READ_RECEIPT_CODE = 'read-receipt';
/** Its system. */
export const MEDPLUM_TASK_CODE_SYSTEM = 'https://medplum.com/task-codes';
/** The code of a Task by which the bridge tells that its focus, a Communication, did not reach its room. */
export const UNDELIVERED_TASK_CODE = 'message-not-delivered';
/** Why it did not. */
export const UNDELIVERED_REASON_SYSTEM =
  'https://github.com/fhir-matrix-bridge/fhir/CodeSystem/undelivered-reason';
/** Identifier system of the DocumentReferences that the bridge writes for the files of messages. */
export const DOCUMENT_IDENTIFIER_SYSTEM = 'https://github.com/fhir-matrix-bridge/fhir/NamingSystem/document';
/** Identifier system of the bridge's own Tasks. */
export const TASK_IDENTIFIER_SYSTEM = 'https://github.com/fhir-matrix-bridge/fhir/NamingSystem/task';

/** The code system of what happens to records; `access` is the code of an AuditEvent that says that one was read. */
export const LIFECYCLE_SYSTEM = 'http://terminology.hl7.org/CodeSystem/iso-21089-lifecycle';

/** Of the Provenances that the bridge writes: they have no identifiers, so each bears its own as a tag. */
export const PROVENANCE_ID_SYSTEM = 'https://github.com/fhir-matrix-bridge/fhir/NamingSystem/provenance';

/** Identifier system of the AuditEvents that the bridge writes; each bears its own as a tag. */
export const AUDIT_EVENT_ID_SYSTEM = 'https://github.com/fhir-matrix-bridge/fhir/NamingSystem/audit-event';
