// A CareTeam changed → its space is brought to what the team says.
import { isDeepStrictEqual } from 'node:util';
import type { CareTeam } from '../domain/fhir.ts';
import type { FhirReference, RoomId } from '../domain/ids.ts';
import { parseReference } from '../domain/ids.ts';
import { desiredSpace, spaceChild } from '../mapping/desired-room.ts';
import { participantsOf } from '../mapping/fhir-to-matrix/participants.ts';
import type { Outcome } from '../inbox/item.ts';
import type { Bridge } from './bridge.ts';
import { convergeRoom } from './converge-room.ts';
import { membersOf } from './people.ts';

/** Statuses in which a team has no space yet, or never. A missing status counts as active. */
const WITHOUT_SPACE: ReadonlySet<string | undefined> = new Set(['proposed', 'inactive', 'entered-in-error']);

/**
 * Handles a changed CareTeam.
 * @param convergeConversation brings a conversation up to date: those of the same subject that were waiting for a space
 */
export async function careTeamToSpace(
  bridge: Bridge,
  reference: FhirReference,
  convergeConversation: (reference: FhirReference, signal: AbortSignal) => Promise<unknown>,
  signal: AbortSignal,
): Promise<Outcome> {
  const careTeam = await bridge.fhir.read(reference, signal);
  if (careTeam?.resourceType !== 'CareTeam') return { kind: 'ignored', reason: 'gone' };
  if ((await ensureSpace(bridge, careTeam, reference, signal)) === undefined) {
    return { kind: 'ignored', reason: 'status' };
  }
  const subject = parseReference(careTeam.subject?.reference)?.reference;
  if (subject !== undefined) {
    const waiting = await bridge.store.rooms.findUnlinkedConversations(bridge.db, subject);
    for (const conversation of waiting) await convergeConversation(conversation, signal);
  }
  return { kind: 'done', record: (tx) => bridge.store.rooms.saveReady(tx, reference) };
}

/** The space of a team, made or brought up to date; undefined when the team is to have none. */
export async function ensureSpace(
  bridge: Bridge,
  careTeam: CareTeam,
  reference: FhirReference,
  signal: AbortSignal,
): Promise<RoomId | undefined> {
  if (WITHOUT_SPACE.has(careTeam.status)) return undefined;
  const members = await membersOf(bridge, participantsOf(careTeam, bridge.clock.now().getTime()), signal);
  const { bot, roomVersion, roomNames } = bridge.settings;
  return convergeRoom(
    bridge,
    desiredSpace(reference, members, { bot, roomVersion, names: roomNames }),
    signal,
  );
}

/** Lists a room in a space, unless it is listed so already. */
export async function linkToSpace(
  { homeserver, settings }: Bridge,
  space: RoomId,
  room: RoomId,
  signal: AbortSignal,
): Promise<void> {
  const child = spaceChild(room, settings.serverName);
  const actual = await homeserver.stateEvent(settings.bot, space, child, signal);
  if (!isDeepStrictEqual(actual, child.content))
    await homeserver.putState(settings.bot, space, child, signal);
}
