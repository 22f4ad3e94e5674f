// One room of a person who is forgotten: what their ghosts said in it where that is wanted, what tells who they are, and their being there.
import { typeOf, type FhirReference, type RoomId } from '../../domain/ids.ts';
import type { Attempt } from '../../inbox/item.ts';
import type { Forgetting } from '../../store/forgettings.ts';
import type { Bridge } from '../bridge.ts';
import { forgetPersonItem, forgetRoomItem, type ForgetRoomItem } from '../items/forget-room.ts';
import type { FlowOutcome } from '../outcome.ts';
import { redactEach, type Redacting } from './redact-each.ts';
import { tellingEvents, type Sought } from './telling-events.ts';

/** How many messages are redacted before others of the room have their turn. */
const AT_ONCE = 50;

/** What it is done with. */
export type ForgettingRoom = Pick<Bridge, 'db' | 'homeserver' | 'settings' | 'store'>;

/**
 * Handles it. Each redaction has an id of its own, so that one that is repeated within a day is the same; after that, it changes
 * nothing any more.
 */
export async function forgetRoom(
  bridge: ForgettingRoom,
  item: ForgetRoomItem,
  { signal }: Attempt,
): Promise<FlowOutcome> {
  const { db, store } = bridge;
  const { forgetting: id, roomId, cause } = item;
  const known = await store.forgettings.find(db, id);
  if (known === undefined || known.endedAt !== undefined) return { kind: 'ignored', reason: 'superseded' };
  const place = await placeIn(bridge, known, roomId, signal);
  const more = place && item.redacts ? await redactSome(bridge, item, place, signal) : undefined;
  if (more !== undefined) return more;
  const gone = place && (await forgetPresence(bridge, place, signal));
  const result = {
    events: gone?.redacted ?? 0,
    refused: gone?.refused ?? 0,
    outOfReach: place === undefined,
  };
  return {
    kind: 'done',
    next: async (tx) =>
      (await store.forgettings.endRoom(tx, id, roomId, result))
        ? [forgetPersonItem({ forgetting: id, cause })]
        : [],
  };
}

/** A room as one of the bridge's users sees it. */
type Place = Redacting & Sought;

/** Seen by the bot, or by a ghost that others invited; undefined where nobody of the bridge is in the room any more. */
async function placeIn(
  { db, homeserver, settings, store }: ForgettingRoom,
  { ghosts, people }: Pick<Forgetting, 'ghosts' | 'people'>,
  roomId: RoomId,
  signal: AbortSignal,
): Promise<Place | undefined> {
  // As one whose account is deactivated nothing can be asked.
  const registered = [...(await store.ghosts.findGhosts(db, ghosts)).keys()];
  for (const viewer of [settings.bot, ...registered]) {
    if (!(await homeserver.isJoined(viewer, roomId, signal))) continue;
    return { roomId, viewer, registered, ghosts, formerNames: people.some(isProfessional) };
  }
  return undefined;
}

function isProfessional(person: FhirReference): boolean {
  return ['Practitioner', 'PractitionerRole'].includes(typeOf(person));
}

/** @returns what goes on with the next messages; undefined where there are none left */
async function redactSome(
  { db, homeserver, store }: ForgettingRoom,
  item: ForgetRoomItem,
  place: Place,
  signal: AbortSignal,
): Promise<FlowOutcome | undefined> {
  const { forgetting, roomId } = item;
  const after = await store.forgettings.findRedactedTo(db, forgetting, roomId);
  const sent = await store.messageLinks.findSentBy(db, roomId, place.ghosts, { after, limit: AT_ONCE });
  const last = sent.at(-1);
  if (last === undefined) return undefined;
  const events = sent.map(({ eventId, sender }) => ({ eventId, sender }));
  const { redacted, refused } = await redactEach(homeserver, place, events, signal);
  const counted = { to: last.id, messages: redacted, refused };
  return {
    kind: 'done',
    record: (tx) => store.forgettings.saveRedacted(tx, forgetting, roomId, counted),
    next: [forgetRoomItem({ ...item, part: item.part + 1 })],
  };
}

/** Before they leave: who is not in a room cannot redact in it. */
async function forgetPresence(
  { homeserver }: ForgettingRoom,
  place: Place,
  signal: AbortSignal,
): Promise<{ readonly redacted: number; readonly refused: number }> {
  const { roomId, registered } = place;
  const events = await tellingEvents(homeserver, place, signal);
  const done = await redactEach(homeserver, place, events, signal);
  for (const ghost of registered) await homeserver.leave(ghost, roomId, signal);
  return done;
}
