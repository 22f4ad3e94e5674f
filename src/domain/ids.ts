// Branded identifiers of both worlds, so that no id of one kind can be passed for another.

declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

/** `@localpart:server`. https://spec.matrix.org/v1.19/appendices/#user-identifiers */
export type MatrixUserId = Branded<'MatrixUserId'>;
/** `!opaque:server`, or `!hash` from room version 12 on. Opaque: never parse a server name from it. */
export type RoomId = Branded<'RoomId'>;
/** `$opaque`. */
export type EventId = Branded<'EventId'>;
/** `#localpart:server`. */
export type RoomAlias = Branded<'RoomAlias'>;
/** `mxc://server/id`: a file in a media repository. https://spec.matrix.org/v1.19/client-server-api/#matrix-content-mxc-uris */
export type MxcUri = Branded<'MxcUri'>;
/** The txnId of `PUT /rooms/{roomId}/send/{type}/{txnId}`; unique in the whole appservice. */
export type DeliveryId = Branded<'DeliveryId'>;
/** A relative literal reference, `Type/id`. https://hl7.org/fhir/R4/references.html#literal */
export type FhirReference = Branded<'FhirReference'>;

/** The roles held in an organisation, whoever holds them: `PractitionerRole?organization=Organization/id`. */
export type StaffOf = Branded<'StaffOf'>;
/** What a room's desired state may depend on. */
export type Dependency = FhirReference | StaffOf;

const MATRIX_USER_ID = /^@[!-9;-~]+:[A-Za-z0-9.\-:[\]]+$/;
const EVENT_ID = /^\$[!-~]{1,254}$/;
// In the path of a URL, `.` and `..` would lead elsewhere.
const MXC_URI = /^mxc:\/\/(?!\.{1,2}\/)[A-Za-z0-9.\-:[\]]{1,255}\/[A-Za-z0-9_-]{1,255}$/;
const FHIR_ID = /^(?!\.{1,2}$)[A-Za-z0-9\-.]{1,64}$/;
const REFERENCE =
  /^([A-Z][A-Za-z]+)\/((?!\.{1,2}(?:\/|$))[A-Za-z0-9\-.]{1,64})(?:\/_history\/[A-Za-z0-9\-.]{1,64})?$/;

/** Tells whether `value` has the form of a Matrix user id of at most 255 bytes. */
export function isMatrixUserId(value: string): value is MatrixUserId {
  return value.length <= 255 && MATRIX_USER_ID.test(value);
}

/** Tells whether `value` has the form of an event id of at most 255 bytes. */
export function isEventId(value: unknown): value is EventId {
  return typeof value === 'string' && EVENT_ID.test(value);
}

/** Tells whether `value` has the form of the URI of a file in a media repository. */
export function isMxcUri(value: unknown): value is MxcUri {
  return typeof value === 'string' && MXC_URI.test(value);
}

/** Tells whether `value` may be a resource's logical id (FHIR R4 datatype `id`), and can stand in a URL. */
export function isFhirId(value: string): boolean {
  return FHIR_ID.test(value);
}

/** The server name of a Matrix user id: all that follows the first colon. */
export function serverNameOf(userId: MatrixUserId): string {
  return userId.slice(userId.indexOf(':') + 1);
}

/**
 * The reference `Type/id` of a resource.
 * @throws TypeError when `id` is no FHIR id
 */
export function referenceTo(resourceType: string, id: string): FhirReference {
  if (!isFhirId(id))
    throw new TypeError(`Expected a FHIR id (1-64 of A-Z a-z 0-9 - .) for a ${resourceType}`);
  return `${resourceType}/${id}` as FhirReference;
}

/** A literal reference that was read. */
interface ParsedReference {
  readonly resourceType: string;
  readonly id: string;
  readonly reference: FhirReference;
}

/**
 * Reads a literal reference to a resource of the server on which it stands: a relative one, as all are made that stand below its base
 * (`withOwnReferences`); of a version-specific one the version is dropped.
 * @returns undefined for references to other servers, contained (`#id`), `urn:` and malformed ones
 */
export function parseReference(reference: string | undefined): ParsedReference | undefined {
  const match = reference === undefined ? null : REFERENCE.exec(reference);
  const [, resourceType, id] = match ?? [];
  if (resourceType === undefined || id === undefined) return undefined;
  return { resourceType, id, reference: referenceTo(resourceType, id) };
}

/** Reads what a URL ends with, as a reference; for URLs that a server gives of its own resources, whatever its base. */
export function parseResourceUrl(url: string | undefined): ParsedReference | undefined {
  const path = /^(?:https?:\/\/.+\/|\/)?([A-Z][A-Za-z]+\/[^/]+(?:\/_history\/[^/]+)?)$/.exec(url ?? '')?.[1];
  return parseReference(path);
}

/** The roles held in an organisation, as something that a room may depend on. */
export function staffOf(organization: FhirReference): StaffOf {
  return `PractitionerRole?organization=${organization}` as StaffOf;
}

/** Tells whether a room depends on roles held in an organisation, and not on one resource. */
export function isStaffOf(dependency: Dependency): dependency is StaffOf {
  return dependency.includes('?');
}

/** The logical id in a `Type/id` reference. */
export function idOf(reference: FhirReference): string {
  return reference.slice(reference.indexOf('/') + 1);
}

/** The resource type in a `Type/id` reference. */
export function typeOf(reference: FhirReference): string {
  return reference.slice(0, reference.indexOf('/'));
}

/** Tells whether a reference is to a resource that has a space or room. */
export function isStructure(reference: FhirReference): boolean {
  return ['CareTeam', 'CommunicationRequest'].includes(typeOf(reference));
}
