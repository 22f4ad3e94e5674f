// In which space a conversation stands: of a team that its request names, else of its subject's team.
import type { CareTeam, CommunicationRequest } from '../../domain/fhir.ts';
import type { FhirReference, RoomId } from '../../domain/ids.ts';
import { parseReference, referenceTo } from '../../domain/ids.ts';
import { careTeamsNamedBy } from '../../mapping/fhir-to-matrix/participants.ts';
import { wantedForCareTeam } from '../../mapping/phases.ts';
import type { StoredResource } from '../../fhir/server.ts';
import type { RoomRow } from '../../store/rooms.ts';
import type { Bridge } from '../bridge.ts';
import { ensureSpace } from './care-team-to-space.ts';

/** The most care teams of one patient that are looked at. */
export const TEAMS_PER_SUBJECT = 100;

/** A team's space. */
export interface Space {
  readonly careTeam: StoredResource<CareTeam>;
  readonly reference: FhirReference;
  readonly roomId: RoomId;
}

/** Where a conversation stands. */
export interface Standing {
  /** None while no team of the subject has a space. */
  readonly space: Space | undefined;
  /** The teams by which this was decided, with the stamps of their versions as read: a change of one may move it. */
  readonly stamps: ReadonlyMap<FhirReference, string | undefined>;
}

/** A conversation whose space is looked for. */
export interface Placed {
  readonly request: CommunicationRequest;
  /** Its row, if it has one. */
  readonly row: Pick<RoomRow, 'careTeam'> | undefined;
}

/**
 * The space a conversation belongs to, made if it is not there: of a team about the subject that the request names, else
 * the one where it stands already, else of the subject's team with the lowest id, else of any team that the request names.
 * A team that is over has no conversations.
 */
export async function ensureSpaceOf(bridge: Bridge, placed: Placed, signal: AbortSignal): Promise<Standing> {
  return standingIn(bridge, placed, signal, (careTeam) => ensureSpace(bridge, careTeam, signal));
}

/** The same, of what is there already. */
export async function findSpaceOf(bridge: Bridge, placed: Placed, signal: AbortSignal): Promise<Standing> {
  return standingIn(
    bridge,
    placed,
    signal,
    async (careTeam) => (await bridge.store.rooms.findRoom(bridge.db, careTeam))?.roomId,
  );
}

/** @param spaceOf the space of a team, if it has one */
async function standingIn(
  { fhir }: Bridge,
  { request, row }: Placed,
  signal: AbortSignal,
  spaceOf: (careTeam: FhirReference) => Promise<RoomId | undefined>,
): Promise<Standing> {
  const named = careTeamsNamedBy(request);
  const subject = parseReference(request.subject?.reference)?.reference;
  const ofSubject = await teamsOf(fhir, subject, signal);
  const others = named.filter((careTeam) => !ofSubject.has(careTeam));
  const teams = new Map([...ofSubject, ...(others.length > 0 ? await fhir.readMany(others, signal) : [])]);
  const stampOf = (careTeam: FhirReference): string | undefined => teams.get(careTeam)?.meta.lastUpdated;
  const stamps = new Map(named.map((careTeam) => [careTeam, stampOf(careTeam)]));
  for (const reference of inOrder({ named, ofSubject: [...ofSubject.keys()], current: row?.careTeam })) {
    const careTeam = teams.get(reference);
    if (careTeam?.resourceType !== 'CareTeam') continue;
    if (wantedForCareTeam(careTeam.status).phase === 'closed') continue;
    const roomId = await spaceOf(reference);
    if (roomId === undefined) continue;
    stamps.set(reference, stampOf(reference));
    return { space: { careTeam, reference, roomId }, stamps };
  }
  return { space: undefined, stamps };
}

/** Teams without the subject (a clinic's own) come last: the conversation is about the subject. */
function inOrder({
  named,
  ofSubject,
  current,
}: {
  readonly named: readonly FhirReference[];
  readonly ofSubject: readonly FhirReference[];
  readonly current: FhirReference | undefined;
}): ReadonlySet<FhirReference> {
  const isOfSubject = new Set(ofSubject);
  const isCandidate = current !== undefined && (isOfSubject.has(current) || named.includes(current));
  return new Set([
    ...named.filter((careTeam) => isOfSubject.has(careTeam)),
    // Where it stands it stays: people look for a conversation where they left it.
    ...(isCandidate ? [current] : []),
    ...ofSubject.toSorted(),
    ...named,
  ]);
}

async function teamsOf(
  fhir: Bridge['fhir'],
  subject: FhirReference | undefined,
  signal: AbortSignal,
): Promise<ReadonlyMap<FhirReference, StoredResource>> {
  if (subject === undefined) return new Map();
  const { resources } = await fhir.search('CareTeam', [['subject', subject]], TEAMS_PER_SUBJECT, signal);
  return new Map(resources.map((resource) => [referenceTo('CareTeam', resource.id), resource]));
}
