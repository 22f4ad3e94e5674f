// A bridged room was upgraded (a tombstone names another in its place) → the bridge follows into the new one.
import type { FhirReference, MatrixUserId, RoomId } from '../../domain/ids.ts';
import { serverNameOf, typeOf } from '../../domain/ids.ts';
import { levelIn, roomVersionIn } from '../../mapping/attainable-power.ts';
import { readRoomFacts } from '../../mapping/matrix-to-fhir/room-request.ts';
import { isOwnUser } from '../../mapping/own-users.ts';
import { upgradeLevel } from '../../mapping/power-levels.ts';
import type { Attempt } from '../../inbox/item.ts';
import type { RoomState } from '../../matrix/room-state.ts';
import type { FormerRoom } from '../../store/former-rooms.ts';
import type { RoomRow } from '../../store/rooms.ts';
import type { Bridge } from '../bridge.ts';
import { convergeItems } from '../items/converge.ts';
import { noticeItem } from '../items/notice.ts';
import { releaseWaiting } from '../items/waiting.ts';
import { refused, type FlowOutcome } from '../outcome.ts';
import { createReadSet } from '../people/read-set.ts';
import { readRoomSpec } from '../structure/room-spec.ts';
import type { StateChange } from './state-change.ts';

const TAKE_BACK_AFTER_MS = 2_000;

/** Handles `m.room.tombstone`, which Matrix allows only to those with the power for it, the bridge to those who should have it. */
export async function tombstoneToRoom(
  bridge: Bridge,
  event: StateChange,
  room: RoomRow,
  attempt: Attempt,
): Promise<FlowOutcome> {
  const { store, db, homeserver, settings } = bridge;
  const { signal } = attempt;
  const replacement = event.content['replacement_room'];
  if (typeof replacement !== 'string' || !replacement.startsWith('!') || replacement === event.room_id)
    return { kind: 'ignored', reason: 'no-replacement' };
  const former: FormerRoom = {
    roomId: event.room_id,
    reference: room.reference,
    replacement: replacement as RoomId,
  };
  // Another resource's room cannot take the place of this one's.
  if ('room' in (await store.roomUses.findRoomUse(db, former.replacement)))
    return { kind: 'ignored', reason: 'replacement-taken' };
  const state = await homeserver.roomState(settings.bot, event.room_id, signal);
  if (!(await mayUpgrade(bridge, room, state, event.sender, signal)))
    return notFollowed(bridge, event, former, attempt);
  // Before joining: the bot's own join, or a later invitation, finds here what it is for.
  await store.formerRooms.saveFormerRoom(db, former);
  const servers = [...new Set([serverNameOf(event.sender), settings.serverName])];
  if (!(await homeserver.joinThrough(settings.bot, former.replacement, servers, signal)))
    return { kind: 'ignored', reason: 'replacement-not-open' };
  return followUpgrade(bridge, former, signal);
}

/**
 * Whether the care may be moved to another room by this user: by what FHIR says of them, or because the room is theirs.
 * Matrix asks for power alone, which another member may have given them, and in the next room its maker has all of it.
 */
export async function mayUpgrade(
  bridge: Bridge,
  { reference, madeBy }: Pick<RoomRow, 'reference' | 'madeBy'>,
  state: RoomState,
  userId: MatrixUserId,
  signal: AbortSignal,
): Promise<boolean> {
  const create = state.find(({ type }) => type === 'm.room.create');
  if (isOwnUser(bridge.settings, userId)) return true;
  if (levelIn(create, undefined, userId) === Number.POSITIVE_INFINITY) return true;
  if (madeBy === 'user' && create?.sender === userId) return true;
  const spec = await readRoomSpec(bridge, createReadSet(bridge.fhir, signal), reference, signal);
  const needed = upgradeLevel(roomVersionIn(create));
  return (spec?.people.members ?? []).some((member) => member.userId === userId && member.level >= needed);
}

/**
 * The alias is taken back, the bot leaves the room that is not followed, and who did it is told. A later tombstone by someone who
 * may is followed. Not at once: Synapse moves the aliases after the tombstone.
 */
async function notFollowed(
  bridge: Bridge,
  { room_id: roomId, sender: about }: StateChange,
  { reference, replacement }: FormerRoom,
  { number, signal }: Attempt,
): Promise<FlowOutcome> {
  if (number === 1) return { kind: 'later', afterMs: TAKE_BACK_AFTER_MS };
  await moveAlias(bridge, { reference, roomId: replacement, replacement: roomId }, signal);
  // Where the invitation to it came first, the bot is in it and waits.
  if ((await bridge.store.roomUses.findRoomUse(bridge.db, replacement)).kind === 'none')
    await bridge.homeserver.leave(bridge.settings.bot, replacement, signal);
  const notice = noticeItem({ roomId, about, reason: 'upgrade-not-followed' });
  return { ...refused('upgrade-not-allowed', about, reference), next: [notice] };
}

/**
 * Puts the replacement, in which the bot is, into the old room's place; running it again changes nothing.
 * @param listedIn spaces that list it, other than those that are linked to the old one
 */
export async function followUpgrade(
  bridge: Bridge,
  former: FormerRoom,
  signal: AbortSignal,
  listedIn: readonly FhirReference[] = [],
): Promise<FlowOutcome> {
  const { store, db, homeserver, settings } = bridge;
  const { reference, replacement, roomId } = former;
  const room = readRoomFacts(await homeserver.roomState(settings.bot, replacement, signal));
  const isSpace = typeOf(reference) === 'CareTeam';
  if (room.predecessor !== roomId || room.isSpace !== isSpace) {
    await homeserver.leave(settings.bot, replacement, signal);
    return {
      ...{ kind: 'ignored', reason: 'replacement-invalid' },
      record: (tx) => store.formerRooms.forgetFormerRoom(tx, roomId),
    };
  }
  await moveAlias(bridge, former, signal);
  const linked = await store.formerRooms.findLinked(db, reference);
  return {
    kind: 'done',
    record: (tx) => store.formerRooms.saveFollowed(tx, former),
    next: async (tx) => [
      ...convergeItems([...new Set([reference, ...linked, ...listedIn])], replacement),
      ...(await releaseWaiting(store, tx, [replacement], `followed ${roomId}`)),
    ],
  };
}

/** Synapse moves aliases with an upgrade by itself; other ways to upgrade leave them behind. */
async function moveAlias(
  { store, db, homeserver, settings: { bot } }: Bridge,
  { reference, roomId, replacement }: FormerRoom,
  signal: AbortSignal,
): Promise<void> {
  const row = await store.rooms.findRoom(db, reference);
  if (row === undefined) return;
  const target = await homeserver.resolveAlias(bot, row.alias, signal);
  if (target !== undefined && target !== roomId) return;
  if (target === roomId) await homeserver.deleteAlias(bot, row.alias, signal);
  await homeserver.createAlias(bot, row.alias, replacement, signal);
}
