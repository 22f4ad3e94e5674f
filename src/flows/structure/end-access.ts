// A space or room whose resource is gone → its members may only read, or are removed. What it is like besides stays as it is.
import { typeOf, type FhirReference, type RoomId } from '../../domain/ids.ts';
import type { DesiredRoom } from '../../mapping/desired-room.ts';
import { joinRules } from '../../mapping/join-rules.ts';
import { isOwnUser } from '../../mapping/own-users.ts';
import { changesToRoom, type RoomChange } from '../../mapping/room-changes.ts';
import type { Bridge } from '../bridge.ts';

/** What is needed of the bridge. */
export type EndingAccess = Pick<Bridge, 'homeserver' | 'settings'>;

/** How long its members may still read: the resource may come back, and somebody may look. */
export const SECOND_LOOK_MS = 60 * 60_000;

/** A room that has lost its resource. */
export interface LostRoom {
  readonly reference: FhirReference;
  readonly roomId: RoomId;
  readonly madeBy: 'bridge' | 'user';
}

/** Ends the access to a room; running it again changes nothing. */
export async function endAccess(
  { homeserver, settings }: EndingAccess,
  room: LostRoom,
  phase: 'closed' | 'read-only',
  signal: AbortSignal,
): Promise<void> {
  const { bot } = settings;
  const { roomId } = room;
  for (const change of await changesFor({ homeserver, settings }, room, phase, signal)) {
    if (change.kind === 'put-state') await homeserver.putState(change.as, roomId, change.event, signal);
    if (change.kind === 'leave') await homeserver.leave(change.userId, roomId, signal);
    if (change.kind === 'kick') await homeserver.kick(bot, roomId, change.userId, signal);
  }
}

async function changesFor(
  { homeserver, settings }: EndingAccess,
  { reference, roomId, madeBy }: LostRoom,
  phase: 'closed' | 'read-only',
  signal: AbortSignal,
): Promise<readonly RoomChange[]> {
  const { bot, membership: policy } = settings;
  const actual = await homeserver.roomState(bot, roomId, signal);
  const changes = changesToRoom(bare(reference, phase), actual, {
    ...{ bot, madeBy, policy, base: new Set() },
    isOwn: (userId) => isOwnUser(settings, userId),
  });
  return phase === 'closed' ? changes : changes.filter(({ kind }) => kind === 'put-state');
}

/** The room without anything that only its resource says. */
function bare(reference: FhirReference, phase: DesiredRoom['phase']): DesiredRoom {
  const kind = typeOf(reference) === 'CareTeam' ? 'space' : 'conversation';
  const rules = { type: 'm.room.join_rules', state_key: '', content: joinRules(undefined) };
  return { reference, kind, phase, state: [rules], members: [], entry: { kind: 'invited' } };
}
