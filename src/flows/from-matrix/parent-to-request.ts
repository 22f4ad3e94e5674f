// A user invited the bridge to a room of theirs → it becomes a conversation by its parent, or the room of the resource in its alias.
import type { FhirReference, MatrixUserId, RoomAlias, RoomId } from '../../domain/ids.ts';
import { serverNameOf, typeOf } from '../../domain/ids.ts';
import { referenceOfAlias } from '../../mapping/aliases.ts';
import { powerIn } from '../../mapping/attainable-power.ts';
import { isBlank, spaceChild } from '../../mapping/desired-room.ts';
import { isOwnUser } from '../../mapping/own-users.ts';
import type { Attempt } from '../../inbox/item.ts';
import type { RoomState } from '../../matrix/room-state.ts';
import type { RoomRow } from '../../store/rooms.ts';
import type { Bridge } from '../bridge.ts';
import { convergeItem } from '../items/converge.ts';
import { refused, type FlowOutcome } from '../outcome.ts';
import { mayBring, saveAdoption } from './space-child-to-request.ts';
import type { StateChange } from './state-change.ts';

/**
 * A user who makes a room invites the bridge first and lists the room a moment later, and a tombstone may come after the
 * invitation to the next room: it is waited for so long.
 */
const LISTED_WITHIN = { attempts: 5, everyMs: 1_000 };
/** Parents of one room that are looked at. */
const MOST_PARENTS = 10;

/** A team's space that a room names, and who named it. */
interface Parent {
  readonly space: RoomRow & { readonly roomId: RoomId };
  readonly namedBy: MatrixUserId;
}

/**
 * Handles the invitation of the bot to a room that is nothing to the bridge. The state that says what it is can be read only
 * inside. Under the alias of a resource that has no room yet, it may become that one's. Else it has to name a team's space as its
 * parent, and be of someone who may list rooms there: the bridge does, and the bot's own join completes the rest, as with rooms
 * that a user listed. From all other rooms the bot leaves, unless within five seconds they are listed, or take the place of a
 * bridged room.
 * https://github.com/nuts-foundation/toepassing-instante-communicatie/blob/main/hackathon_june_2025/HACKATHON_GUIDE.md#step-21-conversation-rooms
 */
export async function invitedToRequest(
  bridge: Bridge,
  { room_id: roomId, sender, event_id: cause }: StateChange,
  { number, signal }: Attempt,
): Promise<FlowOutcome> {
  const { homeserver, settings } = bridge;
  if (
    settings.userMadeRooms === 'ignore' ||
    isOwnUser(settings, sender) ||
    !(await mayBring(bridge, sender, signal))
  )
    return { kind: 'ignored', reason: 'not-bridged' };
  if (!(await homeserver.joinThrough(settings.bot, roomId, [serverNameOf(sender)], signal)))
    return { kind: 'ignored', reason: 'room-not-open' };
  const state = await homeserver.roomState(settings.bot, roomId, signal);
  const named = await resourceNamedBy(bridge, roomId, state, signal);
  // Convergence looks whether it may be taken over, and leaves if not.
  if (named !== undefined) return { kind: 'done', next: [convergeItem(named, cause)] };
  const parent = await parentIn(bridge, state);
  if (parent === undefined && number <= LISTED_WITHIN.attempts)
    return { kind: 'later', afterMs: LISTED_WITHIN.everyMs };
  const isAllowed = parent !== undefined && (await mayList(bridge, parent, signal));
  if (!isAllowed) {
    await homeserver.leave(settings.bot, roomId, signal);
    return parent === undefined
      ? { kind: 'ignored', reason: 'not-bridged' }
      : refused('may-not-list', parent.namedBy, parent.space.reference);
  }
  const { space, namedBy } = parent;
  await homeserver.putState(settings.bot, space.roomId, spaceChild(roomId, settings.serverName), signal);
  await saveAdoption(bridge, { roomId, careTeam: space.reference, listedBy: namedBy }, cause);
  return { kind: 'done' };
}

async function resourceNamedBy(
  { store, db, homeserver, fhir, settings }: Bridge,
  roomId: RoomId,
  state: RoomState,
  signal: AbortSignal,
): Promise<FhirReference | undefined> {
  const alias = state.find(({ type }) => type === 'm.room.canonical_alias')?.content['alias'];
  if (typeof alias !== 'string') return undefined;
  const reference = referenceOfAlias(alias, settings);
  if (reference === undefined) return undefined;
  if ((await homeserver.resolveAlias(settings.bot, alias as RoomAlias, signal)) !== roomId) return undefined;
  if ((await store.rooms.findRoom(db, reference))?.roomId !== undefined) return undefined;
  return (await fhir.read(reference, signal)) === undefined ? undefined : reference;
}

async function parentIn({ store, db }: Bridge, state: RoomState): Promise<Parent | undefined> {
  const named = state.filter((event) => event.type === 'm.space.parent' && !isBlank(event));
  for (const { state_key: spaceId, sender } of named.slice(0, MOST_PARENTS)) {
    const use = await store.roomUses.findRoomUse(db, spaceId as RoomId);
    if (use.kind !== 'space' || use.isReplaced || use.room.roomId === undefined) continue;
    if (typeOf(use.room.reference) !== 'CareTeam') continue;
    return { space: { ...use.room, roomId: use.room.roomId }, namedBy: sender as MatrixUserId };
  }
  return undefined;
}

/** A parent counts only if its author may list rooms in it. https://spec.matrix.org/v1.19/client-server-api/#mspaceparent-relationships */
async function mayList(
  { homeserver, settings }: Bridge,
  { space, namedBy }: Parent,
  signal: AbortSignal,
): Promise<boolean> {
  const state = await homeserver.roomState(settings.bot, space.roomId, signal);
  const find = (type: string, key = '') =>
    state.find((event) => event.type === type && event.state_key === key);
  const isThere = find('m.room.member', namedBy)?.content['membership'] === 'join';
  const levels = find('m.room.power_levels')?.content;
  return isThere && powerIn(find('m.room.create'), levels, namedBy).sendState('m.space.child');
}
