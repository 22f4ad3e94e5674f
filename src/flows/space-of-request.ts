// In which space a conversation stands: of a team that its request names, else of its subject's team.
import type { CareTeam, CommunicationRequest } from '../domain/fhir.ts';
import type { FhirReference, RoomId } from '../domain/ids.ts';
import { parseReference, referenceTo } from '../domain/ids.ts';
import { careTeamsNamedBy } from '../mapping/fhir-to-matrix/participants.ts';
import { wantedForCareTeam } from '../mapping/phases.ts';
import type { StoredResource } from '../fhir/server.ts';
import type { Bridge } from './bridge.ts';
import { convergeSpace } from './care-team-to-space.ts';

/** The most care teams of one patient that are looked at. */
export const TEAMS_PER_SUBJECT = 100;

/** A team's space. */
export interface Space {
  readonly careTeam: FhirReference;
  readonly roomId: RoomId;
}

/**
 * The space a conversation belongs to, made if it is not there: of a team that the request names, else of the subject's
 * team. Where the subject has several, the one with the lowest id, so that every replica and every run agree.
 */
export async function ensureSpaceOf(
  bridge: Bridge,
  request: CommunicationRequest,
  signal: AbortSignal,
): Promise<Space | undefined> {
  for (const careTeam of await careTeamsOf(bridge, request, signal)) {
    const room = await bridge.store.rooms.findRoom(bridge.db, careTeam);
    if (room?.ready === true && room.roomId !== undefined) return { careTeam, roomId: room.roomId };
    const made = await convergeSpace(bridge, careTeam, signal);
    if (made !== undefined) return { careTeam, roomId: made.roomId };
  }
  return undefined;
}

/** The same, of what is there already. */
export async function findSpaceOf(
  bridge: Bridge,
  request: CommunicationRequest,
  signal: AbortSignal,
): Promise<Space | undefined> {
  for (const careTeam of await careTeamsOf(bridge, request, signal)) {
    const room = await bridge.store.rooms.findRoom(bridge.db, careTeam);
    if (room?.roomId !== undefined) return { careTeam, roomId: room.roomId };
  }
  return undefined;
}

/** The teams whose space it may be, best first: those that are not closed. */
async function careTeamsOf(
  bridge: Bridge,
  request: CommunicationRequest,
  signal: AbortSignal,
): Promise<readonly FhirReference[]> {
  const named = [...careTeamsNamedBy(request)];
  const subject = parseReference(request.subject?.reference)?.reference;
  const { resources } =
    subject === undefined
      ? { resources: [] }
      : await bridge.fhir.search('CareTeam', [['subject', subject]], TEAMS_PER_SUBJECT, signal);
  const ofSubject = (resources as readonly StoredResource<CareTeam>[])
    .filter(({ status }) => wantedForCareTeam(status).phase !== 'closed')
    .map(({ id }) => referenceTo('CareTeam', id))
    .sort();
  // Teams without the subject (a clinic's own) come last: the conversation is about the subject.
  const candidates = new Set([...named.filter((team) => ofSubject.includes(team)), ...ofSubject, ...named]);
  return [...candidates];
}
