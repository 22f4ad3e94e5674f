// A ghost came into a room of another organisation, whose patient is known → one's own FHIR server has a conversation for it.
import type { CareTeam, ResourceVersion } from '../../domain/fhir.ts';
import { referenceTo, type FhirReference, type MatrixUserId, type RoomId } from '../../domain/ids.ts';
import type { MatrixEvent } from '../../domain/matrix.ts';
import { mayReferTo } from '../../mapping/fhir-profiles/fhir-profile.ts';
import { momentOf, withMember } from '../../mapping/matrix-to-fhir/membership.ts';
import {
  lackOf,
  readRoomFacts,
  requestOfRoom,
  type RoomFacts,
} from '../../mapping/matrix-to-fhir/room-request.ts';
import { wantedForCareTeam } from '../../mapping/phases.ts';
import type { StoredResource } from '../../fhir/server.ts';
import type { Attempt } from '../../inbox/item.ts';
import type { Bridge } from '../bridge.ts';
import { createReadSet } from '../people/read-set.ts';
import { personOf, type Recognising } from '../people/who-is.ts';

/** The invitation of a ghost. */
interface Invitation extends Pick<MatrixEvent, 'event_id' | 'room_id'> {
  readonly state_key: MatrixUserId;
}

/** Who was invited, and about whom the room is. */
interface Received {
  readonly person: FhirReference;
  readonly subject: FhirReference;
}

/** The conversation that one's own server has now. */
interface Filed {
  readonly version: ResourceVersion;
  /** What was done to it; undefined where it was so already. */
  readonly what: 'resource-created' | 'resource-changed' | undefined;
}

/**
 * Writes the CommunicationRequest by which what is said in the room is filed: about the patient and a team of theirs, by who
 * made the room, to the person who was invited. May be repeated; a second person of the same room becomes a recipient more.
 * @returns the conversation; undefined for a space, for a room that cannot be read, and where the profile demands
 * what is not known
 */
export async function receiveConversation(
  bridge: Bridge,
  { room_id: roomId, state_key: ghost, event_id: invitation }: Invitation,
  received: Received,
  { number, inDoubt, signal }: Attempt,
): Promise<Filed | undefined> {
  const { db, store, homeserver, fhir, settings, log } = bridge;
  const facts = readRoomFacts(await homeserver.roomState(ghost, roomId, signal));
  if (facts.isSpace || facts.isEncrypted) return undefined;
  const request = requestFor(
    bridge,
    { roomId, facts },
    { ...received, requester: await requesterOf(bridge, facts, signal) },
    await teamAbout(bridge, received.subject, signal),
  );
  const lack = lackOf(request, settings.profile);
  if (lack !== undefined) {
    log.warn(
      { lack, roomId },
      'A room of another organisation is not filed: the profile demands what is not known',
    );
    return undefined;
  }
  const known = await store.invitations.findReceivedIn(db, roomId);
  // Before it is written: who sees it first must know that its room is of others.
  const own = referenceTo('CommunicationRequest', request.id);
  if (settings.idStrategy === 'client-assigned') await store.invitations.saveRequest(db, invitation, own);
  const isRepeated = number > 1 || inDoubt;
  const version = await fhir.createOnce(request, { mayExist: true, signal });
  await store.invitations.saveRequest(db, invitation, version.reference);
  const changed = await addRecipient(bridge, version.reference, received.person, signal);
  if (changed !== undefined) return { version: changed, what: 'resource-changed' };
  // An attempt before this one may have written it.
  return { version, what: known === undefined || isRepeated ? 'resource-created' : undefined };
}

interface Team {
  readonly reference: FhirReference;
  readonly careTeam: CareTeam;
}

/** A room about a patient without a team is one about them all the same. */
function requestFor(
  { settings }: Bridge,
  room: { readonly roomId: RoomId; readonly facts: RoomFacts },
  { person, subject, requester }: Received & { readonly requester: FhirReference | undefined },
  team: Team | undefined,
) {
  return requestOfRoom(
    // Its name was given elsewhere, and may hold anything.
    { ...room, facts: { ...room.facts, name: undefined } },
    { reference: team?.reference, careTeam: { resourceType: 'CareTeam', subject: { reference: subject } } },
    { requester, recipients: [person] },
    { templates: settings.roomTemplates, profile: settings.profile },
  );
}

/** Who made the room, where FHIR knows them; where the profile demands one, the operator's placeholder for all others. */
async function requesterOf(
  recognising: Recognising,
  { creator }: RoomFacts,
  signal: AbortSignal,
): Promise<FhirReference | undefined> {
  const { profile, unknownSender } = recognising.settings;
  const maker = creator === undefined ? undefined : await personOf(recognising, creator, undefined, signal);
  if (maker !== undefined && mayReferTo(profile, 'CommunicationRequest.requester', maker)) return maker;
  const isDemanded = profile.requestNeeds.includes('requester');
  return isDemanded && unknownSender.as === 'placeholder' ? unknownSender.reference : undefined;
}

/** The patient's team with the lowest id, as with conversations that name none. */
async function teamAbout(
  { fhir }: Pick<Bridge, 'fhir'>,
  subject: FhirReference,
  signal: AbortSignal,
): Promise<Team | undefined> {
  const teams = await createReadSet(fhir, signal).teamsOf(subject);
  const [first] = teams
    .filter(({ status }) => wantedForCareTeam(status).phase !== 'closed')
    .map((careTeam) => ({ reference: referenceTo('CareTeam', careTeam.id), careTeam }))
    .toSorted((a, b) => (a.reference < b.reference ? -1 : 1));
  return first;
}

async function addRecipient(
  { fhir, clock }: Pick<Bridge, 'clock' | 'fhir'>,
  reference: FhirReference,
  person: FhirReference,
  signal: AbortSignal,
): Promise<ResourceVersion | undefined> {
  const before = await fhir.read(reference, signal);
  if (before?.resourceType !== 'CommunicationRequest') return undefined;
  const now = clock.now().getTime();
  const after = withMember(before, { reference: person, all: new Set([person]) }, momentOf(now, now));
  if (after === undefined) return undefined;
  const updated: StoredResource = { ...after, id: before.id, meta: before.meta };
  return fhir.update(updated, signal);
}
