// A room that a user made inside a care team's space → the CommunicationRequest of the conversation.
import { URI_SYSTEM, type CareTeam, type CommunicationRequest } from '../../domain/fhir.ts';
import type { FhirReference, MatrixUserId, RoomId } from '../../domain/ids.ts';
import { roomRequestIdOf } from '../delivery-ids.ts';
import { mayReferTo, type FhirProfile } from '../fhir-profiles/fhir-profile.ts';
import { referTo, sameReference } from '../references.ts';
import type { ActualState } from '../room-changes.ts';
import { withSubjectLine, type RoomTemplates } from '../room-names.ts';

interface RoomStateEvent extends ActualState {
  readonly origin_server_ts?: unknown;
}

/** What the state of a room says. */
export interface RoomFacts {
  readonly isSpace: boolean;
  readonly isEncrypted: boolean;
  readonly creator: MatrixUserId | undefined;
  /** Milliseconds since the epoch. */
  readonly createdAt: number | undefined;
  readonly name: string | undefined;
  /** Who is in it or invited. */
  readonly members: readonly MatrixUserId[];
  readonly joined: ReadonlySet<string>;
  /** The room that it replaced. */
  readonly predecessor: string | undefined;
}

const URI_PREFIX = 'matrix:roomid/';
/** The year of a FHIR dateTime has four digits. https://hl7.org/fhir/R4/datatypes.html#dateTime */
const LATEST_DATE_TIME = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** Reads a room's state. */
export function readRoomFacts(state: readonly RoomStateEvent[]): RoomFacts {
  const find = (type: string): RoomStateEvent | undefined =>
    state.find((event) => event.type === type && event.state_key === '');
  const create = find('m.room.create');
  const name = find('m.room.name')?.content['name'];
  const memberships = state.filter(({ type }) => type === 'm.room.member');
  const inState = (...wanted: readonly unknown[]): MatrixUserId[] =>
    memberships
      .filter(({ content }) => wanted.includes(content['membership']))
      .map(({ state_key }) => state_key as MatrixUserId);
  return {
    isSpace: create?.content['type'] === 'm.space',
    isEncrypted: find('m.room.encryption') !== undefined,
    creator: create?.sender as MatrixUserId | undefined,
    createdAt: millisecondsIn(create?.origin_server_ts),
    name: typeof name === 'string' ? name : undefined,
    members: inState('join', 'invite'),
    joined: new Set(inState('join')),
    predecessor: predecessorIn(create?.content ?? {}),
  };
}

/**
 * The conversation that a user began by making a room. People whom the profile has no place for are left out: they are in
 * the room all the same.
 */
export function requestOfRoom(
  { roomId, facts }: { readonly roomId: RoomId; readonly facts: RoomFacts },
  team: { readonly reference: FhirReference | undefined; readonly careTeam: CareTeam },
  people: { readonly requester: FhirReference | undefined; readonly recipients: readonly FhirReference[] },
  { templates, profile }: { readonly templates: RoomTemplates; readonly profile: FhirProfile },
): CommunicationRequest & { id: string } {
  const subject = sameReference(team.careTeam.subject);
  const recipients = recipientsOf(people, profile);
  const request: CommunicationRequest & { id: string } = {
    resourceType: 'CommunicationRequest',
    id: roomRequestIdOf(roomId),
    identifier: [{ use: 'official', system: URI_SYSTEM, value: `${URI_PREFIX}${roomId.slice(1)}` }],
    status: 'active',
    ...(subject !== undefined && { subject }),
    ...(team.reference !== undefined && { about: [referTo(team.reference)] }),
    ...(facts.createdAt !== undefined && { authoredOn: new Date(facts.createdAt).toISOString() }),
    ...requesterOf(people.requester, facts.creator),
    ...(recipients.length > 0 && { recipient: recipients.map(referTo) }),
  };
  return { ...(withSubjectLine(request, facts.name ?? '', templates) ?? request), id: request.id };
}

/** Each once, and without the requester; but where a profile demands one and no one else is known, the requester alone. */
function recipientsOf(
  { requester, recipients }: Parameters<typeof requestOfRoom>[2],
  profile: FhirProfile,
): readonly FhirReference[] {
  const isAllowed = (reference: FhirReference) =>
    mayReferTo(profile, 'CommunicationRequest.recipient', reference);
  const others = new Set(recipients.filter((each) => each !== requester && isAllowed(each)));
  if (others.size > 0 || !profile.requestNeeds.includes('recipient')) return [...others];
  return requester !== undefined && isAllowed(requester) ? [requester] : [];
}

/** What a request lacks that the profile demands; undefined where it may be written. */
export function lackOf(
  request: CommunicationRequest,
  { requestNeeds }: Pick<FhirProfile, 'requestNeeds'>,
): FhirProfile['requestNeeds'][number] | undefined {
  const has = {
    subject: sameReference(request.subject)?.type === 'Patient',
    requester: sameReference(request.requester) !== undefined,
    recipient: (request.recipient ?? []).length > 0,
  };
  return requestNeeds.find((element) => !has[element]);
}

/** The room from which the bridge made this request; undefined if the conversation began on the FHIR side. */
export function roomOfRequest(request: CommunicationRequest): RoomId | undefined {
  const uri = request.identifier?.find(
    ({ system, value }) => system === URI_SYSTEM && value?.startsWith(URI_PREFIX) === true,
  )?.value;
  return uri === undefined ? undefined : (`!${uri.slice(URI_PREFIX.length)}` as RoomId);
}

function requesterOf(
  requester: FhirReference | undefined,
  creator: MatrixUserId | undefined,
): Pick<CommunicationRequest, 'requester'> {
  if (requester !== undefined) return { requester: referTo(requester) };
  if (creator === undefined) return {};
  // The same form as for messages of unknown senders: only the Matrix user id.
  return { requester: { identifier: { system: URI_SYSTEM, value: `matrix:u/${creator.slice(1)}` } } };
}

function millisecondsIn(value: unknown): number | undefined {
  return typeof value === 'number' && value >= 0 && value <= LATEST_DATE_TIME ? value : undefined;
}

/** The room that a room is to replace, by the content of its `m.room.create`. */
export function predecessorIn(create: Readonly<Record<string, unknown>>): string | undefined {
  const { predecessor } = create;
  if (typeof predecessor !== 'object' || predecessor === null || !('room_id' in predecessor))
    return undefined;
  return typeof predecessor.room_id === 'string' ? predecessor.room_id : undefined;
}
